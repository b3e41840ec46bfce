// Why an operation stops after a failure: every reason, and what leads to it.
import type { StopReason } from '../../src/outcome.ts';
import { endedAtOnce, first, second, unavailable } from './ending.ts';
import type { Ending } from './ending.ts';
import { answers, cutsBodyOff, resets, stalls, telling } from './server-steps.ts';
import { SECRET } from './stage.ts';
import type { StopInTime } from './stops-in-time.ts';
import type { StopOfGuard } from './stops-of-guards.ts';

export const STOPS = {
  success: [
    {
      title: 'a success at once',
      expected: endedAtOnce('success', { status: 200, reason: 'success' }),
    },
    {
      // axios, and the function of core, answer when they have the whole body.
      title: "a body that is cut off, once the headers have been the caller's success",
      only: ['fetch-adapter', 'undici-dispatcher'],
      server: [cutsBodyOff],
      expected: endedAtOnce('success', { status: 200, reason: 'success' }),
    },
  ],
  attempts_exhausted: [
    {
      title: 'a status, to the last attempt',
      server: [answers(503)],
      expected: {
        result: 'retry_exhausted',
        reason: 'attempts_exhausted',
        attempts: [
          { ...first, ...unavailable },
          { ...second, ...unavailable },
          { ...unavailable, at: 310, waited: 200, took: 5, reason: 'attempts_exhausted' },
        ],
        time: 315,
        delay: 300,
      },
    },
    {
      title: 'a reset, in the only attempt',
      options: { maxAttempts: 1 },
      server: [resets],
      expected: endedAtOnce('retry_exhausted', {
        error: 'reset',
        failureClass: 'transport',
        reason: 'attempts_exhausted',
      }),
    },
    {
      title: 'a slow attempt, the only one',
      options: { maxAttempts: 1, attemptTimeout: 30 },
      server: [stalls(30)],
      expected: endedAtOnce('retry_exhausted', {
        took: 30,
        error: 'attempt timeout',
        failureClass: 'timeout',
        reason: 'attempts_exhausted',
      }),
    },
  ],
  permanent_failure: [
    {
      title: 'a status that does not pass',
      server: [answers(404)],
      expected: endedAtOnce('non_retryable_error', {
        status: 404,
        failureClass: 'permanent',
        reason: 'permanent_failure',
      }),
    },
    {
      title: 'an error that does not pass',
      destination: 'speaks no TLS',
      expected: endedAtOnce('non_retryable_error', {
        took: 0,
        error: 'no TLS',
        failureClass: 'permanent',
        reason: 'permanent_failure',
      }),
    },
    {
      // axios takes the line break out.
      title: 'a header that is refused, and whose value may be quoted',
      only: ['core', 'fetch-adapter', 'undici-dispatcher', 'RetryDispatcher'],
      headers: { 'X-Broken': `${SECRET}\n${SECRET}` },
      expected: endedAtOnce('non_retryable_error', {
        took: 0,
        error: 'broken header',
        failureClass: 'permanent',
        reason: 'permanent_failure',
      }),
    },
  ],
  method_not_idempotent: [
    {
      title: 'a status of a POST',
      method: 'POST',
      server: [answers(503)],
      expected: endedAtOnce('non_retryable_error', { ...unavailable, reason: 'method_not_idempotent' }),
    },
    {
      title: 'a reset of a POST',
      method: 'POST',
      server: [resets],
      expected: endedAtOnce('non_retryable_error', {
        error: 'reset',
        failureClass: 'transport',
        reason: 'method_not_idempotent',
      }),
    },
  ],
  non_retryable_error: [
    {
      title: 'an error of nonRetryableErrors',
      options: { nonRetryableErrors: [() => true] },
      server: [resets],
      expected: endedAtOnce('non_retryable_error', {
        error: 'reset',
        failureClass: 'transport',
        reason: 'non_retryable_error',
      }),
    },
  ],
  should_not_retry: [
    {
      title: 'a status that shouldRetry gives up on',
      options: { shouldRetry: () => false },
      server: [answers(503)],
      expected: endedAtOnce('non_retryable_error', { ...unavailable, reason: 'should_not_retry' }),
    },
  ],
  body_not_replayable: [
    {
      // What the function of core sends is its own business.
      title: 'a stream that is sent once',
      only: ['fetch-adapter', 'axios-adapter', 'undici-dispatcher', 'RetryDispatcher'],
      options: { replay: false },
      method: 'PUT',
      body: 'stream',
      server: [answers(503)],
      expected: endedAtOnce('non_retryable_error', { ...unavailable, reason: 'body_not_replayable' }),
    },
  ],
  client_closing: [
    {
      // The others have no end: fetch and axios can't be closed, and an interceptor does not hear of it.
      title: 'a client that is being closed',
      only: ['RetryDispatcher'],
      server: [telling(({ client }) => client?.beginClose?.(), answers(503))],
      expected: endedAtOnce('retry_exhausted', { ...unavailable, reason: 'client_closing' }),
    },
  ],
} as const satisfies Record<Exclude<StopReason, StopOfGuard | StopInTime>, readonly Ending[]>;
