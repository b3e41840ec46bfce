/** Calls the user's hooks. One that throws or rejects is reported once and changes nothing. */

import { lastRecordOf, statisticsOf } from './attached-statistics.ts';
import { isHeard, tell } from './diagnostics.ts';
import type { ChannelName } from './diagnostics.ts';
import type { CircuitChangeEvent, RetryHooks } from './events.ts';
import { responseIn } from './http/classify.ts';
import type { Operation } from './operation.ts';
import type { Decision, FailureClass, Outcome, RetryReason } from './outcome.ts';
import { isPromiseLike, warnOnce } from './warnings.ts';

/** An attempt ended. */
export function reportAttempt(operation: Operation): void {
  const { onAttempt } = operation.policy.hooks;
  if (onAttempt === undefined && !isHeard('attempt')) return;
  const { id, key } = operation;
  report('onAttempt', onAttempt, 'attempt', { id, key, attempt: lastRecordOf(operation) });
}

/** A retry or a hedge was decided. */
export function reportRetry(
  operation: Operation,
  decision: Decision & { action: 'retry' },
  failureClass: FailureClass | undefined,
): void {
  const { onRetry } = operation.policy.hooks;
  if (onRetry === undefined && !isHeard('retry')) return;
  const { id, key } = operation;
  const { delay, hint, reason } = decision;
  const event = { id, key, attemptNumber: operation.attemptNumber + 1, delay, reason, failureClass, hint };
  report('onRetry', onRetry, 'retry', event);
}

/** A retry is about to be sent. Returns what to wait for, if the hook is asynchronous. */
export function runBeforeRetry(
  operation: Operation,
  reason: RetryReason,
  outcome: Outcome,
  headers: Headers,
): PromiseLike<unknown> | undefined {
  const { beforeRetry } = operation.policy.hooks;
  if (beforeRetry === undefined) return undefined;
  const { attemptNumber, id, key } = operation;
  const status = responseIn(outcome)?.status;
  return call('beforeRetry', beforeRetry, {
    id,
    key,
    attemptNumber: attemptNumber + 1,
    reason,
    status,
    headers,
  });
}

/** The operation ended. */
export function reportEnd(operation: Operation): void {
  const { onGiveUp, onSuccess } = operation.policy.hooks;
  const succeeded = operation.result === 'success';
  const hook = succeeded ? onSuccess : onGiveUp;
  if (hook === undefined) return;
  const name = succeeded ? 'onSuccess' : 'onGiveUp';
  const { id, key } = operation;
  call(name, hook, { id, key, statistics: statisticsOf(operation) });
}

/** A circuit breaker changed. */
export function reportCircuitChange(hooks: RetryHooks, event: CircuitChangeEvent): void {
  report('onCircuitChange', hooks.onCircuitChange, 'circuit', event);
}

/** Tells a hook, and those who listen to a channel. */
function report<Event extends object>(
  name: keyof RetryHooks,
  hook: ((event: Event) => void | PromiseLike<void>) | undefined,
  channel: ChannelName,
  event: Event,
): void {
  if (hook) void call(name, hook, event);
  tell(channel, event);
}

function call<Event>(
  name: keyof RetryHooks,
  hook: (event: Event) => void | PromiseLike<void>,
  event: Event,
): PromiseLike<unknown> | undefined {
  const warn = (error: unknown): void => {
    warnOnce(hook, `The hook ${name} failed; the request goes on without it`, error);
  };
  try {
    const returned: unknown = hook(event);
    return isPromiseLike(returned) ? Promise.resolve(returned).then(undefined, warn) : undefined;
  } catch (error) {
    warn(error);
    return undefined;
  }
}
