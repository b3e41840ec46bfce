import { describe, expect, it } from 'vitest';

import { createRetryEngine } from '../../src/engine.ts';
import type { RetryOptions } from '../../src/options.ts';
import { refusalOf } from '../refusal.ts';

const GUARDS = ['budget', 'circuitBreaker', 'bulkhead', 'pacer', 'hedge'] as const;
const policyOf = (options: object): ReturnType<typeof createRetryEngine>['policy'] =>
  createRetryEngine(options).policy;

describe('settings that cannot hold together are refused with the reason', () => {
  // Types refuse some of them; JavaScript and JSON know none.
  it.each<[message: string, options: object]>([
    [
      'circuitBreaker.slowCallDuration: given undefined, accepted: a value together with slowCallRate',
      { circuitBreaker: { slowCallRate: 0.5 } },
    ],
    [
      'circuitBreaker.slowCallRate: given undefined, accepted: a value together with slowCallDuration',
      { circuitBreaker: { slowCallDuration: 100 } },
    ],
    [
      'circuitBreaker.slowCallDuration: given 200, accepted: less than attemptTimeout, which is 200 ms: no call lasts longer',
      { attemptTimeout: 200, circuitBreaker: { slowCallRate: 0.5, slowCallDuration: 200 } },
    ],
    [
      'circuitBreaker.openTime: given 200, accepted: at most maxOpenTime, which is 100 ms',
      { circuitBreaker: { openTime: 200, maxOpenTime: 100 } },
    ],
    [
      'circuitBreaker.minimumThroughput: given 11, accepted: at most window.calls, which is 10: the window holds no more',
      { circuitBreaker: { minimumThroughput: 11, window: { calls: 10 } } },
    ],
    [
      'circuitBreaker.window.duration: given 399, accepted: at least twice attemptTimeout, which is 200 ms: slow failures would be forgotten before they count',
      { attemptTimeout: 200, circuitBreaker: { window: { duration: 399 } } },
    ],
    [
      'bulkhead.queueTimeout: given 5, accepted: no queueTimeout without a queue; give maxQueue too',
      { bulkhead: { maxConcurrent: 1, queueTimeout: 5 } },
    ],
    [
      'bulkhead.queueTimeout: given 5, accepted: no queueTimeout without a queue; give maxQueue too',
      { bulkhead: { maxConcurrent: 1, maxQueue: 0, queueTimeout: 5 } },
    ],
    [
      'hedge.delay: given 200, accepted: less than attemptTimeout, which is 200 ms: the attempt has ended by then',
      { attemptTimeout: 200, hedge: { delay: 200 } },
    ],
  ])('%s', (message, options) => {
    expect(refusalOf(() => policyOf(options)).message).toBe(message);
  });

  it.each<[title: string, options: RetryOptions]>([
    ['slow calls, whole', { circuitBreaker: { slowCallRate: 0.5, slowCallDuration: 100 } }],
    [
      'a slow call below attemptTimeout',
      { attemptTimeout: 200, circuitBreaker: { slowCallRate: 1, slowCallDuration: 199 } },
    ],
    ['openTime that is maxOpenTime', { circuitBreaker: { openTime: 100, maxOpenTime: 100 } }],
    [
      'throughput that fills the window',
      { circuitBreaker: { minimumThroughput: 10, window: { calls: 10 } } },
    ],
    [
      'a window of twice attemptTimeout',
      { attemptTimeout: 200, circuitBreaker: { window: { duration: 400 } } },
    ],
    ['a window of one call', { circuitBreaker: { window: { calls: 1 } } }],
    ['a queue with a timeout', { bulkhead: { maxConcurrent: 1, maxQueue: 1, queueTimeout: 5 } }],
    ['a hedge before attemptTimeout', { attemptTimeout: 200, hedge: { delay: 199 } }],
    ['a quantile with attemptTimeout', { attemptTimeout: 1, hedge: { delay: 'p99.99' } }],
    ['a budget that allows nothing', { budget: { ratio: 0, minPerSecond: 0 } }],
    ['settings that are undefined', { circuitBreaker: { openTime: undefined, window: undefined } }],
    [
      'calls beside a duration that is undefined',
      { circuitBreaker: { window: { calls: 5, duration: undefined } } },
    ],
    [
      'a duration beside calls that are undefined',
      { circuitBreaker: { window: { calls: undefined, duration: 5 } } },
    ],
  ])('%s is accepted', (_, options) => {
    expect(() => policyOf(options)).not.toThrow();
  });
});

describe('the defaults', () => {
  it('there is a budget, and no other guard', () => {
    expect(policyOf({})).toMatchObject({
      budget: { kind: 'window', ratio: 0.2, minPerSecond: 10, window: 10_000 },
      circuitBreaker: false,
      bulkhead: false,
      pacer: false,
      hedge: false,
    });
  });

  it.each<[guard: (typeof GUARDS)[number], options: RetryOptions, settings: object]>([
    [
      'budget',
      { budget: { kind: 'tokens' } },
      { kind: 'tokens', capacity: 500, cost: 14, throttledCost: 5, refund: 1, threshold: undefined },
    ],
    [
      'budget',
      { budget: { kind: 'tokens', cost: 1, threshold: 0.5 } },
      { kind: 'tokens', capacity: 500, cost: 1, throttledCost: 1, refund: 1, threshold: 0.5 },
    ],
    [
      'circuitBreaker',
      { circuitBreaker: {} },
      {
        failureRate: 0.5,
        slowCallRate: undefined,
        slowCallDuration: undefined,
        window: { duration: 30_000 },
        minimumThroughput: 20,
        openTime: 5000,
        openTimeGrowth: 2,
        maxOpenTime: 60_000,
        openTimeJitter: 0.2,
        probes: 3,
        maxHalfOpenTime: 30_000,
        mode: 'requests',
      },
    ],
    [
      'bulkhead',
      { bulkhead: { maxConcurrent: 5 } },
      { maxConcurrent: 5, maxQueue: 0, queueTimeout: undefined },
    ],
    ['pacer', { pacer: {} }, { minRate: 0.5 }],
    ['hedge', { hedge: {} }, { delay: { quantile: 0.95 }, maxHedges: 1, maxExtraLoad: 0.05 }],
  ])('%s %#', (guard, options, settings) => {
    const policy = policyOf(options);
    expect(policy[guard]).toEqual(settings);
    expect(Object.isFrozen(policy[guard])).toBe(true);
  });

  it.each<[title: string, options: RetryOptions, settings: object]>([
    ['a short window of calls', { circuitBreaker: { window: { calls: 5 } } }, { minimumThroughput: 5 }],
    ['a short maxOpenTime', { circuitBreaker: { maxOpenTime: 100 } }, { openTime: 100 }],
    ['a long openTime', { circuitBreaker: { openTime: 90_000 } }, { maxOpenTime: 90_000 }],
    [
      'a long attemptTimeout',
      { attemptTimeout: 40_000, circuitBreaker: {} },
      { window: { duration: 80_000 } },
    ],
  ])('never collide with what was given: %s', (_, options, settings) => {
    expect(policyOf(options).circuitBreaker).toMatchObject(settings);
  });

  it.each(GUARDS)('false turns it off: %s', (guard) => {
    expect(policyOf({ [guard]: false })[guard]).toBe(false);
  });

  it('what the user gave is not frozen', () => {
    const window = { calls: 5 };
    const options: RetryOptions = { budget: {}, circuitBreaker: { window }, hedge: { delay: 'p90' } };
    policyOf(options);
    expect([options.budget, options.circuitBreaker, window, options.hedge].some(Object.isFrozen)).toBe(false);
  });
});
