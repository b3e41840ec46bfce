// How a request ended, in its statistics: in `context.retry`, and beside its error.
import { getRetryStatistics } from '@tenax/core';
import type { RetryOptions, StopReason } from '@tenax/core';
import { describe, expect, it } from 'vitest';

import { answer, failure, ok, refused, reset, unavailable } from './servers/fake-dispatcher.ts';
import type { Answer } from './servers/fake-dispatcher.ts';
import { ROUTES, send } from './servers/retried-request.ts';
import type { Given } from './servers/retried-request.ts';

interface Ending {
  readonly answers: readonly Answer[];
  readonly options?: RetryOptions;
  readonly request?: NonNullable<Given['request']>;
  readonly result: string;
  readonly reason: StopReason;
  /** Why a retry followed each attempt, or none. */
  readonly reasons: readonly string[];
  readonly classes: readonly (string | undefined)[];
}

const silent: Answer = () => undefined;
async function* once(): AsyncGenerator<string> {
  yield 'x';
}

const ENDINGS: Record<string, Ending> = {
  'a success': {
    answers: [ok],
    result: 'success',
    reason: 'success',
    reasons: ['success'],
    classes: [undefined],
  },
  'a success after failures of three kinds': {
    answers: [refused, reset, answer(429), ok],
    options: { maxAttempts: 4 },
    result: 'success',
    reason: 'success',
    reasons: ['connection_error', 'transport_error', 'throttled', 'success'],
    classes: ['connection', 'transport', 'throttled', undefined],
  },
  'statuses until attempts ran out': {
    answers: [unavailable],
    result: 'retry_exhausted',
    reason: 'attempts_exhausted',
    reasons: ['transient_status', 'transient_status', 'attempts_exhausted'],
    classes: ['transient', 'transient', 'transient'],
  },
  'no connection until attempts ran out, for a POST': {
    answers: [refused],
    request: { method: 'POST', body: 'x' },
    result: 'retry_exhausted',
    reason: 'attempts_exhausted',
    reasons: ['connection_error', 'connection_error', 'attempts_exhausted'],
    classes: ['connection', 'connection', 'connection'],
  },
  'a connection lost before it was there, for a POST': {
    answers: [(attempt) => attempt.fail(failure('ECONNRESET')), ok],
    request: { method: 'POST', body: 'x' },
    result: 'success',
    reason: 'success',
    reasons: ['connection_error', 'success'],
    classes: ['connection', undefined],
  },
  'a connection that a POST lost': {
    answers: [reset],
    request: { method: 'POST', body: 'x' },
    result: 'non_retryable_error',
    reason: 'method_not_idempotent',
    reasons: ['method_not_idempotent'],
    classes: ['transport'],
  },
  'a 404': {
    answers: [answer(404)],
    result: 'non_retryable_error',
    reason: 'permanent_failure',
    reasons: ['permanent_failure'],
    classes: ['permanent'],
  },
  'an error of the program': {
    answers: [(attempt) => attempt.start().fail(new TypeError('wrong'))],
    result: 'non_retryable_error',
    reason: 'permanent_failure',
    reasons: ['permanent_failure'],
    classes: ['permanent'],
  },
  'an abort by somebody between': {
    answers: [(attempt) => attempt.start().fail(failure('UND_ERR_ABORTED'))],
    result: 'aborted',
    reason: 'attempt_aborted',
    reasons: ['attempt_aborted'],
    classes: ['aborted'],
  },
  'an error that is named as not worth a retry': {
    answers: [reset],
    options: { nonRetryableErrors: [(error) => (error as { code?: unknown }).code === 'ECONNRESET'] },
    result: 'non_retryable_error',
    reason: 'non_retryable_error',
    reasons: ['non_retryable_error'],
    classes: ['transport'],
  },
  'a hint beyond what is obeyed': {
    answers: [answer(503, { 'retry-after': '3600' })],
    result: 'retry_exhausted',
    reason: 'retry_after_exceeds_max',
    reasons: ['retry_after_exceeds_max'],
    classes: ['throttled'],
  },
  'a wait beyond the timeout': {
    answers: [unavailable],
    options: { timeout: 100 },
    result: 'timeout',
    reason: 'wait_exceeds_timeout',
    reasons: ['wait_exceeds_timeout'],
    classes: ['transient'],
  },
  'a timeout': {
    answers: [unavailable, silent],
    options: { timeout: 500 },
    result: 'timeout',
    reason: 'operation_timeout',
    reasons: ['transient_status', 'operation_timeout'],
    classes: ['transient', 'timeout'],
  },
  'attempts that took too long': {
    answers: [(attempt) => attempt.start()],
    options: { attemptTimeout: 50, maxAttempts: 2 },
    result: 'retry_exhausted',
    reason: 'attempts_exhausted',
    reasons: ['attempt_timeout', 'attempts_exhausted'],
    classes: ['timeout', 'timeout'],
  },
  'a body that can be read once': {
    answers: [unavailable],
    options: { replay: false },
    request: { method: 'PUT', body: once() as never },
    result: 'non_retryable_error',
    reason: 'body_not_replayable',
    reasons: ['body_not_replayable'],
    classes: ['transient'],
  },
  'a word of shouldRetry against it': {
    answers: [unavailable],
    options: { shouldRetry: () => false },
    result: 'non_retryable_error',
    reason: 'should_not_retry',
    reasons: ['should_not_retry'],
    classes: ['transient'],
  },
  'a word of shouldRetry for it': {
    answers: [ok],
    options: { shouldRetry: async () => true, maxAttempts: 2 },
    result: 'retry_exhausted',
    reason: 'attempts_exhausted',
    reasons: ['should_retry', 'attempts_exhausted'],
    classes: ['transient', 'transient'],
  },
  'a single attempt': {
    answers: [unavailable],
    request: { retry: false },
    result: 'retry_exhausted',
    reason: 'attempts_exhausted',
    reasons: ['attempts_exhausted'],
    classes: ['transient'],
  },
};
const CASES = ROUTES.flatMap((route) =>
  Object.entries(ENDINGS).map(([name, ending]) => [name, route, ending] as const),
);

