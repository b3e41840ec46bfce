import { describe, expect, it, vi } from 'vitest';

import { getRetryStatistics } from '../../src/attached-statistics.ts';
import type { RetryEngine } from '../../src/engine.ts';
import type { EndEvent } from '../../src/events.ts';
import type { RetryOptions } from '../../src/options.ts';
import { FakeExchange } from '../fake-exchange.ts';
import { DRIVERS, guardedEngine, KEY } from '../guarded-request.ts';
import { codedError, neverSettles, rejectionOf, virtualEngine } from '../virtual-engine.ts';

const NO_RETRIES = { ratio: 0, minPerSecond: 0 };

describe('the budget', () => {
  it('is on by default: a fifth of the first attempts, or ten retries a second over ten seconds', async () => {
    const { clock, engine } = virtualEngine();
    const send = vi.fn<() => Promise<never>>(() => Promise.reject(new Error('again')));
    const run = (times: number): Promise<unknown> =>
      clock.run(Promise.allSettled(Array.from({ length: times }, () => engine.execute(send))));
    await run(80);
    expect(send).toHaveBeenCalledTimes(80 + 100);
    expect(engine.statistics.snapshot().results.budget_exhausted).toBeGreaterThan(0);
    await clock.advance(10_000);
    send.mockClear();
    await run(1000);
    expect(send).toHaveBeenCalledTimes(1000 + 200);
  });

  it.each(DRIVERS)('exhausted ends with the last response as it was, over %s', async (_driver, start) => {
    const { clock, ends, engine } = guardedEngine({ budget: NO_RETRIES });
    const request = start(engine);
    request.answer(503);
    await clock.advance(0);
    expect([request.end, request.sent, clock.pending]).toEqual([{ status: 503 }, 1, 0]);
    const end = { result: 'budget_exhausted', reason: 'budget_exhausted' };
    expect(ends).toMatchObject([
      { key: KEY, statistics: { ...end, attempts: [{ reason: end.reason, status: 503 }] } },
    ]);
    expect(engine.statistics.snapshot().results.budget_exhausted).toBe(1);
  });

  it.each(DRIVERS)('exhausted ends with the last error as it was, over %s', async (_driver, start) => {
    const { clock, engine } = guardedEngine({ budget: NO_RETRIES });
    const error = codedError('ECONNRESET');
    const request = start(engine);
    request.fail(error);
    await clock.advance(0);
    expect(request.end).toEqual({ error });
    expect(getRetryStatistics(error)?.result).toBe('budget_exhausted');
  });

  it('exhausted lets execute throw the same error object, and tells onGiveUp', async () => {
    const onGiveUp = vi.fn<(event: EndEvent) => void>();
    const onRetry = vi.fn<() => void>();
    const { engine } = virtualEngine({ budget: NO_RETRIES, hooks: { onGiveUp, onRetry } });
    const error = new Error('again');
    expect(await rejectionOf(engine.execute(() => Promise.reject(error)))).toBe(error);
    expect(error).not.toHaveProperty('statistics');
    expect(onGiveUp.mock.calls).toMatchObject([[{ statistics: { result: 'budget_exhausted' } }]]);
    expect(onRetry).not.toHaveBeenCalled();
  });

  it('is charged when a retry is scheduled', async () => {
    const { clock, engine } = virtualEngine({ budget: { ratio: 0, minPerSecond: 1, window: 1000 } });
    const first = engine.run(new FakeExchange([503, 200]));
    await clock.advance(0);
    await expect(clock.run(engine.run(new FakeExchange([503])))).resolves.toMatchObject({ status: 503 });
    await expect(clock.run(first)).resolves.toMatchObject({ status: 200 });
    expect(engine.guards.snapshot()).toEqual([
      { key: KEY, budget: { allowed: 1, available: 0, refused: 1 } },
    ]);
  });

  it('is one for each key', async () => {
    const { clock, engine } = virtualEngine({ budget: { ratio: 0, minPerSecond: 0.1 }, maxAttempts: 2 });
    const run = async (key: string): Promise<number> => {
      const exchange = new FakeExchange([503, 200], { call: { method: 'GET', key } });
      return (await clock.run(engine.run(exchange))).status;
    };
    expect([await run('a'), await run('a'), await run('b'), await run('b')]).toEqual([200, 503, 200, 503]);
    expect(engine.guards.snapshot().map(({ budget, key }) => [key, budget?.refused])).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
  });

  it('of tokens is the quota of the AWS SDKs', async () => {
    const { clock, engine } = virtualEngine({ budget: { kind: 'tokens', capacity: 30 } });
    await clock.run(engine.run(new FakeExchange([500, 200])));
    expect(engine.guards.snapshot()[0]?.budget?.available).toBe(30);
    await rejectionOf(clock.run(engine.run(new FakeExchange([500, 500, 500]))));
    expect(engine.guards.snapshot()[0]?.budget?.available).toBe(2);
  });
});

