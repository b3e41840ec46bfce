/** Retries as an interceptor of undici. */

import { createClientEngine } from '@tenax/core';
import type { RetryEngine, RetryOptions } from '@tenax/core';

import { dispatchWithRetries } from './dispatch-with-retries.ts';
import type { Dispatch } from './protocol.ts';

/** An interceptor with its engine. */
export interface RetryInterceptor {
  (dispatch: Dispatch): Dispatch;
  /** The engine behind it, with its policy and its statistics. */
  readonly engine: RetryEngine;
}

/**
 * Makes an interceptor that retries, for `compose` of any dispatcher of undici 7 or 8.
 *
 * @throws RetryConfigError for an unknown option, a wrong value, or a pair that can't hold together
 *
 * @example
 * const agent = new Agent().compose(retryInterceptor({ maxAttempts: 5 }));
 * const { statusCode, context } = await request('https://api.example.com/', { dispatcher: agent });
 * getRetryStatistics(context)?.attempts.length; // 1
 */
export function retryInterceptor(options?: RetryOptions): RetryInterceptor {
  const engine = createClientEngine(options);
  const intercept =
    (dispatch: Dispatch): Dispatch =>
    // compose counts the parameters.
    (dispatchOptions, handler) =>
      dispatchWithRetries(engine, dispatch, dispatchOptions, handler);
  return Object.assign(intercept, { engine });
}
