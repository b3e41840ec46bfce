// Compiled to CommonJS, where axios has types of its own. That it compiles is the test.
import { attachRetry, retryInterceptor } from '@tenax/axios-adapter';
import type { RetryHandle } from '@tenax/axios-adapter';
import type { RequestStatistics } from '@tenax/core';
import { create } from 'axios';

const instance = create();
const handle: RetryHandle = attachRetry(instance, { maxAttempts: 5 });
const other = create();
other.interceptors.request.use(retryInterceptor(), null, { synchronous: true });

export async function getUsers(): Promise<RequestStatistics | undefined> {
  const { retry } = await instance.get('/users', { retry: { maxAttempts: 2 } });
  await instance.get('/users', { retry: false });
  return retry;
}

export async function refusals(): Promise<void> {
  // @ts-expect-error: the names of options are checked here too
  await instance.get('/users', { retry: { maxAttempt: 2 } });
  // @ts-expect-error: not an instance
  attachRetry({});
  handle.detach();
}
