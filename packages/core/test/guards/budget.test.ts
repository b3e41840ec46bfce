import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createRetryBudget } from '../../src/guards/budget.ts';
import type { RetryBudget } from '../../src/guards/budget.ts';
import type { BudgetOptions } from '../../src/guards/guard-options.ts';
import { refusalOf } from '../refusal.ts';
import { manualClock } from './manual-clock.ts';

/** A budget and what moves its time. */
const budgetAt = (options: BudgetOptions = {}): { budget: RetryBudget; at: (now: number) => void } => {
  const clock = manualClock();
  return { budget: createRetryBudget(options, { clock }), at: (time) => (clock.time = time) };
};

const request = (budget: RetryBudget, times: number): void => {
  for (let count = 0; count < times; count += 1) budget.requested();
};

/** Asks for so many retries, and says how many were allowed. */
const allowedOf = (budget: RetryBudget, asked: number): number => {
  let allowed = 0;
  for (let count = 0; count < asked; count += 1) if (budget.tryRetry(false) !== undefined) allowed += 1;
  return allowed;
};

describe('a window budget allows the larger of a share of the requests and a floor', () => {
  it.each([
    ['the defaults allow ten a second without a request', {}, 0, 100],
    ['the share counts once it is larger', {}, 1000, 200],
    ['the floor counts while it is larger', {}, 499, 100],
    ['they are not added up', {}, 500, 100],
    ['the floor grows with the window', { window: 60_000 }, 0, 600],
    ['a floor below one retry is none', { minPerSecond: 0.05 }, 0, 0],
    ['a floor of 0 leaves the share', { minPerSecond: 0, ratio: 0.1 }, 30, 3],
    ['a share that is a hair short in binary', { minPerSecond: 0, ratio: 0.29 }, 100, 29],
    ['part of a retry is none', { minPerSecond: 0, ratio: 0.1 }, 39, 3],
    ['nothing at all', { minPerSecond: 0, ratio: 0 }, 1000, 0],
    ['more retries than requests', { minPerSecond: 0, ratio: 2 }, 10, 20],
    ['the kind may be named', { kind: 'window', minPerSecond: 1, window: 5000 }, 0, 5],
  ] as const)('%s', (_, options, requests, allowed) => {
    const { budget } = budgetAt(options);
    request(budget, requests);
    expect(budget.state.available).toBe(allowed);
    expect(allowedOf(budget, 700)).toBe(allowed);
    expect(budget.state).toEqual({ available: 0, allowed, refused: 700 - allowed });
  });

  it('a retry is charged when it is asked for, whatever becomes of it', () => {
    const { budget } = budgetAt({ minPerSecond: 0.2 });
    expect(budget.tryRetry(false)).toBe(1);
    expect(budget.tryRetry(true)).toBe(1);
    budget.succeeded(1);
    budget.failed(false);
    expect(budget.tryRetry(false)).toBeUndefined();
  });

  it('there are none rather than fewer, where the requests are forgotten before their retries', () => {
    const { at, budget } = budgetAt({ minPerSecond: 0, ratio: 1 });
    request(budget, 5);
    at(9000);
    expect(allowedOf(budget, 5)).toBe(5);
    at(10_500);
    expect(budget.state.available).toBe(0);
  });

  it('a refused retry is not charged', () => {
    const { budget } = budgetAt({ minPerSecond: 0, ratio: 0.5 });
    expect(allowedOf(budget, 10)).toBe(0);
    request(budget, 2);
    expect(allowedOf(budget, 10)).toBe(1);
  });
});

