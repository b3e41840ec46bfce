import { describe, expect, it } from 'vitest';

import { AttemptTimeoutError } from '../src/errors.ts';
import { createRetryBudget } from '../src/guards/budget.ts';
import { applyVerdict } from '../src/http/verdict.ts';
import type { Operation } from '../src/operation.ts';
import type { Decision, InterruptionKind, RetryReason, StopReason } from '../src/outcome.ts';
import { attempt, failure, response, startOperation } from './operation-driver.ts';
import { codedError } from './virtual-engine.ts';

/** How each reason for a retry is reached. The type knows all of them, so none can be left out; hedges are no decisions. */
const RETRIES: Record<Exclude<RetryReason, 'hedged'>, () => Decision> = {
  connection_error: () => attempt(startOperation(), failure(codedError('ECONNREFUSED'))),
  transport_error: () => attempt(startOperation(), failure(codedError('ECONNRESET'))),
  attempt_timeout: () => attempt(startOperation(), failure(new AttemptTimeoutError(5))),
  throttled: () => attempt(startOperation(), response(429)),
  transient_status: () => attempt(startOperation(), response(503)),
  transient_error: () => attempt(startOperation(), failure(new Error('who knows'))),
  idempotent_request_in_progress: () =>
    attempt(startOperation({}, { method: 'POST', hasIdempotencyKey: true }), response(409)),
  retryable_error: () => attempt(startOperation({ retryableErrors: [TypeError] }), failure(new TypeError())),
  should_retry: () => {
    const operation = startOperation();
    const outcome = response(200);
    return attempt(operation, outcome, { classification: applyVerdict(operation.classify(outcome), true) });
  },
};

const NO_RETRIES = { ratio: 0, minPerSecond: 0 };

const interrupted = (reason: Exclude<InterruptionKind, 'attempt_timeout'>): Operation => {
  const operation = startOperation();
  operation.beginAttempt(0);
  operation.interrupt(reason, new Error('over'), 10);
  return operation;
};

const ended = (
  operation: Operation,
  ...decide: Parameters<typeof attempt> extends [unknown, ...infer R] ? R : never
) => {
  attempt(operation, ...decide);
  return operation;
};

/** What ends an operation before its first attempt. */
type BeforeSending = 'bulkhead_full' | 'bulkhead_queue_timeout';

/** How each reason to stop is reached, and the result it makes. */
const STOPS: Record<
  Exclude<StopReason, BeforeSending | 'hedge_lost'>,
  { result: string; reach: () => Operation }
> = {
  success: { result: 'success', reach: () => ended(startOperation(), response(200)) },
  attempts_exhausted: {
    result: 'retry_exhausted',
    reach: () => ended(startOperation({ maxAttempts: 1 }), response(503)),
  },
  permanent_failure: { result: 'non_retryable_error', reach: () => ended(startOperation(), response(404)) },
  method_not_idempotent: {
    result: 'non_retryable_error',
    reach: () => ended(startOperation({}, { method: 'POST' }), response(503)),
  },
  non_retryable_error: {
    result: 'non_retryable_error',
    reach: () => ended(startOperation({ nonRetryableErrors: [Error] }), failure(codedError('ECONNRESET'))),
  },
  should_not_retry: {
    result: 'non_retryable_error',
    reach: () => {
      const operation = startOperation();
      const outcome = response(503);
      const classification = applyVerdict(operation.classify(outcome), false);
      return ended(operation, outcome, { classification });
    },
  },
  body_not_replayable: {
    result: 'non_retryable_error',
    reach: () => ended(startOperation(), response(503), { replayable: false }),
  },
  client_closing: {
    result: 'retry_exhausted',
    reach: () => ended(startOperation(), response(503), { closing: true }),
  },
  retry_after_exceeds_max: {
    result: 'retry_exhausted',
    reach: () => ended(startOperation(), response(503, { 'retry-after': '61' })),
  },
  wait_exceeds_timeout: {
    result: 'timeout',
    reach: () => ended(startOperation({ timeout: 50 }), response(503)),
  },
  budget_exhausted: {
    result: 'budget_exhausted',
    reach: () => ended(startOperation(), response(503), { budget: createRetryBudget(NO_RETRIES) }),
  },
  circuit_breaker_open: {
    result: 'circuit_breaker_open',
    reach: () => ended(startOperation(), response(503), { circuitOpen: true }),
  },
  operation_timeout: { result: 'timeout', reach: () => interrupted('operation_timeout') },
  caller_aborted: { result: 'aborted', reach: () => interrupted('caller_aborted') },
  attempt_aborted: {
    result: 'aborted',
    reach: () => ended(startOperation(), failure(new DOMException('gone', 'AbortError'))),
  },
};

