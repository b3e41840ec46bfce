// Why a retry follows: every reason, and what leads to it.
import type { RetryReason } from '../../src/outcome.ts';
import { first, recoveredAfter, second, unavailable } from './ending.ts';
import type { Ending, ExpectedAttempt } from './ending.ts';
import { answers, cutsBodyOff, cutsHeadersOff, resets, speaksNoHttp, stalls } from './server-steps.ts';

const lost = (error: ExpectedAttempt['error'] & {}): ExpectedAttempt => ({
  error,
  failureClass: 'transport',
  reason: 'transport_error',
});

export const RETRIES = {
  connection_error: [
    {
      title: 'a connection that is refused',
      destination: 'refuses',
      method: 'POST',
      options: { maxAttempts: 2 },
      expected: {
        result: 'retry_exhausted',
        reason: 'attempts_exhausted',
        attempts: [
          { error: 'refused', failureClass: 'connection', reason: 'connection_error' },
          {
            at: 100,
            waited: 100,
            error: 'refused',
            failureClass: 'connection',
            reason: 'attempts_exhausted',
          },
        ],
        time: 100,
        delay: 100,
      },
    },
  ],
  transport_error: [
    {
      title: 'a connection that is reset',
      server: [resets, answers(200)],
      expected: recoveredAfter(lost('reset')),
    },
    {
      title: 'headers that are cut off',
      server: [cutsHeadersOff, answers(200)],
      expected: recoveredAfter(lost('cut off')),
    },
    {
      title: 'an answer that is no HTTP',
      server: [speaksNoHttp, answers(200)],
      expected: recoveredAfter(lost('no HTTP')),
    },
    {
      // The others have answered with the headers: the body is the caller's by then.
      title: 'a body that is cut off',
      only: ['core', 'axios-adapter'],
      server: [cutsBodyOff, answers(200)],
      expected: recoveredAfter({ ...lost('body cut off'), status: 200 }),
    },
  ],
  attempt_timeout: [
    {
      title: 'a slow attempt',
      options: { attemptTimeout: 30 },
      server: [stalls(30), answers(200)],
      expected: {
        result: 'success',
        reason: 'success',
        attempts: [
          { took: 30, error: 'attempt timeout', failureClass: 'timeout', reason: 'attempt_timeout' },
          { at: 130, waited: 100, took: 5, status: 200, reason: 'success' },
        ],
        time: 135,
        delay: 100,
      },
    },
  ],
  throttled: [
    {
      title: 'a 429 without a hint',
      options: { throttledBaseDelay: 100 },
      server: [answers(429), answers(200)],
      expected: recoveredAfter({ status: 429, failureClass: 'throttled', reason: 'throttled' }),
    },
    {
      title: 'a 503 with a hint',
      server: [answers(503, { 'Retry-After': '2' }), answers(200)],
      expected: {
        result: 'success',
        reason: 'success',
        attempts: [
          { ...first, status: 503, failureClass: 'throttled', hint: 2000, reason: 'throttled' },
          { at: 2005, waited: 2000, took: 5, status: 200, reason: 'success' },
        ],
        time: 2010,
        delay: 2000,
      },
    },
  ],
  transient_status: [
    {
      title: 'a status that passes',
      server: [answers(503), answers(200)],
      expected: recoveredAfter(unavailable),
    },
  ],
  transient_error: [
    {
      title: 'an error that errorCodes calls transient',
      options: { errorCodes: { ECONNRESET: 'transient', UND_ERR_SOCKET: 'transient' } },
      server: [resets, answers(200)],
      expected: recoveredAfter({ error: 'reset', failureClass: 'transient', reason: 'transient_error' }),
    },
  ],
  idempotent_request_in_progress: [
    {
      title: 'a 409 to a request with an idempotency key',
      method: 'POST',
      options: { idempotencyKey: true },
      server: [answers(409), answers(200)],
      expected: recoveredAfter({
        status: 409,
        failureClass: 'transient',
        reason: 'idempotent_request_in_progress',
      }),
    },
  ],
  retryable_error: [
    {
      title: 'an error of retryableErrors',
      destination: 'speaks no TLS',
      options: { maxAttempts: 2, retryableErrors: [() => true] },
      expected: {
        result: 'retry_exhausted',
        reason: 'attempts_exhausted',
        attempts: [
          { error: 'no TLS', failureClass: 'permanent', reason: 'retryable_error' },
          {
            at: 100,
            waited: 100,
            error: 'no TLS',
            failureClass: 'permanent',
            reason: 'attempts_exhausted',
          },
        ],
        time: 100,
        delay: 100,
      },
    },
  ],
  should_retry: [
    {
      title: 'a status that shouldRetry does not give up on',
      options: { shouldRetry: (_, { attemptNumber }) => (attemptNumber === 1 ? true : undefined) },
      server: [answers(404), answers(200)],
      expected: recoveredAfter({ status: 404, failureClass: 'permanent', reason: 'should_retry' }),
    },
    {
      title: 'an answer that shouldRetry takes for none',
      options: { maxAttempts: 2, shouldRetry: () => true },
      expected: {
        result: 'retry_exhausted',
        reason: 'attempts_exhausted',
        attempts: [
          { ...first, status: 200, failureClass: 'transient', reason: 'should_retry' },
          { ...second, status: 200, failureClass: 'transient', reason: 'attempts_exhausted' },
        ],
        time: 110,
        delay: 100,
      },
    },
  ],
  hedged: [
    {
      title: 'a hedge in place of a retry',
      options: { hedge: { delay: 50, maxExtraLoad: 10 } },
      server: [answers(503), answers(200)],
      expected: {
        result: 'success',
        reason: 'success',
        attempts: [
          { ...first, ...unavailable },
          { at: 5, took: 5, hedged: true, status: 200, reason: 'success' },
        ],
        time: 10,
        retries: ['hedged'],
      },
    },
    {
      title: 'a hedge that fails too, and a retry after both',
      options: { hedge: { delay: 50, maxExtraLoad: 10 }, maxAttempts: 3 },
      server: [answers(503), answers(503), answers(200)],
      expected: {
        result: 'success',
        reason: 'success',
        attempts: [
          { ...first, ...unavailable },
          { ...unavailable, at: 5, took: 5, hedged: true },
          { at: 210, waited: 200, took: 5, status: 200, reason: 'success' },
        ],
        time: 215,
        delay: 200,
        retries: ['hedged', 'transient_status'],
      },
    },
  ],
} as const satisfies Record<RetryReason, readonly Ending[]>;
