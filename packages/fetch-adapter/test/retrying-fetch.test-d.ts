import type { RetryEngine } from '@tenax/core';
import { expectTypeOf } from 'vitest';

import { createRetryingFetch, retryingFetch } from '../src/index.ts';

// A drop-in: whoever takes a fetch takes it.
expectTypeOf(createRetryingFetch()).toExtend<typeof fetch>();
expectTypeOf(retryingFetch).toExtend<(url: string) => Promise<Response>>();
expectTypeOf(createRetryingFetch().engine).toEqualTypeOf<RetryEngine>();
createRetryingFetch({ fetch, maxAttempts: 5, jitter: 'equal' });

// Per request.
expectTypeOf(retryingFetch('https://example.com', { retry: { maxAttempts: 5 } })).toEqualTypeOf<
  Promise<Response>
>();
void retryingFetch(new URL('https://example.com'), {
  retry: false,
  method: 'PUT',
  body: 'x',
  duplex: 'half',
});
// @ts-expect-error an unknown option
void retryingFetch('https://example.com', { retry: { retries: 5 } });
// @ts-expect-error true says nothing
void retryingFetch('https://example.com', { retry: true });
// @ts-expect-error a fetch is a function
createRetryingFetch({ fetch: 'node' });
