/** What follows a failed attempt: the limits of the policy, in the order in which they are asked. */

import { nextDelay } from './backoff/delay.ts';
import type { Clock, Random } from './clock.ts';
import type { RetryBudget } from './guards/budget.ts';
import type { Classification, Decision, FailureClass, RetryReason, StopReason } from './outcome.ts';
import type { RetryPolicy } from './policy.ts';
import { shareOf } from './warnings.ts';

/** The moment of a decision. */
export interface DecisionMoment {
  /** Monotonic ms. */
  readonly now: number;
  /** Read where a server's hint is a date. */
  readonly clock: Pick<Clock, 'epoch'>;
  readonly random: Random;
  /** Whether the request's body can be sent once more. */
  readonly replayable: boolean;
  /** Whether the client is being closed. */
  readonly closing: boolean;
  /** How many retries the destination gets; `undefined` for any number. */
  readonly budget: RetryBudget | undefined;
  /** Whether the destination's circuit breaker stops retries. */
  readonly circuitOpen: boolean;
}

/** The operation that the decision is about. */
export interface DecisionSubject {
  readonly policy: RetryPolicy;
  readonly attemptNumber: number;
  /** The last wait that the strategy gave. */
  computedDelay: number;
  /** What the budget charged for the last retry. */
  charge: number;
  remaining(now: number): number;
}

/** A server's wait is stretched by up to this share, so that its clients do not come back all at once. */
const HINT_JITTER = 0.1;

/**
 * Decides what follows a failed attempt. A retry is charged to the budget here, when it is scheduled.
 *
 * @param hint the wait that the server asks for, in ms
 */
export function decideAfterFailure(
  subject: DecisionSubject,
  classification: Classification,
  hint: number | undefined,
  moment: DecisionMoment,
): Decision {
  const { failureClass, reason, retryable } = classification;
  const { maxAttempts, retryAfter } = subject.policy;
  if (!retryable) {
    const result = failureClass === 'aborted' ? 'aborted' : 'non_retryable_error';
    return { action: 'stop', result, reason: reason as StopReason };
  }
  if (subject.attemptNumber >= maxAttempts) {
    return { action: 'stop', result: 'retry_exhausted', reason: 'attempts_exhausted' };
  }
  if (moment.closing) {
    return { action: 'stop', result: 'retry_exhausted', reason: 'client_closing' };
  }
  if (!moment.replayable) {
    return { action: 'stop', result: 'non_retryable_error', reason: 'body_not_replayable' };
  }
  if (hint !== undefined && retryAfter && hint > retryAfter.max && retryAfter.beyond === 'stop') {
    return { action: 'stop', result: 'retry_exhausted', reason: 'retry_after_exceeds_max' };
  }
  const remaining = subject.remaining(moment.now);
  const obeyed = hint === undefined || !retryAfter ? 0 : Math.min(hint, retryAfter.max);
  const delay = obeyed < remaining ? delayAfter(subject, failureClass, obeyed, remaining, moment) : remaining;
  if (delay >= remaining) {
    return { action: 'stop', result: 'timeout', reason: 'wait_exceeds_timeout' };
  }
  if (moment.circuitOpen) {
    return { action: 'stop', result: 'circuit_breaker_open', reason: 'circuit_breaker_open' };
  }
  const charge = moment.budget ? moment.budget.tryRetry(failureClass === 'throttled', moment.now) : 0;
  if (charge === undefined) {
    return { action: 'stop', result: 'budget_exhausted', reason: 'budget_exhausted' };
  }
  subject.charge = charge;
  return { action: 'retry', delay, reason: reason as RetryReason, ...(hint !== undefined && { hint }) };
}

/** The larger of the computed delay and the hint. */
function delayAfter(
  subject: DecisionSubject,
  failureClass: FailureClass | undefined,
  hint: number,
  remaining: number,
  moment: DecisionMoment,
): number {
  const { baseDelay, throttledBaseDelay } = subject.policy;
  const computed = nextDelay(subject.policy, {
    attemptNumber: subject.attemptNumber,
    baseDelay: failureClass === 'throttled' ? throttledBaseDelay : baseDelay,
    previousDelay: subject.computedDelay,
    failureClass,
    random: moment.random,
  });
  subject.computedDelay = computed;
  // A computed delay has its own jitter, and never passes maxDelay. Without a hint nothing is drawn for one.
  if (hint === 0 || hint < computed) return computed;
  // Not beyond the time that remains: a wait that the server asks for, and that fits, is no reason to end.
  return hint + Math.min(HINT_JITTER * hint, remaining - hint) * shareOf(moment.random);
}
