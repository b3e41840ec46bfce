/** The error of Tenax that an operation ends with, where the client's own response or error is not wanted. */

import {
  AttemptTimeoutError,
  BodyNotReplayableError,
  BulkheadFullError,
  CircuitOpenError,
  OperationTimeoutError,
  RetryExhaustedError,
} from './errors.ts';
import type { RetryError, RetryErrorDetails } from './errors.ts';
import { queueIsFull, queueTimedOut } from './guards/bulkhead.ts';
import type { CircuitBreaker } from './guards/circuit-breaker.ts';
import type { BulkheadSettings } from './guards/guard-options.ts';
import { summarizeError } from './http/error-summary.ts';
import type { Operation } from './operation.ts';
import type { InterruptionKind, Outcome } from './outcome.ts';

/**
 * The error to throw when retries ended without success; `undefined` when the client's own end is the right one: the
 * failure was not worth a retry, or `throwOnExhausted` is off.
 *
 * @param value the client's own response, where the outcome is one
 * @param circuit the breaker of its destination
 */
export function endError(
  operation: Operation,
  outcome: Outcome,
  value: unknown,
  circuit: CircuitBreaker | undefined,
): RetryError | undefined {
  const { attemptNumber, policy, reason } = operation;
  if (!policy.throwOnExhausted) return undefined;
  const details: RetryErrorDetails =
    outcome.kind === 'error' ? { cause: outcome.error } : { response: value };
  const attempts = `${attemptNumber} ${attemptNumber === 1 ? 'attempt' : 'attempts'}`;
  switch (reason) {
    case 'attempts_exhausted':
      return new RetryExhaustedError(
        `Gave up after ${attempts}, the last ended with ${nameOf(outcome)}`,
        details,
      );
    case 'retry_after_exceeds_max':
      return new RetryExhaustedError(
        `Gave up after ${attempts}: the server asks for a longer wait than retryAfter.max`,
        details,
      );
    case 'wait_exceeds_timeout':
      return new OperationTimeoutError(policy.timeout as number, details);
    case 'circuit_breaker_open':
      return new CircuitOpenError(operation.key, circuit?.metrics.opensFor ?? 0, details);
    case 'body_not_replayable':
      return new BodyNotReplayableError(
        `Gave up after ${attempts}: the body was a stream that can't be sent again`,
        details,
      );
    default:
      return undefined;
  }
}

/** The error of Tenax that an attempt or an operation is ended with from outside. */
export function interruptionError(
  kind: InterruptionKind,
  operation: Operation,
  previous: Outcome | undefined,
  circuit: CircuitBreaker | undefined,
): RetryError {
  const { attemptTimeout, bulkhead, timeout } = operation.policy;
  const cause = previous?.kind === 'error' ? { cause: previous.error } : {};
  switch (kind) {
    case 'attempt_timeout':
      return new AttemptTimeoutError(attemptTimeout as number);
    case 'circuit_breaker_open':
      return new CircuitOpenError(operation.key, circuit?.metrics.opensFor ?? 0, cause);
    case 'bulkhead_full':
      return new BulkheadFullError(queueIsFull(bulkhead as BulkheadSettings), cause);
    case 'bulkhead_queue_timeout':
      return new BulkheadFullError(queueTimedOut(bulkhead as BulkheadSettings), cause);
    default:
      return new OperationTimeoutError(timeout as number, cause);
  }
}

function nameOf(outcome: Outcome): string {
  if (outcome.kind === 'response') return `status ${outcome.status}`;
  if (outcome.kind === 'value') return 'a value that shouldRetry refused';
  const { code, name } = summarizeError(outcome.error);
  return code ?? name;
}
