import { describe, expect, it } from 'vitest';

import { decorrelated, exponential, fibonacci, fixed, linear } from '../../src/backoff/growth.ts';

const CAP = 20_000;
const firstSix = (grow: (attemptNumber: number) => number): number[] => [1, 2, 3, 4, 5, 6].map(grow);

describe('the growth of a wait', () => {
  it.each([
    ['fixed', () => fixed(100, CAP), [100, 100, 100, 100, 100, 100]],
    ['linear', (n: number) => linear(100, 2, n, CAP), [100, 300, 500, 700, 900, 1100]],
    ['linear with multiplier 1', (n: number) => linear(100, 1, n, CAP), [100, 200, 300, 400, 500, 600]],
    ['exponential', (n: number) => exponential(100, 2, n, CAP), [100, 200, 400, 800, 1600, 3200]],
    ['exponential with 3', (n: number) => exponential(100, 3, n, CAP), [100, 300, 900, 2700, 8100, CAP]],
    ['fibonacci', (n: number) => fibonacci(100, n, CAP), [100, 100, 200, 300, 500, 800]],
  ])('%s: its first six waits', (_, grow, waits) => {
    expect(firstSix(grow)).toEqual(waits);
  });

  it.each([
    ['fixed', fixed(100, 60)],
    ['linear', linear(100, 2, 1_000_000, 60)],
    ['exponential', exponential(100, 2, 1_000_000, 60)],
    ['fibonacci', fibonacci(100, 1_000_000, 60)],
    ['decorrelated', decorrelated(100, 1_000_000, 0.99, 60)],
  ])('%s ends exactly at the cap', (_, wait) => {
    expect(wait).toBe(60);
  });

  it.each([
    ['fixed', fixed(0, CAP)],
    ['linear, even where its factor is infinite', linear(0, 1e308, 1_000_000, CAP)],
    ['exponential, even where its factor is infinite', exponential(0, 2, 1_000_000, CAP)],
    ['fibonacci', fibonacci(0, 1_000_000, CAP)],
    ['decorrelated', decorrelated(0, 0, 0.5, CAP)],
  ])('%s with a base of 0 stays 0', (_, wait) => {
    expect(wait).toBe(0);
  });

  it('EDGE 9: attempt 2,000 of an exponential policy waits the cap, not Infinity', () => {
    expect(100 * 2 ** 1999).toBe(Infinity);
    expect(exponential(100, 2, 2000, CAP)).toBe(CAP);
  });

  it('EDGE 9: attempt 2,000 of a Fibonacci policy waits the cap', () => {
    expect(fibonacci(100, 2000, CAP)).toBe(CAP);
  });
});

describe('decorrelated growth', () => {
  it.each([
    ['the first wait starts from the base', 0, 0, 100],
    ['the first wait reaches up to three times the base', 0, 0.5, 200],
    ['a later wait starts from the base too', 400, 0, 100],
    ['a later wait reaches up to three times the one before', 400, 0.5, 650],
  ])('%s', (_, previousDelay, fraction, wait) => {
    expect(decorrelated(100, previousDelay, fraction, CAP)).toBe(wait);
  });

  it('stays a number where three times the wait before is beyond all numbers', () => {
    expect(decorrelated(1e308, 1e308, 0, Number.MAX_VALUE)).toBe(1e308);
  });
});
