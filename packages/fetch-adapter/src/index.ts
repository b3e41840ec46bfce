/** `@tenax/fetch-adapter`: a drop-in `fetch` that retries. */

export type { Fetch, RetryingRequestInit } from './fetch-exchange.ts';
export { createRetryingFetch, retryingFetch } from './retrying-fetch.ts';
export type { RetryingFetch, RetryingFetchOptions } from './retrying-fetch.ts';
