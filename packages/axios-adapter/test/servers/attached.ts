import type { RetryOptions } from '@tenax/core';
import axios, { create } from 'axios';
import type {
  AxiosError,
  AxiosInstance,
  AxiosStatic,
  CancelToken,
  CancelTokenSource,
  CreateAxiosDefaults,
} from 'axios';

import { attachRetry } from '../../src/index.ts';

/** The adapters of axios that Node has. */
export const ADAPTERS = ['http', 'fetch'] as const;

// The types give what follows to the default export alone.
const client: AxiosStatic = axios;

/** Whether these tests run on the oldest axios that is supported. */
export const onOldest = client.VERSION === '1.7.0';

/** A CancelToken and what cancels it. */
export const cancelSource = (): CancelTokenSource => client.CancelToken.source();

/** A field that the types of axios do not know. */
const LISTENERS = '_listeners';

/** How many listeners a token has. */
export const listenersOf = (token: CancelToken): number =>
  (token as { [LISTENERS]?: unknown[] | null })[LISTENERS]?.length ?? 0;

/** Waits that cost a turn, no more. */
export const AT_ONCE = { baseDelay: 0, throttledBaseDelay: 0 } as const satisfies RetryOptions;

/** An instance that retries at once. */
export function attached(options: RetryOptions = {}, defaults: CreateAxiosDefaults = {}): AxiosInstance {
  const instance = create(defaults);
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
