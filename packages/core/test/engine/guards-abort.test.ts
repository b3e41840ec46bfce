import { describe, expect, it } from 'vitest';

import type { RetryOptions } from '../../src/options.ts';
import { DRIVERS, guardedEngine, KEY } from '../guarded-request.ts';
import type { GuardedRequest, Start } from '../guarded-request.ts';
import { neverSettles } from '../virtual-engine.ts';

const OPEN_TIME = 1000;
const PROBES = 3;
const QUOTA = { ratelimit: '"default";r=0;t=60' };

/** A half-open circuit of three probes, of which one failure is no verdict; and one place in the bulkhead. */
const make = async (options: RetryOptions) => {
  const made = guardedEngine({
    circuitBreaker: {
      minimumThroughput: 1,
      failureRate: 0.6,
      openTime: OPEN_TIME,
      openTimeJitter: 0,
      probes: PROBES,
    },
    bulkhead: { maxConcurrent: 1, maxQueue: 1 },
    pacer: {},
    ...options,
  });
  const breaker = made.engine.guards.circuitBreaker(KEY)!;
  breaker.failed(breaker.tryAcquire()!, 1);
  await made.clock.advance(OPEN_TIME);
  return { ...made, breaker };
};

interface Phase {
  readonly options?: RetryOptions;
  /** Before the request: another one on the same destination. */
  readonly before?: (other: GuardedRequest) => void;
  /** Brings the request into the phase. */
  readonly during?: (request: GuardedRequest) => void;
  /** Probes that have been answered by then. */
  readonly answered: number;
}

const PHASES: [string, Phase][] = [
  ['the queue of the bulkhead', { before: () => undefined, answered: 1 }],
  ['the wait for the pacer', { before: (other) => other.answer(200, QUOTA), answered: 1 }],
  ['an attempt', { answered: 0 }],
  [
    'an attempt within timeouts',
    { options: { timeout: 60_000, attemptTimeout: 10_000, shouldRetry: () => undefined }, answered: 0 },
  ],
  [
    'shouldRetry',
    {
      options: { shouldRetry: () => neverSettles<boolean>() },
      during: (request) => request.answer(503),
      answered: 0,
    },
  ],
  ['the wait for a retry', { during: (request) => request.answer(503), answered: 1 }],
  [
    'beforeRetry',
    {
      options: { hooks: { beforeRetry: () => neverSettles() }, baseDelay: 5 },
      during: (request) => request.answer(503),
      answered: 1,
    },
  ],
  [
    'the wait of a retry for the pacer',
    { options: { baseDelay: 5 }, during: (request) => request.answer(503, QUOTA), answered: 1 },
  ],
];

const runInto = async (phase: Phase, start: Start) => {
  const { before, during, options = {} } = phase;
  const made = await make(options);
  const { clock, engine } = made;
  let other: GuardedRequest | undefined;
  if (before) {
    other = start(engine);
    await clock.advance(0);
    before(other);
    await clock.advance(0);
  }
  const controller = new AbortController();
  const request = start(engine, { signal: controller.signal });
  await clock.advance(0);
  during?.(request);
  await clock.advance(10);
  expect(request.end).toBeUndefined();
  controller.abort('my own reason');
  await clock.advance(0);
  return { ...made, other, request };
};

describe.each(DRIVERS)('an abort by the caller, over %s', (_driver, start) => {
  it.each(PHASES)('in %s ends it with the reason, and gives permit and place back', async (_phase, phase) => {
    const { breaker, clock, ends, engine, other, request } = await runInto(phase, start);
    expect(request.end).toEqual({ error: 'my own reason' });
    expect(ends.at(-1)?.statistics).toMatchObject({ result: 'aborted', reason: 'caller_aborted' });
    if (other && other.end === undefined) other.answer(200);
    await clock.advance(0);
    expect(clock.pending).toBe(0);
    expect(engine.guards.snapshot()).toMatchObject([
      { bulkhead: { active: 0, queued: 0 }, pacer: { queued: 0 }, circuitBreaker: { state: 'half-open' } },
    ]);
    const permits = Array.from({ length: PROBES + 1 }, () => breaker.tryAcquire());
    expect(permits.filter((permit) => permit !== undefined)).toHaveLength(PROBES - phase.answered);
  });
});

describe.each(DRIVERS)('a timeout, over %s', (_driver, start) => {
  it('that would be outlasted by the wait for the pacer gives permit and place back', async () => {
    const { breaker, clock, engine } = await make({});
    start(engine).answer(200, QUOTA);
    await clock.advance(0);
    const request = start(engine, { retry: { timeout: 50 } });
    await clock.advance(0);
    expect(request.end).toMatchObject({ error: { code: 'TENAX_OPERATION_TIMEOUT' } });
    expect(engine.guards.snapshot()).toMatchObject([{ bulkhead: { active: 0 } }]);
    const permits = Array.from({ length: PROBES + 1 }, () => breaker.tryAcquire());
    expect(permits.filter((permit) => permit !== undefined)).toHaveLength(PROBES - 1);
  });
});
