/** Statistics beside a result: found by identity, so that frozen and foreign objects can have them too. */

import { completeError, RetryError } from './errors.ts';
import type { Operation } from './operation.ts';
import type { RequestStatistics } from './record.ts';

const operations = new WeakMap<object, Operation>();

/** Remembers the operation that ended with `result`; nothing for what is no object. */
export function attachStatistics(result: unknown, operation: Operation): void {
  if ((typeof result === 'object' && result !== null) || typeof result === 'function') {
    operations.set(result, operation);
    if (result instanceof RetryError) completeError(result, operation.statistics(epochOffset(operation)));
  }
}

/** Epoch ms minus monotonic ms, now. */
export function epochOffset({ policy }: Operation): number {
  return policy.clock.epoch() - policy.clock.now();
}

/**
 * The statistics of the operation that ended with this response, error or result: every attempt, its outcome and why
 * it was followed by another. `undefined` for an object that no operation of Tenax ended with. A `response.clone()`
 * is another object; ask for the original's.
 *
 * @example
 * const response = await retryingFetch('https://api.example.com/');
 * getRetryStatistics(response)?.attempts.length; // 1
 */
export function getRetryStatistics(responseOrErrorOrResult: object): RequestStatistics | undefined {
  const operation = operations.get(responseOrErrorOrResult);
  return operation?.statistics(epochOffset(operation));
}
