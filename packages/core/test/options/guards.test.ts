import { describe, expect, it } from 'vitest';

import { createRetryEngine } from '../../src/engine.ts';
import { createRetryBudget } from '../../src/guards/budget.ts';
import { createBulkhead } from '../../src/guards/bulkhead.ts';
import { createCircuitBreaker } from '../../src/guards/circuit-breaker.ts';
import { createPacer } from '../../src/guards/pacer.ts';
import { refusalOf } from '../refusal.ts';

const engineWith = (options: object): unknown => createRetryEngine(options);

const AMOUNT = 'a number of at least 0';
const POSITIVE = 'a number of ms greater than 0';
const WINDOW_TIME = 'a number of ms of at least 1';
const WHOLE = 'a whole number of at least 1';
const CALLS = 'a whole number from 1 to 1,000,000';
const SHARE = 'a number greater than 0, up to 1';
const WINDOW = 'an object { calls } or { duration }';
const BUDGET =
  "an object { ratio, minPerSecond, window } or { kind: 'tokens', capacity, cost, throttledCost, refund, threshold }, or false for no limit";
const BREAKER = 'an object of circuit breaker options, {} for the defaults, or false';
const BULKHEAD = 'an object { maxConcurrent, maxQueue, queueTimeout }, or false';
const PACER = 'an object { minRate }, {} for the defaults, or false';
const RATE = 'a number of requests per second greater than 0';
const HEDGE = 'an object { delay, maxHedges, maxExtraLoad }, {} for the defaults, or false';
const HEDGE_DELAY = "a number of ms of at least 0, or a quantile such as 'p95', from 'p1' to 'p99.99'";

const tokens = (options: object): object => ({ budget: { kind: 'tokens', ...options } });
const breaker = (options: object): object => ({ circuitBreaker: options });
const bulkhead = (options: object): object => ({ bulkhead: { maxConcurrent: 1, ...options } });
const hedge = (options: object): object => ({ hedge: options });

describe('a wrong guard is refused with its path, what was given and what is accepted', () => {
  it.each<readonly [path: string, given: string, accepted: string, options: object]>([
    ['budget', 'true', BUDGET, { budget: true }],
    ['budget', 'null', BUDGET, { budget: null }],
    ['budget.kind', '"bucket"', "'window' or 'tokens'", { budget: { kind: 'bucket' } }],
    ['budget.kind', '"bucket"', "'window' or 'tokens'", { budget: { kind: 'bucket', capacity: 1 } }],
    ['budget.ratio', '-1', AMOUNT, { budget: { ratio: -1 } }],
    ['budget.ratio', '"1"', AMOUNT, { budget: { ratio: '1' } }],
    ['budget.ratio', 'Infinity', AMOUNT, { budget: { ratio: Infinity } }],
    ['budget.minPerSecond', '-1', AMOUNT, { budget: { minPerSecond: -1 } }],
    ['budget.window', '0', WINDOW_TIME, { budget: { window: 0 } }],
    ['budget.capacity', '-1', AMOUNT, tokens({ capacity: -1 })],
    ['budget.cost', 'NaN', AMOUNT, tokens({ cost: NaN })],
    ['budget.throttledCost', '"5"', AMOUNT, tokens({ throttledCost: '5' })],
    ['budget.refund', '-0.5', AMOUNT, tokens({ refund: -0.5 })],
    ['budget.threshold', '1', 'a number from 0 to below 1', tokens({ threshold: 1 })],
    ['budget.threshold', '-0.1', 'a number from 0 to below 1', tokens({ threshold: -0.1 })],
    ['circuitBreaker', 'true', BREAKER, { circuitBreaker: true }],
    ['circuitBreaker.failureRate', '0', SHARE, breaker({ failureRate: 0 })],
    ['circuitBreaker.failureRate', '50', SHARE, breaker({ failureRate: 50 })],
    ['circuitBreaker.slowCallRate', '0', SHARE, breaker({ slowCallRate: 0, slowCallDuration: 1 })],
    ['circuitBreaker.slowCallDuration', '0', POSITIVE, breaker({ slowCallRate: 1, slowCallDuration: 0 })],
    ['circuitBreaker.window', '5', WINDOW, breaker({ window: 5 })],
    ['circuitBreaker.window', '{}', WINDOW, breaker({ window: {} })],
    ['circuitBreaker.window.calls', '0', CALLS, breaker({ window: { calls: 0 } })],
    ['circuitBreaker.window.calls', '1000001', CALLS, breaker({ window: { calls: 1_000_001 } })],
    ['circuitBreaker.window.duration', '0', WINDOW_TIME, breaker({ window: { duration: 0 } })],
    ['circuitBreaker.minimumThroughput', '1.5', WHOLE, breaker({ minimumThroughput: 1.5 })],
    ['circuitBreaker.openTime', '0', POSITIVE, breaker({ openTime: 0 })],
    ['circuitBreaker.openTimeGrowth', '0.5', 'a number of at least 1', breaker({ openTimeGrowth: 0.5 })],
    ['circuitBreaker.maxOpenTime', 'Infinity', POSITIVE, breaker({ maxOpenTime: Infinity })],
    ['circuitBreaker.openTimeJitter', '2', 'a number from 0 to 1', breaker({ openTimeJitter: 2 })],
    ['circuitBreaker.probes', '0', WHOLE, breaker({ probes: 0 })],
    ['circuitBreaker.maxHalfOpenTime', '-1', POSITIVE, breaker({ maxHalfOpenTime: -1 })],
    ['circuitBreaker.mode', '"all"', "'requests' or 'retries'", breaker({ mode: 'all' })],
    ['bulkhead', '5', BULKHEAD, { bulkhead: 5 }],
    ['bulkhead.maxConcurrent', 'undefined', WHOLE, { bulkhead: {} }],
    ['bulkhead.maxConcurrent', '0', WHOLE, { bulkhead: { maxConcurrent: 0 } }],
    ['bulkhead.maxQueue', '-1', 'a whole number of at least 0', bulkhead({ maxQueue: -1 })],
    [
      'bulkhead.queueTimeout',
      '0',
      `${POSITIVE}; leave it out for none`,
      bulkhead({ maxQueue: 1, queueTimeout: 0 }),
    ],
    ['pacer', '1', PACER, { pacer: 1 }],
    ['pacer.minRate', '0', RATE, { pacer: { minRate: 0 } }],
    ['hedge', '"p95"', HEDGE, { hedge: 'p95' }],
    ...[-1, NaN, null, 'p0', 'p100', 'p99.999', 'p05', '95', 'q95'].map(
      (delay) =>
        [
          'hedge.delay',
          typeof delay === 'string' ? `"${delay}"` : String(delay),
          HEDGE_DELAY,
          hedge({ delay }),
        ] as const,
    ),
    ['hedge.maxHedges', '0', WHOLE, hedge({ maxHedges: 0 })],
    ['hedge.maxExtraLoad', '0', 'a number greater than 0', hedge({ maxExtraLoad: 0 })],
  ])('%s: %s', (path, given, accepted, options) => {
    expect(refusalOf(() => engineWith(options))).toMatchObject({
      code: 'TENAX_CONFIG',
      path,
      given,
      accepted,
      message: `${path}: given ${given}, accepted: ${accepted}`,
    });
  });
});

