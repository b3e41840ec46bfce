import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { applyJitter } from '../../src/backoff/jitter.ts';
import { seededRandom } from '../../src/testing/seeded-random.ts';
import { CASES, delays, fractions } from './arbitraries.ts';

/** Rounding may pass a bound by the last digit. */
const ROUNDING = 1e-12;

// 100,000 samples of a fixed seed: the bound is more than five standard errors wide, and no run differs.
const mean = (jitter: 'full' | 'equal' | { range: number }): number => {
  const random = seededRandom(2026);
  let sum = 0;
  for (let sample = 0; sample < 100_000; sample += 1) sum += applyJitter(jitter, 1000, random(), 20_000);
  return sum / 100_000;
};

describe('jitter at its ends', () => {
  it.each([
    ['none', 'none', 0, 1000],
    ['none', 'none', 0.75, 1000],
    ['full, lowest', 'full', 0, 0],
    ['full, middle', 'full', 0.5, 500],
    ['equal, lowest', 'equal', 0, 500],
    ['equal, middle', 'equal', 0.5, 750],
    ['range 0.1, lowest', { range: 0.1 }, 0, 900],
    ['range 0.1, middle', { range: 0.1 }, 0.5, 1000],
    ['range 1, lowest', { range: 1 }, 0, 0],
    ['range 0', { range: 0 }, 0.75, 1000],
  ] as const)('%s', (_, jitter, fraction, wait) => {
    expect(applyJitter(jitter, 1000, fraction, 20_000)).toBeCloseTo(wait, 9);
  });

  it('a range never passes the cap', () => {
    expect(applyJitter({ range: 0.5 }, 1000, 0.999, 1200)).toBe(1200);
  });
});

describe('jitter within its bounds, for every wait and every random number', () => {
  it('full: U(0, d)', () => {
    fc.assert(
      fc.property(delays, fractions, (delay, fraction) => {
        const wait = applyJitter('full', delay, fraction, delay);
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(delay);
      }),
      CASES,
    );
  });

  it('equal: d/2 + U(0, d/2)', () => {
    fc.assert(
      fc.property(delays, fractions, (delay, fraction) => {
        const wait = applyJitter('equal', delay, fraction, delay);
        expect(wait).toBeGreaterThanOrEqual(delay / 2);
        expect(wait).toBeLessThanOrEqual(delay);
      }),
      CASES,
    );
  });

  it('range: d · (1 ± r)', () => {
    const ranges = fc.double({ min: 0, max: 1, noNaN: true });
    const moderate = fc.double({ min: 0, max: 1e300, noNaN: true });
    fc.assert(
      fc.property(moderate, fractions, ranges, (delay, fraction, range) => {
        const wait = applyJitter({ range }, delay, fraction, Number.MAX_VALUE);
        expect(wait).toBeGreaterThanOrEqual(delay * (1 - range) * (1 - ROUNDING));
        expect(wait).toBeLessThanOrEqual(delay * (1 + range) * (1 + ROUNDING));
      }),
      CASES,
    );
  });
});

describe('the mean of many jittered waits', () => {
  it.each([
    ['full jitter: half the wait', 'full', 500],
    ['equal jitter: three quarters of the wait', 'equal', 750],
    ['a range: the wait itself', { range: 0.5 }, 1000],
  ] as const)('%s', (_, jitter, expected) => {
    expect(Math.abs(mean(jitter) - expected)).toBeLessThan(5);
  });

  it('full jitter spreads evenly: every tenth of the wait is drawn equally often', () => {
    const random = seededRandom(7);
    const tenths = Array.from({ length: 10 }, () => 0);
    for (let sample = 0; sample < 100_000; sample += 1) {
      const tenth = Math.floor(applyJitter('full', 10, random(), 10));
      tenths[tenth] = (tenths[tenth] ?? NaN) + 1;
    }
    for (const count of tenths) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });
});
