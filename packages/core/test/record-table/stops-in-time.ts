// Why an operation stops, where its time is up or somebody ends it.
import type { StopReason } from '../../src/outcome.ts';
import { endedAtOnce, first, unavailable } from './ending.ts';
import type { Ending } from './ending.ts';
import { answers, silently, stalls } from './server-steps.ts';

export type StopInTime = Extract<
  StopReason,
  | 'retry_after_exceeds_max'
  | 'wait_exceeds_timeout'
  | 'operation_timeout'
  | 'caller_aborted'
  | 'attempt_aborted'
>;

export const STOPS_IN_TIME = {
  retry_after_exceeds_max: [
    {
      title: 'a server that asks for too long a wait',
      server: [answers(429, { 'Retry-After': '120' })],
      expected: endedAtOnce('retry_exhausted', {
        status: 429,
        failureClass: 'throttled',
        hint: 120_000,
        reason: 'retry_after_exceeds_max',
      }),
    },
  ],
  wait_exceeds_timeout: [
    {
      title: 'a wait that would outlast the timeout',
      options: { timeout: 100 },
      server: [answers(503)],
      expected: endedAtOnce('timeout', { ...unavailable, reason: 'wait_exceeds_timeout' }),
    },
    {
      title: 'a wait of the server that would outlast the timeout',
      options: { timeout: 1000 },
      server: [answers(503, { 'Retry-After': '2' })],
      expected: endedAtOnce('timeout', {
        status: 503,
        failureClass: 'throttled',
        hint: 2000,
        reason: 'wait_exceeds_timeout',
      }),
    },
    {
      title: 'a turn of the pacer that would come after the timeout',
      options: { timeout: 1000, throttledBaseDelay: 100, pacer: { minRate: 0.5 } },
      server: [answers(429)],
      expected: {
        result: 'timeout',
        reason: 'wait_exceeds_timeout',
        attempts: [{ ...first, status: 429, failureClass: 'throttled', reason: 'throttled' }],
        time: 105,
        delay: 100,
      },
    },
  ],
  operation_timeout: [
    {
      title: 'a timeout in an attempt',
      options: { timeout: 30 },
      server: [stalls(30)],
      expected: endedAtOnce('timeout', {
        took: 30,
        error: 'operation timeout',
        failureClass: 'timeout',
        reason: 'operation_timeout',
      }),
    },
    {
      title: 'a timeout before a retry, in a hook that does not end',
      options: ({ clock }) => ({
        timeout: 200,
        hooks: {
          beforeRetry: async () => {
            setImmediate(() => void clock.advance(95));
            await new Promise(() => undefined);
          },
        },
      }),
      server: [answers(503)],
      expected: {
        result: 'timeout',
        reason: 'operation_timeout',
        attempts: [{ ...first, ...unavailable }],
        time: 200,
        delay: 195,
      },
    },
    {
      title: 'a timeout with two attempts under way',
      options: { timeout: 80, hedge: { delay: 50, maxExtraLoad: 10 } },
      server: [stalls(50), stalls(30)],
      expected: {
        result: 'timeout',
        reason: 'operation_timeout',
        attempts: [
          { took: 80, error: 'operation timeout', failureClass: 'timeout', reason: 'operation_timeout' },
          { at: 50, took: 30, hedged: true, failureClass: 'timeout', reason: 'operation_timeout' },
        ],
        time: 80,
        retries: ['hedged'],
      },
    },
  ],
  caller_aborted: [
    {
      // undici gives such a request no dispatcher, or in version 7 begins an attempt that it aborts.
      title: 'an abort before the first attempt',
      only: ['core', 'fetch-adapter', 'axios-adapter'],
      before: (stage) => {
        stage.abort();
      },
      expected: { result: 'aborted', reason: 'caller_aborted', attempts: [] },
    },
    {
      title: 'an abort in an attempt',
      server: [
        silently((stage) => {
          stage.abort();
        }),
      ],
      expected: endedAtOnce('aborted', {
        error: 'caller aborted',
        failureClass: 'aborted',
        reason: 'caller_aborted',
      }),
    },
    {
      title: 'an abort in a wait',
      server: [answers(503)],
      inWait: (stage) => {
        void stage.clock.advance(40).then(() => {
          stage.abort();
        });
      },
      expected: {
        result: 'aborted',
        reason: 'caller_aborted',
        attempts: [{ ...first, ...unavailable }],
        time: 45,
        delay: 40,
      },
    },
    {
      title: 'an abort with two attempts under way',
      options: { hedge: { delay: 50, maxExtraLoad: 10 } },
      server: [
        stalls(50),
        silently((stage) => {
          stage.abort();
        }),
      ],
      expected: {
        result: 'aborted',
        reason: 'caller_aborted',
        attempts: [
          { took: 55, error: 'caller aborted', failureClass: 'aborted', reason: 'caller_aborted' },
          { at: 50, took: 5, hedged: true, failureClass: 'aborted', reason: 'caller_aborted' },
        ],
        time: 55,
        retries: ['hedged'],
      },
    },
  ],
  attempt_aborted: [
    {
      title: 'an abort by somebody else than the caller',
      server: [
        silently(({ another }) => {
          another.abort();
        }),
      ],
      expected: endedAtOnce('aborted', {
        error: 'aborted by another',
        failureClass: 'aborted',
        reason: 'attempt_aborted',
      }),
    },
  ],
} as const satisfies Record<StopInTime, readonly Ending[]>;
