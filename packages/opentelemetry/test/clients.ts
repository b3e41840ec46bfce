// The clients that retry, with one way to send a request.
import { Agent as HttpAgent } from 'node:http';

import { attachRetry } from '@tenax/axios-adapter';
import type { RetryEngine, RetryOptions } from '@tenax/core';
import { createRetryingFetch } from '@tenax/fetch-adapter';
import { retryInterceptor } from '@tenax/undici-dispatcher';
import { create, isAxiosError } from 'axios';
import { Agent, request } from 'undici';

/** A request. */
export interface Sent {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

/** A client that retries, and reads every body to its end. */
export interface OpenClient extends AsyncDisposable {
  readonly engine: RetryEngine;
  /** The status that the caller gets in the end. */
  send(sent: Sent): Promise<number>;
}

/** The options of Tenax, and of the client. */
type Options = RetryOptions & { readonly maxConnections?: number };

type Open = (options?: Options) => OpenClient;

/** Waits that cost a turn, no more. */
const AT_ONCE = { baseDelay: 0, throttledBaseDelay: 0 } as const satisfies RetryOptions;

const openFetch: Open = (given = {}) => {
  // The built-in fetch has no limit.
  const { maxConnections: _, ...options } = given;
  const fetch = createRetryingFetch({ ...AT_ONCE, ...options });
  return {
    engine: fetch.engine,
    async send({ url, ...init }) {
      const response = await fetch(url, init);
      await response.text();
      return response.status;
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
};

const openAxios =
  (adapter: 'http' | 'fetch'): Open =>
  ({ maxConnections = Infinity, ...options } = {}) => {
    const httpAgent = new HttpAgent({ keepAlive: true, maxSockets: maxConnections });
    const instance = create({ adapter, httpAgent });
    const { engine } = attachRetry(instance, { ...AT_ONCE, ...options });
    return {
      engine,
      async send(sent) {
        try {
          return (await instance.request(sent)).status;
        } catch (error) {
          if (isAxiosError(error) && error.response) return error.response.status;
          throw error;
        }
      },
      async [Symbol.asyncDispose]() {
        httpAgent.destroy();
        await Promise.resolve();
      },
    };
  };

const openUndici: Open = ({ maxConnections, ...options } = {}) => {
  const agent = new Agent({ ...(maxConnections !== undefined && { connections: maxConnections }) });
  const interceptor = retryInterceptor({ ...AT_ONCE, ...options });
  const dispatcher = agent.compose(interceptor);
  return {
    engine: interceptor.engine,
    async send({ method = 'GET', url, ...rest }) {
      const { body, statusCode } = await request(url, { ...rest, method: method as 'GET', dispatcher });
      await body.text();
      return statusCode;
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
};

/** Every adapter, by name. */
export const CLIENTS: readonly (readonly [name: string, open: Open])[] = [
  ['fetch', openFetch],
  ['axios over http', openAxios('http')],
  ['axios over fetch', openAxios('fetch')],
  ['undici', openUndici],
];
