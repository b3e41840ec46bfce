/** The three adapters behind one face, for what is shown of all of them. */

import { attachRetry } from '@tenax/axios-adapter';
import type { RetryOptions } from '@tenax/core';
import { createRetryingFetch } from '@tenax/fetch-adapter';
import { RetryDispatcher } from '@tenax/undici-dispatcher';
import { create, isAxiosError } from 'axios';
import { Agent, request } from 'undici';

/** Sends requests through one adapter. */
export interface Client {
  /** The status of the answer. Rejects with whatever is no answer. */
  get(url: string): Promise<number>;
  close(): Promise<void>;
}

function fetchClient(options: RetryOptions): Client {
  const send = createRetryingFetch(options);
  return {
    get: async (url) => {
      const response = await send(url);
      await response.text();
      return response.status;
    },
    close: () => Promise.resolve(),
  };
}

function axiosClient(options: RetryOptions): Client {
  const instance = create();
  const handle = attachRetry(instance, options);
  return {
    get: async (url) => {
      try {
        return (await instance.get(url)).status;
      } catch (error) {
        if (isAxiosError(error) && error.response) return error.response.status;
        throw error;
      }
    },
    close: () => {
      handle.detach();
      return Promise.resolve();
    },
  };
}

function undiciClient(options: RetryOptions): Client {
  const dispatcher = new RetryDispatcher(new Agent(), options);
  return {
    get: async (url) => {
      const { body, statusCode } = await request(url, { dispatcher });
      await body.dump();
      return statusCode;
    },
    close: () => dispatcher.close(),
  };
}

/** One maker an adapter. */
export const CLIENTS: Readonly<Record<string, (options: RetryOptions) => Client>> = {
  fetch: fetchClient,
  axios: axiosClient,
  undici: undiciClient,
};
