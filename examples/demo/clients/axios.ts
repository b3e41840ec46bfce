/** An axios instance. */
import { attachRetry } from '@tenax/axios-adapter';
import type { RequestStatistics, RetryOptions } from '@tenax/core';
import { create, isAxiosError } from 'axios';
import type { AxiosResponse } from 'axios';

import type { Answer, Client } from './client.ts';

/** An instance with retries attached. */
export function createAxiosClient(options: RetryOptions): Client {
  // Without a proxy of the environment's, as fetch sends: it would not reach a server that is started here.
  const instance = create({ responseType: 'arraybuffer', proxy: false });
  const { engine } = attachRetry(instance, options);
  return {
    engine,
    send: async (url, request) => {
      try {
        const response = await instance.request<ArrayBuffer>({ url, ...request });
        return answer(response, true, response.retry);
      } catch (error) {
        // A status that validateStatus refuses is an answer too. A body that broke off has left no data.
        if (!isAxiosError<ArrayBuffer>(error) || !error.response?.data) throw error;
        return answer(error.response, false, error.retry);
      }
    },
  };
}

function answer(
  { data, status }: AxiosResponse<ArrayBuffer>,
  ok: boolean,
  statistics: RequestStatistics | undefined,
): Answer {
  return { status, ok, statistics, readBody: () => Promise.resolve(data.byteLength) };
}
