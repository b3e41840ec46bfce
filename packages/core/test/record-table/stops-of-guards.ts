// Why an operation stops, where a guard says so.
import { vi } from 'vitest';

import type { StopReason } from '../../src/outcome.ts';
import { endedAtOnce, first, unavailable } from './ending.ts';
import type { Ending } from './ending.ts';
import { answers, stalls } from './server-steps.ts';

export type StopOfGuard = Extract<
  StopReason,
  'budget_exhausted' | 'circuit_breaker_open' | 'bulkhead_full' | 'bulkhead_queue_timeout' | 'hedge_lost'
>;

export const STOPS_OF_GUARDS = {
  budget_exhausted: [
    {
      title: 'a budget without a retry',
      options: { budget: { ratio: 0, minPerSecond: 0 } },
      server: [answers(503)],
      expected: endedAtOnce('budget_exhausted', { ...unavailable, reason: 'budget_exhausted' }),
    },
  ],
  circuit_breaker_open: [
    {
      title: 'a circuit that is open before the first attempt',
      options: { circuitBreaker: {} },
      before: ({ circuit }) => {
        circuit.open();
      },
      expected: { result: 'circuit_breaker_open', reason: 'circuit_breaker_open', attempts: [] },
    },
    {
      title: 'a circuit that the attempt has opened',
      options: { circuitBreaker: { window: { calls: 1 } } },
      server: [answers(503)],
      expected: endedAtOnce('circuit_breaker_open', { ...unavailable, reason: 'circuit_breaker_open' }),
    },
    {
      title: 'a circuit that is opened in a wait',
      options: { circuitBreaker: {} },
      server: [answers(503)],
      inWait: ({ circuit, clock }) => {
        void clock.advance(40).then(() => {
          circuit.open();
        });
      },
      expected: {
        result: 'circuit_breaker_open',
        reason: 'circuit_breaker_open',
        attempts: [{ ...first, ...unavailable }],
        time: 45,
        delay: 40,
      },
    },
  ],
  bulkhead_full: [
    {
      title: 'a bulkhead without a place and without a queue',
      options: { bulkhead: { maxConcurrent: 1 } },
      before: (stage) => {
        stage.occupy();
      },
      expected: { result: 'bulkhead_full', reason: 'bulkhead_full', attempts: [] },
    },
  ],
  bulkhead_queue_timeout: [
    {
      title: 'a place in the bulkhead that does not come in time',
      options: { bulkhead: { maxConcurrent: 1, maxQueue: 1, queueTimeout: 40 } },
      before: (stage) => {
        stage.occupy();
      },
      underWay: async ({ clock }) => {
        await vi.waitUntil(() => clock.pending > 0, { interval: 1 });
        await clock.advance(40);
      },
      expected: {
        result: 'bulkhead_full',
        reason: 'bulkhead_queue_timeout',
        attempts: [],
        time: 40,
        delay: 40,
      },
    },
  ],
  hedge_lost: [
    {
      title: 'a hedge that answers first',
      options: { hedge: { delay: 50, maxExtraLoad: 10 } },
      server: [stalls(50), answers(200)],
      expected: {
        result: 'success',
        reason: 'success',
        attempts: [
          { took: 55, failureClass: 'aborted', reason: 'hedge_lost' },
          { at: 50, took: 5, hedged: true, status: 200, reason: 'success' },
        ],
        time: 55,
        retries: ['hedged'],
      },
    },
  ],
} as const satisfies Record<StopOfGuard, readonly Ending[]>;
