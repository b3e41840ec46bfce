/** The platform's own `fetch`, with retries in the global dispatcher. */
import type { RetryOptions } from '@tenax/core';
import { captureRetryStatistics, installGlobalRetry } from '@tenax/undici-dispatcher';

import type { Client } from './client.ts';

/** The `fetch` that every program has. */
export function createGlobalFetchClient(options: RetryOptions): Client {
  const retries = installGlobalRetry(options);
  return {
    engine: retries.dispatcher.engine,
    close: () => {
      retries.restore();
    },
    send: async (url, request) => {
      try {
        const { statistics, value } = await captureRetryStatistics(() => fetch(url, request));
        return {
          status: value.status,
          ok: value.ok,
          statistics: statistics.at(-1),
          readBody: async () => (await value.arrayBuffer()).byteLength,
        };
      } catch (error) {
        // "fetch failed" names its reason as the cause, which has the statistics.
        throw (error as Error).cause ?? error;
      }
    },
  };
}
