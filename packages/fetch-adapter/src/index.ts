/** `@tenax/fetch-adapter`: a drop-in `fetch` that retries. */

export { createRetryingFetch, retryingFetch } from './retrying-fetch.ts';
export type { RetryingFetch, RetryingFetchOptions, RetryingRequestInit } from './retrying-fetch.ts';
