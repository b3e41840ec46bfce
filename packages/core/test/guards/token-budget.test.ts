import { describe, expect, it } from 'vitest';

import { createRetryBudget } from '../../src/guards/budget.ts';
import type { TokenBudgetOptions } from '../../src/guards/guard-options.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';

describe('a token budget', () => {
  it('has the quota of the AWS SDKs by default', () => {
    const budget = createRetryBudget({ kind: 'tokens' });
    expect(budget.state).toEqual({ available: 500, allowed: 0, refused: 0 });
    expect(budget.tryRetry(false)).toBe(14);
    expect(budget.tryRetry(true)).toBe(5);
    expect(budget.state).toEqual({ available: 481, allowed: 2, refused: 0 });
    budget.succeeded(0);
    expect(budget.state.available).toBe(482);
    budget.succeeded(14);
    expect(budget.state.available).toBe(496);
  });

  it('never holds more than its capacity', () => {
    const budget = createRetryBudget({ kind: 'tokens', capacity: 20 });
    budget.tryRetry(true);
    budget.succeeded(14);
    budget.succeeded(0);
    expect(budget.state.available).toBe(20);
  });

  it('refuses what it can not pay, and takes nothing for it', () => {
    const budget = createRetryBudget({ kind: 'tokens', capacity: 13 });
    expect(budget.tryRetry(false)).toBeUndefined();
    expect(budget.tryRetry(true)).toBe(5);
    expect(budget.state).toEqual({ available: 8, allowed: 1, refused: 1 });
  });

  it.each([3, 10, 30])('%d refunds of that part buy what costs one', (parts) => {
    const budget = createRetryBudget({ kind: 'tokens', capacity: 1, cost: 1, refund: 1 / parts });
    budget.tryRetry(false);
    for (let success = 0; success < parts; success += 1) budget.succeeded(0);
    expect(budget.state.available).toBe(1);
    expect(budget.tryRetry(false)).toBe(1);
  });

  it('takes nothing for a failure, and gives nothing for time', async () => {
    const clock = virtualClock();
    const budget = createRetryBudget({ kind: 'tokens', capacity: 20 }, { clock });
    budget.failed(false);
    budget.requested();
    expect(budget.state.available).toBe(20);
    budget.tryRetry(false);
    await clock.advance(1e9);
    expect(budget.state.available).toBe(6);
  });

  it.each([
    ['a capacity of 0 allows none', { kind: 'tokens', capacity: 0 }, 0],
    ['a cost of 0 allows any number', { kind: 'tokens', cost: 0 }, 700],
    ['a cost of one in ten', { kind: 'tokens', capacity: 10, cost: 1 }, 10],
  ] as const satisfies [string, TokenBudgetOptions, number][])('%s', (_, options, allowed) => {
    const budget = createRetryBudget(options);
    for (let asked = 0; asked < 700; asked += 1) budget.tryRetry(false);
    expect(budget.state).toMatchObject({ allowed, refused: 700 - allowed });
  });
});

describe('a token budget with a threshold', () => {
  const options = { kind: 'tokens', capacity: 10, cost: 1, refund: 0.5, threshold: 0.5 } as const;

  it('takes the cost of every failure, and allows retries while more than the threshold is left', () => {
    const budget = createRetryBudget(options);
    for (let failures = 0; failures < 4; failures += 1) budget.failed(false);
    expect(budget.tryRetry(false)).toBe(1);
    budget.failed(false);
    expect(budget.tryRetry(false)).toBeUndefined();
    expect(budget.state).toEqual({ available: 5, allowed: 1, refused: 1 });
  });

  it('brings back the refund alone, and holds neither less than nothing nor more than all', () => {
    const budget = createRetryBudget(options);
    for (let failures = 0; failures < 12; failures += 1) budget.failed(true);
    expect(budget.state.available).toBe(0);
    budget.succeeded(1);
    expect(budget.state.available).toBe(0.5);
    for (let successes = 0; successes < 30; successes += 1) budget.succeeded(0);
    expect(budget.state.available).toBe(10);
  });

  it('ten refunds of three tenths do not pass a threshold that they reach', () => {
    const budget = createRetryBudget({ ...options, refund: 0.3 });
    for (let failure = 0; failure < 8; failure += 1) budget.failed(false);
    for (let success = 0; success < 10; success += 1) budget.succeeded(0);
    expect(budget.state.available).toBe(5);
    expect(budget.tryRetry(false)).toBeUndefined();
  });

  it('nor do fifty failures that cost a tenth leave more than the half that they leave', () => {
    const budget = createRetryBudget({ ...options, cost: 0.1 });
    for (let failure = 0; failure < 50; failure += 1) budget.failed(false);
    expect(budget.state.available).toBe(5);
    expect(budget.tryRetry(false)).toBeUndefined();
  });

  it('a throttled failure costs what any other does, unless told otherwise', () => {
    const own = createRetryBudget({ ...options, throttledCost: 3 });
    own.failed(true);
    expect(own.state.available).toBe(7);
    expect(own.tryRetry(true)).toBe(3);
  });
});