describe('an operation decides to retry', () => {
  it.each(Object.entries(RETRIES))('because of %s', (reason, reach) => {
    expect(reach()).toMatchObject({ action: 'retry', reason });
  });

  it('has not ended while a retry is to come', () => {
    const operation = startOperation();
    attempt(operation, response(503));
    expect(operation.result).toBeUndefined();
  });

  it('records why the retry followed', () => {
    const operation = startOperation();
    attempt(operation, response(429));
    expect(operation.lastRecord(0)).toMatchObject({
      reason: 'throttled',
      failureClass: 'throttled',
      status: 429,
    });
  });
});

describe('an operation stops', () => {
  it.each(['bulkhead_full', 'bulkhead_queue_timeout'] as const satisfies BeforeSending[])(
    'because of %s, before anything was sent',
    (reason) => {
      const operation = startOperation();
      operation.interrupt(reason, new Error('full'), 10);
      expect(operation.statistics(0)).toMatchObject({ result: 'bulkhead_full', reason, attempts: [] });
    },
  );

  it.each(Object.entries(STOPS))('because of %s', (reason, { reach, result }) => {
    const operation = reach();
    const statistics = operation.statistics(0);
    expect(statistics).toMatchObject({ result, reason });
    expect(statistics.attempts.at(-1)?.reason).toBe(reason);
    expect(operation.reason).toBe(reason);
  });

  it('says so in the decision, with the same words as in the statistics', () => {
    const operation = startOperation({ maxAttempts: 1 });
    expect(attempt(operation, response(503))).toEqual({
      action: 'stop',
      result: 'retry_exhausted',
      reason: 'attempts_exhausted',
    });
    expect(operation.result).toBe('retry_exhausted');
  });

  it('takes a value for a success', () => {
    const operation = startOperation();
    expect(attempt(operation, { kind: 'value', value: undefined })).toMatchObject({ result: 'success' });
  });
});

describe('the limits of an operation, in their order', () => {
  const everything = { maxAttempts: 1, timeout: 10, retryAfter: { max: 1 } } as const;
  const hinted = response(503, { 'retry-after': '5' });

  it('asks first whether the failure is worth a retry', () => {
    const operation = startOperation(everything, { method: 'POST' });
    expect(attempt(operation, hinted, { replayable: false })).toMatchObject({
      reason: 'method_not_idempotent',
    });
  });

  it('EDGE "the cap on attempts always wins": then for the attempts, whatever shouldRetry said', () => {
    const operation = startOperation(everything);
    const classification = applyVerdict(operation.classify(response(200)), true);
    expect(attempt(operation, hinted, { replayable: false, classification })).toMatchObject({
      reason: 'attempts_exhausted',
    });
  });

  it('then for the body', () => {
    const operation = startOperation({ ...everything, maxAttempts: 2 });
    expect(attempt(operation, hinted, { replayable: false })).toMatchObject({
      reason: 'body_not_replayable',
    });
  });

  it("then for the server's hint", () => {
    const operation = startOperation({ ...everything, maxAttempts: 2 });
    expect(attempt(operation, hinted)).toMatchObject({ reason: 'retry_after_exceeds_max' });
  });

  it('and last for the time that remains', () => {
    const operation = startOperation({ maxAttempts: 2, timeout: 10 });
    expect(attempt(operation, hinted)).toMatchObject({ reason: 'wait_exceeds_timeout' });
  });

  it('makes exactly maxAttempts attempts', () => {
    const operation = startOperation({ maxAttempts: 4 });
    const actions = [1, 2, 3, 4].map(() => attempt(operation, response(500)).action);
    expect(actions).toEqual(['retry', 'retry', 'retry', 'stop']);
    expect(operation.attemptNumber).toBe(4);
  });
});