describe('the window slides', () => {
  it('a retry is forgotten within the window, and not before nine tenths of it', () => {
    const { at, budget } = budgetAt({ minPerSecond: 0.1, ratio: 0 });
    expect(allowedOf(budget, 2)).toBe(1);
    at(8999);
    expect(budget.tryRetry(false)).toBeUndefined();
    at(10_000);
    expect(budget.tryRetry(false)).toBe(1);
  });

  it('requests are forgotten as retries are', () => {
    const { at, budget } = budgetAt({ minPerSecond: 0 });
    request(budget, 50);
    expect(budget.state.available).toBe(10);
    at(10_000);
    expect(budget.state.available).toBe(0);
    request(budget, 5);
    expect(budget.state.available).toBe(1);
  });

  it('what was allowed at different times comes back at different times', () => {
    const { at, budget } = budgetAt({ minPerSecond: 0.2, ratio: 0 });
    budget.tryRetry(false);
    at(5000);
    budget.tryRetry(false);
    at(10_000);
    expect(allowedOf(budget, 3)).toBe(1);
    at(15_000);
    expect(allowedOf(budget, 3)).toBe(1);
  });

  it('a clock that is set back neither forgets nor refuses for good', () => {
    const { at, budget } = budgetAt({ minPerSecond: 0.1, ratio: 0 });
    at(50_000);
    budget.tryRetry(false);
    at(20_000);
    expect(budget.tryRetry(false)).toBeUndefined();
    request(budget, 3);
    at(60_000);
    expect(budget.tryRetry(false)).toBe(1);
  });

  it('the time may be given instead of read', () => {
    const { budget } = budgetAt({ minPerSecond: 0, ratio: 1 });
    budget.requested(30_000);
    expect(budget.tryRetry(false, 30_001)).toBe(1);
    expect(budget.tryRetry(false, 30_002)).toBeUndefined();
    budget.requested(30_003);
    expect(budget.tryRetry(false, 45_000)).toBeUndefined();
  });

  it('in no span of nine tenths of the window are more retries allowed than its share and its floor', () => {
    const step = fc.record({ wait: fc.integer({ min: 0, max: 400 }), retry: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const { at, budget } = budgetAt({ minPerSecond: 3, ratio: 0.5, window: 1000 });
        const requests: number[] = [];
        const retries: number[] = [];
        let now = 0;
        const recent = (times: number[], span: number): number =>
          times.filter((time) => time > now - span).length;
        for (const { retry, wait } of steps) {
          now += wait;
          at(now);
          if (!retry) {
            budget.requested();
            requests.push(now);
            continue;
          }
          const allowed = budget.tryRetry(false) !== undefined;
          if (allowed) retries.push(now);
          const most = Math.max(3, recent(requests, 1000) / 2);
          expect(!allowed || recent(retries, 900) <= most).toBe(true);
        }
      }),
    );
  });
});

describe('a budget of its own is refused as the option is', () => {
  it.each([
    ['budget.ratio', '-0.1', 'a number of at least 0', { ratio: -0.1 }],
    ['budget.window', '0', 'a number of ms of at least 1', { window: 0 }],
    ['budget.kind', '"bucket"', "'window' or 'tokens'", { kind: 'bucket' }],
    ['budget.cost', '"1"', 'a number of at least 0', { kind: 'tokens', cost: '1' }],
    ['budget.threshold', '1', 'a number from 0 to below 1', { kind: 'tokens', threshold: 1 }],
  ])('%s: %s', (path, given, accepted, options) => {
    expect(refusalOf(() => createRetryBudget(options as BudgetOptions))).toMatchObject({
      code: 'TENAX_CONFIG',
      path,
      given,
      accepted,
    });
  });

  it.each([
    ['null', null],
    ['true', true],
    ['5', 5],
  ])('no object: %s', (given, options) => {
    const error = refusalOf(() => createRetryBudget(options as unknown as BudgetOptions));
    expect(error).toMatchObject({ path: 'budget', given });
    expect(error.accepted).toMatch(/^an object \{ ratio, minPerSecond, window \}/);
  });

  it('needs no options and no clock', () => {
    expect(createRetryBudget().state).toEqual({ available: 100, allowed: 0, refused: 0 });
  });
});
