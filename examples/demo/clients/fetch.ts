/** A drop-in `fetch`. */
import { getRetryStatistics } from '@tenax/core';
import type { RetryOptions } from '@tenax/core';
import { createRetryingFetch } from '@tenax/fetch-adapter';

import type { Client } from './client.ts';

/** A fetch that retries. */
export function createFetchClient(options: RetryOptions): Client {
  const fetch = createRetryingFetch(options);
  return {
    engine: fetch.engine,
    send: async (url, request) => {
      const response = await fetch(url, request);
      return {
        status: response.status,
        ok: response.ok,
        statistics: getRetryStatistics(response),
        readBody: async () => (await response.arrayBuffer()).byteLength,
      };
    },
  };
}
