/** undici's own `request`, through a dispatcher that retries. */
import { getRetryStatistics } from '@tenax/core';
import type { RetryOptions } from '@tenax/core';
import { RetryDispatcher } from '@tenax/undici-dispatcher';
import { Agent, request } from 'undici';

import type { Client } from './client.ts';

/** A dispatcher that retries. */
export function createUndiciClient(options: RetryOptions): Client {
  // Connections that are not used any more end soon, so that the program does too.
  const dispatcher = new RetryDispatcher(new Agent({ keepAliveTimeout: 100 }), options);
  return {
    engine: dispatcher.engine,
    send: async (url, { headers, method, signal }) => {
      const { body, context, statusCode } = await request(url, { dispatcher, method, headers, signal });
      return {
        status: statusCode,
        ok: statusCode >= 200 && statusCode < 300,
        statistics: getRetryStatistics(context),
        readBody: async () => (await body.arrayBuffer()).byteLength,
      };
    },
  };
}