describe.each(CASES)(
  '%s, through %s',
  (_, route, { answers, classes, options, reason, reasons, request, result }) => {
    it('is told by the statistics of its context, of its error and of the engine', async () => {
      const { clock, dispatcher, engine, handler } = send({
        route,
        answers,
        ...(options && { options }),
        ...(request && { request }),
      });
      await clock.run(handler.ended);
      const statistics = getRetryStatistics((handler.error ?? handler.context) as object);
      expect(statistics).toMatchObject({ key: 'http://origin.test', reason, result });
      expect(statistics?.attempts.map((attempt) => attempt.reason)).toEqual(reasons);
      expect(statistics?.attempts.map((attempt) => attempt.failureClass)).toEqual(classes);
      expect(dispatcher.attempts).toHaveLength(reasons.length);
      expect((handler.context as { retry: unknown }).retry).toMatchObject({ ...statistics });
      expect(engine.statistics.snapshot()).toMatchObject({
        totalOperations: 1,
        totalAttempts: reasons.length,
        results: { [result]: 1 },
      });
      expect(clock.pending).toBe(0);
    });
  },
);

describe.each(ROUTES)('the times in the statistics, through %s', (route) => {
  it('are those of the clock', async () => {
    const { attempt, clock, handler } = send({ route });
    await clock.advance(5);
    attempt(1).start();
    await clock.advance(10);
    attempt(1).respond(503).end();
    await clock.advance(100);
    attempt(2).start();
    await clock.advance(20);
    attempt(2).respond(200);
    await clock.advance(1000);
    attempt(2).end();
    const start = clock.epoch() - clock.now();
    expect(getRetryStatistics(handler.context as object)).toMatchObject({
      totalTime: 135,
      totalDelay: 100,
      attempts: [
        {
          delayBefore: 0,
          startTime: start,
          endTime: start + 15,
          responseTime: 15,
          status: 503,
          success: false,
        },
        { delayBefore: 100, startTime: start + 115, responseTime: 20, status: 200, success: true },
      ],
    });
  });

  it('are of one operation, however much of its body fails afterwards', async () => {
    const { attempt, engine, handler } = send({ route });
    attempt(1).start().respond(200).data('a').fail(failure('ECONNRESET'));
    expect(handler.endings).toEqual(['error ECONNRESET']);
    expect(getRetryStatistics(handler.context as object)).toMatchObject({ result: 'success' });
    expect(engine.statistics.snapshot()).toMatchObject({ totalOperations: 1, results: { success: 1 } });
  });
});
