// A server and global retries for as long as a case runs. Node 22 has no `using`.
import type { RetryOptions } from '@tenax/core';
import { installGlobalRetry, type GlobalRetry } from '@tenax/undici-dispatcher';

import {
  flakyServer,
  type Answer,
  type FlakyServer,
} from '../../../fetch-adapter/test/servers/flaky-server.ts';

/** Each promise by its name. */
export type Cases = Readonly<Record<string, () => Promise<void>>>;

/** Short waits, so that nobody waits for them. */
export const quick = { baseDelay: 1, throttledBaseDelay: 1 };

export async function withServer<T>(answers: Answer[], use: (server: FlakyServer) => Promise<T>): Promise<T> {
  const server = await flakyServer(...answers);
  try {
    return await use(server);
  } finally {
    await server[Symbol.asyncDispose]();
  }
}

export async function withRetries<T>(
  answers: Answer[],
  use: (server: FlakyServer, retries: GlobalRetry) => Promise<T>,
  options: RetryOptions = {},
): Promise<T> {
  const retries = installGlobalRetry({ ...quick, ...options });
  try {
    return await withServer(answers, (server) => use(server, retries));
  } finally {
    retries.restore();
  }
}

/** A port that nobody listens on. */
export async function refusedUrl(): Promise<string> {
  return withServer([], ({ url }) => Promise.resolve(url));
}
