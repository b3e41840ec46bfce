/** `@tenax/undici-dispatcher`: retries for undici 7 and 8, and for Node's built-in fetch. */

import type { RetryOverride } from '@tenax/core';

export { captureRetryStatistics } from './capture-statistics.ts';
export type { Captured } from './capture-statistics.ts';
export { installGlobalRetry } from './install-global-retry.ts';
export type { GlobalRetry } from './install-global-retry.ts';
export { RetryDispatcher } from './retry-dispatcher.ts';
export { retryInterceptor } from './retry-interceptor.ts';
export type { RetryInterceptor } from './retry-interceptor.ts';

declare module 'undici' {
  namespace Dispatcher {
    interface DispatchOptions {
      /** Retry options for this request in place of the dispatcher's, or `false` for a single attempt. */
      retry?: RetryOverride | undefined;
    }
  }
}
