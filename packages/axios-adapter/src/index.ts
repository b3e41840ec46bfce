/** `@tenax/axios-adapter`: retries for an axios instance, and what axios' own types learn of them. */

import type { RequestStatistics, RetryOverride } from '@tenax/core';

export { attachRetry } from './attach-retry.ts';
export type { RetryHandle } from './attach-retry.ts';
export { retryInterceptor } from './retry-interceptor.ts';
export type { RetryInterceptor } from './retry-interceptor.ts';

declare module 'axios' {
  interface AxiosRequestConfig {
    /** Retry options for this request in place of the instance's, or `false` for a single attempt. */
    retry?: RetryOverride | undefined;
  }
  interface AxiosResponse {
    /** What it took to get this response. Not enumerable. */
    readonly retry?: RequestStatistics | undefined;
  }
  interface AxiosError {
    /** What was tried before this error. Not enumerable. */
    readonly retry?: RequestStatistics | undefined;
  }
}
