import type { RetryOptions } from '@tenax/core';
import axios from 'axios';
import type { AxiosError, AxiosInstance, CreateAxiosDefaults } from 'axios';

import { attachRetry } from '../../src/index.ts';

/** The adapters of axios that Node has. */
export const ADAPTERS = ['http', 'fetch'] as const;

/** Waits that cost a turn, no more. */
export const AT_ONCE = { baseDelay: 0, throttledBaseDelay: 0 } as const satisfies RetryOptions;

/** An instance that retries at once. */
export function attached(options: RetryOptions = {}, defaults: CreateAxiosDefaults = {}): AxiosInstance {
  const instance = axios.create(defaults);
  attachRetry(instance, { ...AT_ONCE, ...options });
  return instance;
}

/** The error that a request ends with. */
export async function failureOf(request: Promise<unknown>): Promise<AxiosError> {
  const ended = await request.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (ended === undefined) throw new Error('The request succeeded');
  return ended as AxiosError;
}