describe('the budget of gRPC', () => {
  const budget = { kind: 'tokens', capacity: 10, cost: 1, refund: 0, threshold: 0.5 } as const;
  const leftOf = (engine: RetryEngine): number | undefined => engine.guards.snapshot()[0]?.budget?.available;

  it('is charged for failures that a retry could mend, and for no other', async () => {
    const { clock, engine } = virtualEngine({ budget, throwOnExhausted: false });
    await clock.run(engine.run(new FakeExchange([404])));
    expect(leftOf(engine)).toBe(10);
    await clock.run(engine.run(new FakeExchange([503, 503, 404])));
    expect(leftOf(engine)).toBe(8);
  });

  it('is not charged for an attempt that another has overtaken', async () => {
    const { clock, engine } = virtualEngine({ budget, hedge: { delay: 50, maxExtraLoad: 1 } });
    const exchange = new FakeExchange([neverSettles(), 200]);
    await clock.run(engine.run(Object.assign(exchange, { concurrent: true })));
    expect([exchange.attempts.length, leftOf(engine)]).toEqual([2, 10]);
  });
});

describe('first attempts', () => {
  const budget = { ratio: 0.5, minPerSecond: 0 };

  it('are counted, also those that succeed', async () => {
    const { clock, engine } = virtualEngine({ budget });
    for (let number = 0; number < 3; number += 1) await engine.execute(() => 1);
    expect(engine.guards.snapshot()[0]?.budget?.available).toBe(1);
    const exchange = new FakeExchange([503, 200], { call: { method: 'GET', key: '' } });
    await expect(clock.run(engine.run(exchange))).resolves.toMatchObject({ status: 200 });
    expect(engine.guards.snapshot()[0]?.budget).toMatchObject({ allowed: 1, available: 1 });
  });

  it('are counted once, however often they are retried', async () => {
    const { clock, engine } = virtualEngine({ budget: { ratio: 2, minPerSecond: 0 } });
    await clock.run(engine.run(new FakeExchange([503, 503, 200])));
    expect(engine.guards.snapshot()[0]?.budget).toMatchObject({ allowed: 2, available: 0 });
  });

  it.each<[string, RetryOptions]>([
    ['the circuit breaker', { circuitBreaker: {} }],
    ['the bulkhead', { circuitBreaker: {}, bulkhead: { maxConcurrent: 1 } }],
  ])('that %s refused are not counted: nothing was sent', async (guard, options) => {
    const { clock, engine } = virtualEngine({ budget, ...options });
    if (guard === 'the bulkhead') void engine.execute(() => new Promise(() => undefined)).catch(() => 0);
    else engine.guards.circuitBreaker()?.open();
    await clock.advance(0);
    for (let number = 0; number < 10; number += 1) await rejectionOf(engine.execute(() => 1));
    expect(engine.guards.snapshot()[0]?.budget?.available).toBe(0);
  });
});

describe('an override', () => {
  it('with budget: false retries without one, and charges nothing', async () => {
    const { clock, engine } = virtualEngine({ budget: NO_RETRIES });
    const call = { method: 'GET', retry: { budget: false } } as const;
    const exchange = new FakeExchange([503, 503, 200], { call });
    await expect(clock.run(engine.run(exchange))).resolves.toMatchObject({ status: 200 });
    expect(engine.guards.snapshot()).toEqual([]);
  });

  it('that says nothing of the budget uses that of the engine', async () => {
    const { clock, engine } = virtualEngine({ budget: { ratio: 0, minPerSecond: 0.1 } });
    const call = () => ({ method: 'GET', retry: { maxAttempts: 2 } });
    await clock.run(engine.run(new FakeExchange([503, 200], { call: call() })));
    await expect(engine.run(new FakeExchange([503], { call: call() }))).resolves.toMatchObject({
      status: 503,
    });
    expect(engine.guards.snapshot()[0]?.budget).toMatchObject({ allowed: 1, refused: 1 });
  });

  it('that changes it shares one budget with every request that says the same', async () => {
    const { clock, engine } = virtualEngine({ budget: { ratio: 0, minPerSecond: 0 } });
    const run = async (minPerSecond: number, key = KEY): Promise<number> => {
      // A new object each time: what counts is what it says.
      const call = { method: 'GET', key, retry: { budget: { minPerSecond } } };
      return (await clock.run(engine.run(new FakeExchange([503, 200], { call })))).status;
    };
    expect([await run(0.1), await run(0.1), await run(0.1)]).toEqual([200, 503, 503]);
    expect([await run(0.2), await run(0.2), await run(0.2)]).toEqual([200, 200, 503]);
    expect(await run(0.1, 'another')).toBe(200);
  });

  it('that says what the engine says uses that of the engine', async () => {
    const { clock, engine } = virtualEngine({ budget: { ratio: 0, minPerSecond: 0.1 } });
    const call = { method: 'GET', retry: { budget: { minPerSecond: 0.1 } } };
    await clock.run(engine.run(new FakeExchange([503, 200], { call })));
    expect(engine.guards.snapshot()[0]?.budget).toMatchObject({ allowed: 1, available: 0 });
  });
});