describe('an unknown setting is refused with those that are known', () => {
  it.each([
    ['circuitBreaker.threshold', /^only failureRate, slowCallRate, .*, mode$/, breaker({ threshold: 1 })],
    ['bulkhead.limit', /^only maxConcurrent, maxQueue, queueTimeout$/, bulkhead({ limit: 1 })],
    ['pacer.rate', /^only minRate$/, { pacer: { rate: 1 } }],
    ['hedge.after', /^only delay, maxHedges, maxExtraLoad$/, hedge({ after: 1 })],
    ['budget.rate', /^only .*ratio, minPerSecond, window/, { budget: { rate: 1 } }],
    ['budget.rate', /^only .*capacity, cost, throttledCost, refund, threshold/, tokens({ rate: 1 })],
  ])('%s', (path, accepted, options) => {
    const error = refusalOf(() => engineWith(options));
    expect(error).toMatchObject({ path, given: '1' });
    expect(error.accepted).toMatch(accepted);
  });

  it.each([
    ['capacity', { budget: { capacity: 5 } }],
    ['ratio', tokens({ ratio: 5 })],
  ])('a setting of the other kind of budget is not among them: %s', (name, options) => {
    const error = refusalOf(() => engineWith(options));
    expect(error.path).toBe(`budget.${name}`);
    expect(error.accepted).not.toContain(name);
  });
});

describe('a guard alone', () => {
  it('is refused in the words of the option', () => {
    for (const make of [createCircuitBreaker, (options: object) => engineWith({ circuitBreaker: options })]) {
      expect(refusalOf(() => make({ window: { size: 5 } } as never)).message).toBe(
        `circuitBreaker.window: given {"size":5}, accepted: ${WINDOW}`,
      );
    }
  });

  it.each([false, true, null, 5, []])('is never %s, and no refusal says that it may be false', (options) => {
    for (const make of [createBulkhead, createCircuitBreaker, createPacer, createRetryBudget]) {
      expect(() => make(options as never)).toThrow(/accepted: an object (?!.*false)/u);
    }
  });
});
