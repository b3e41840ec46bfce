/** Statistics of requests whose callers get no context, such as those of fetch. */

import { AsyncLocalStorage } from 'node:async_hooks';

import { RetryConfigError } from '@tenax/core';
import type { RequestStatistics } from '@tenax/core';

/** Where the requests of a piece of code leave their statistics. */
export class Capture {
  readonly statistics: RequestStatistics[] = [];
  readonly #outer: Capture | undefined;

  constructor(outer: Capture | undefined) {
    this.#outer = outer;
  }

  add(statistics: RequestStatistics): void {
    this.statistics.push(statistics);
    this.#outer?.add(statistics);
  }
}

/** What the code gave, and what its requests took. */
export interface Captured<T> {
  readonly value: T;
  /** One for each request that has ended, in the order of their ends. */
  readonly statistics: readonly RequestStatistics[];
}

const captures = new AsyncLocalStorage<Capture>();
let active = 0;

/** The capture that a request belongs to. Costs next to nothing while there is none. */
export function currentCapture(): Capture | undefined {
  return active === 0 ? undefined : captures.getStore();
}

/**
 * Collects the statistics of the requests that are made inside `run`, in whatever it calls and awaits: those of fetch
 * with `installGlobalRetry`, and those of every dispatcher of this package.
 *
 * @param run gets the list as it grows, which is of use when it throws
 * @throws what `run` throws, and RetryConfigError for what is no function
 *
 * @example
 * const { value, statistics } = await captureRetryStatistics(async () => {
 *   const response = await fetch('https://api.example.com/');
 *   return response.json();
 * });
 * statistics[0]?.attempts.length; // 1
 */
export async function captureRetryStatistics<T>(
  run: (statistics: readonly RequestStatistics[]) => T | PromiseLike<T>,
): Promise<Captured<T>> {
  if (typeof run !== 'function') {
    throw new RetryConfigError('run', run, 'a function that makes the requests');
  }
  const capture = new Capture(captures.getStore());
  active += 1;
  try {
    const value = await captures.run(capture, () => run(capture.statistics));
    return { value, statistics: [...capture.statistics] };
  } finally {
    active -= 1;
  }
}
