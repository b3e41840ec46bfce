/** A request interceptor that puts retries below all interceptors and transforms: around the adapter. */

import { createClientEngine } from '@tenax/core';
import type { RetryEngine, RetryOptions } from '@tenax/core';
import type { InternalAxiosRequestConfig } from 'axios';

import { copyOf } from './attempt-config.ts';
import { guardAdapter } from './retrying-adapter.ts';

/** A request interceptor with its engine. */
export interface RetryInterceptor {
  (config: InternalAxiosRequestConfig): InternalAxiosRequestConfig;
  /** The engine behind it, with its policy and its statistics. */
  readonly engine: RetryEngine;
}

/**
 * Makes a request interceptor that retries, to be registered by hand. `attachRetry` registers one that costs less per
 * request, and can take it back.
 *
 * @throws RetryConfigError for an unknown option, a wrong value, or a pair that can't hold together
 *
 * @example
 * instance.interceptors.request.use(retryInterceptor({ maxAttempts: 5 }), null, { synchronous: true });
 */
export function retryInterceptor(options?: RetryOptions): RetryInterceptor {
  return interceptorOf(createClientEngine(options), guardAdapter);
}

/** An interceptor that gives each config an adapter which retries. */
export function interceptorOf(
  engine: RetryEngine,
  place: (config: InternalAxiosRequestConfig, engine: RetryEngine) => void,
): RetryInterceptor {
  const intercept = (config: InternalAxiosRequestConfig): InternalAxiosRequestConfig => {
    // axios sends a copy of a config that an interceptor has frozen or sealed.
    const own = Object.isExtensible(config) ? config : copyOf(config);
    place(own, engine);
    return own;
  };
  return Object.assign(intercept, { engine });
}
