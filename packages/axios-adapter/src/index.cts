/**
 * The types of `@tenax/axios-adapter` for TypeScript that is compiled to CommonJS: axios has other ones there. What runs is
 * the same module.
 */

import type { RequestStatistics, RetryEngine, RetryOptions, RetryOverride } from '@tenax/core' with {
  'resolution-mode': 'import',
};
import type { AxiosInstance, InternalAxiosRequestConfig } from 'axios';

import type { RetryHandle } from './attach-retry.ts' with { 'resolution-mode': 'import' };

export type { RetryHandle };

/** A request interceptor with its engine. */
export interface RetryInterceptor {
  (config: InternalAxiosRequestConfig): InternalAxiosRequestConfig;
  /** The engine behind it, with its policy and its statistics. */
  readonly engine: RetryEngine;
}

/**
 * Makes an axios instance retry. Instances that `instance.create()` makes from it do not.
 *
 * @throws RetryConfigError for wrong options, for what is no axios instance, and for one that has retries already
 *
 * @example
 * const instance = axios.create({ baseURL: 'https://api.example.com' });
 * attachRetry(instance, { maxAttempts: 5 });
 * const response = await instance.get('/users', { retry: { maxAttempts: 2 } });
 * response.retry?.attempts.length; // 1, or 2
 */
export declare function attachRetry(instance: AxiosInstance, options?: RetryOptions): RetryHandle;

/**
 * Makes a request interceptor that retries, to be registered by hand. `attachRetry` registers one that costs less per
 * request, and can take it back.
 *
 * @throws RetryConfigError for an unknown option, a wrong value, or a pair that can't hold together
 *
 * @example
 * instance.interceptors.request.use(retryInterceptor({ maxAttempts: 5 }), null, { synchronous: true });
 */
export declare function retryInterceptor(options?: RetryOptions): RetryInterceptor;

// `error.retry` is there too, but the types of axios for CommonJS can't be told: `getRetryStatistics(error)` has them.
declare module 'axios' {
  interface AxiosRequestConfig {
    /** Retry options for this request in place of the instance's, or `false` for a single attempt. */
    retry?: RetryOverride | undefined;
  }
  interface AxiosResponse {
    /** What it took to get this response. Not enumerable. */
    readonly retry?: RequestStatistics | undefined;
  }
}
