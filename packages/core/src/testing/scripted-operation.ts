/** An operation that ends as a test wants it to. */

import type { AttemptContext } from '../exchange.ts';

/** An operation that plays a script, one step an attempt. */
export interface ScriptedOperation<T> {
  (attempt: AttemptContext): Promise<T>;
  /** How often it was called. */
  readonly calls: number;
}

/**
 * An operation that ends its first attempt with the first step, its second with the second, and so on: an `Error`
 * is thrown, a function is called with the attempt, anything else is returned.
 *
 * @throws RangeError when it is called more often than the script has steps
 *
 * @example
 * const operation = scriptedOperation([new Error('once'), 'done']);
 * await engine.execute(operation); // 'done'
 * operation.calls; // 2
 */
export function scriptedOperation<T>(
  steps: readonly (T | Error | ((attempt: AttemptContext) => T | PromiseLike<T>))[],
): ScriptedOperation<T> {
  let calls = 0;
  const operation = async (attempt: AttemptContext): Promise<T> => {
    calls += 1;
    if (calls > steps.length) {
      throw new RangeError(`The script has ${steps.length} steps, and this is call number ${calls}`);
    }
    const step = steps[calls - 1] as T | Error | ((attempt: AttemptContext) => T | PromiseLike<T>);
    if (step instanceof Error) throw step;
    return typeof step === 'function'
      ? (step as (attempt: AttemptContext) => T | PromiseLike<T>)(attempt)
      : step;
  };
  return Object.defineProperty(operation, 'calls', { get: () => calls }) as unknown as ScriptedOperation<T>;
}
