// Every way that an operation can end: the one table for the engine and all adapters.
import { expect } from 'vitest';

import type { FailureClass, OperationResult, RetryReason, StopReason } from '../../src/outcome.ts';
import type { RequestStatistics } from '../../src/record.ts';
import type { Client, ErrorWords } from './client.ts';
import type { Ending, ExpectedAttempt } from './ending.ts';
import { RETRIES } from './retries.ts';
import { STOPS_IN_TIME } from './stops-in-time.ts';
import { STOPS_OF_GUARDS } from './stops-of-guards.ts';
import { STOPS } from './stops.ts';

/** The rows for each reason to stop. A reason without a row does not compile. */
export const ENDINGS_BY_STOP: Readonly<Record<StopReason, readonly Ending[]>> = {
  ...STOPS,
  ...STOPS_IN_TIME,
  ...STOPS_OF_GUARDS,
};

/** The rows for each reason to retry. */
export const ENDINGS_BY_RETRY: Readonly<Record<RetryReason, readonly Ending[]>> = RETRIES;

export const RESULTS = Object.keys({
  success: true,
  retry_exhausted: true,
  non_retryable_error: true,
  circuit_breaker_open: true,
  timeout: true,
  budget_exhausted: true,
  bulkhead_full: true,
  aborted: true,
} satisfies Record<OperationResult, true>) as OperationResult[];

export const FAILURE_CLASSES = Object.keys({
  connection: true,
  transport: true,
  timeout: true,
  throttled: true,
  transient: true,
  permanent: true,
  aborted: true,
} satisfies Record<FailureClass, true>) as FailureClass[];

export const ENDINGS: readonly Ending[] = [
  ...Object.values(ENDINGS_BY_STOP).flat(),
  ...Object.values(ENDINGS_BY_RETRY).flat(),
];

/** Those that a client can get to. */
export const endingsOf = ({ name }: Client): Ending[] =>
  ENDINGS.filter(({ only }) => only === undefined || only.includes(name));

/** The whole record, to the last key. */
export function expectedRecord(
  { expected }: Ending,
  client: Client,
  key: string,
  start: number,
): Omit<RequestStatistics, 'id'> {
  const { attempts, delay = 0, reason, result, time = 0 } = expected;
  return {
    key,
    result,
    reason,
    attempts: attempts.map((attempt, index) => attemptRecord(attempt, index + 1, client, start)),
    totalTime: time,
    totalDelay: delay,
  };
}

function attemptRecord(
  attempt: ExpectedAttempt,
  attemptNumber: number,
  { words }: Client,
  start: number,
): RequestStatistics['attempts'][number] {
  const { at = 0, failureClass, hedged = false, hint, reason, status, took = 0, waited = 0 } = attempt;
  const success = failureClass === undefined;
  const { hidesStatusOfBrokenBody, hidesSuccessfulStatus } = words;
  const isHidden =
    status !== undefined &&
    status < 400 &&
    (attempt.error ? hidesStatusOfBrokenBody : hidesSuccessfulStatus) === true;
  const statusError = status !== undefined && status >= 400 ? words.statusError : undefined;
  const error = attempt.error ? words.errors[attempt.error] : statusError;
  return {
    attemptNumber,
    delayBefore: waited,
    startTime: start + at,
    endTime: start + at + took,
    responseTime: took,
    success,
    ...(status !== undefined && !isHidden && { status }),
    ...(failureClass && { failureClass }),
    ...(error && { error: summaryOf(error) }),
    hedged,
    ...(hint !== undefined && { hint }),
    reason,
  };
}

/** The messages are those of the platform. */
function summaryOf(error: ErrorWords): RequestStatistics['attempts'][number]['error'] & {} {
  return { ...error, message: expect.any(String) as string };
}

/** What `onRetry` has to be told. */
export function expectedRetries({ expected }: Ending): RetryReason[] {
  if (expected.retries) return [...expected.retries];
  const reasons: readonly string[] = Object.keys(ENDINGS_BY_RETRY);
  return expected.attempts
    .map(({ reason }) => reason)
    .filter((reason): reason is RetryReason => reasons.includes(reason));
}
