import { createRetryEngine } from '../src/engine.ts';
import type { RetryEngine } from '../src/engine.ts';
import type { RetryOptions } from '../src/options.ts';
import { seededRandom } from '../src/testing/seeded-random.ts';
import { virtualClock } from '../src/testing/virtual-clock.ts';
import type { VirtualClock } from '../src/testing/virtual-clock.ts';

/** An engine whose time stands still until a test moves it, with waits of exactly 100, 200, 400 … ms. */
export function virtualEngine(options: RetryOptions = {}): { clock: VirtualClock; engine: RetryEngine } {
  const clock = virtualClock();
  const engine = createRetryEngine({
    clock,
    random: seededRandom(1),
    jitter: 'none',
    ...options,
  } as RetryOptions);
  return { clock, engine };
}

/** What a promise rejects with; a promise that is fulfilled fails the test. */
export async function rejectionOf(promise: PromiseLike<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`The promise was fulfilled with ${String(value)}, and should have been rejected`);
}

/** An operation that never ends and takes no notice of its signal. */
export function neverSettles<T = never>(): Promise<T> {
  return new Promise<T>(() => undefined);
}

/** An error with a code, as Node makes them. */
export function codedError(code: string): Error {
  return Object.assign(new Error(`it ended with ${code}`), { code });
}

export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

/** A promise that is settled from outside. */
export function deferred<T>(): Deferred<T> {
  let settle: Pick<Deferred<T>, 'resolve' | 'reject'> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle! };
}
