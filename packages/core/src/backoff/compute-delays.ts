/** The waits of a policy, without sending anything. */

import type { Random } from '../clock.ts';
import { RetryConfigError } from '../errors.ts';
import type { RetryOptions } from '../options.ts';
import { resolvePolicy } from '../policy.ts';
import { nextDelay } from './delay.ts';

/**
 * The waits in ms that a policy would make between `attempts` failing attempts: one less than the attempts.
 *
 * @param random the policy's own unless given
 * @throws RetryConfigError for wrong options, for attempts that are no whole number of at least 1, or for a `random` that
 * is no function
 *
 * @example
 * computeDelays({ jitter: 'none' }, 5); // [100, 200, 400, 800]
 */
export function computeDelays(options: RetryOptions, attempts: number, random?: Random): number[] {
  if (!Number.isSafeInteger(attempts) || attempts < 1) {
    throw new RetryConfigError('attempts', attempts, 'a whole number of at least 1');
  }
  if (random !== undefined && typeof random !== 'function') {
    throw new RetryConfigError('random', random, 'a function that returns a number from 0 to below 1');
  }
  const policy = resolvePolicy(options);
  const source = random ?? policy.random;
  const delays: number[] = [];
  for (let attemptNumber = 1; attemptNumber < attempts; attemptNumber += 1) {
    const previousDelay = delays.at(-1) ?? 0;
    const { baseDelay } = policy;
    delays.push(
      nextDelay(policy, {
        attemptNumber,
        baseDelay,
        previousDelay,
        failureClass: 'transient',
        random: source,
      }),
    );
  }
  return delays;
}
