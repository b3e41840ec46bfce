// What `tsc` has to accept and refuse.
import type { RequestStatistics, RetryEngine } from '@tenax/core';
import axios, { create, isAxiosError } from 'axios';
import type { AxiosResponse } from 'axios';

import { attachRetry, retryInterceptor } from '../src/index.ts';

const instance = create({ retry: { maxAttempts: 5 } });
const handle = attachRetry(instance, { maxAttempts: 5 });
handle.engine satisfies RetryEngine;
handle satisfies Disposable;
instance.interceptors.request.use(retryInterceptor({ timeout: 1000 }), null, { synchronous: true });
// @ts-expect-error an unknown option
attachRetry(instance, { retries: 5 });
// @ts-expect-error no instance
attachRetry({});

export async function requests(): Promise<void> {
  const response = await axios.get<{ a: number }>('/', { retry: { maxAttempts: 5 } });
  response satisfies AxiosResponse<{ a: number }>;
  response.retry satisfies RequestStatistics | undefined;
  await instance.post('/', {}, { retry: false });
  await instance.get('/', { retry: undefined });
  // @ts-expect-error true says nothing
  await axios.get('/', { retry: true });
  // @ts-expect-error an unknown option
  await axios.get('/', { retry: { attempts: 5 } });
  // @ts-expect-error no string
  await axios.get('/', { retry: { maxAttempts: '5' } });
  // @ts-expect-error not for callers to set
  response.retry = undefined;
}

export function statisticsOf(error: unknown): RequestStatistics | undefined {
  return isAxiosError(error) ? error.retry : undefined;
}
