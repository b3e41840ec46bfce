import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { RollingSums } from '../../src/guards/rolling-sums.ts';

describe('rolling sums', () => {
  it('keep each field by itself', () => {
    const sums = new RollingSums(1000, 2);
    sums.add(0, 3, 0);
    sums.add(1, 4, 50);
    sums.add(0, 5, 150);
    expect([sums.sum(0, 150), sums.sum(1, 150)]).toEqual([8, 4]);
  });

  it('forget a tenth of the window at a time', () => {
    const sums = new RollingSums(1000, 1);
    for (let now = 0; now < 1000; now += 50) sums.add(0, 1, now);
    const left = [999, 1000, 1099, 1100, 1899, 1900, 1999].map((now) => sums.sum(0, now));
    expect(left).toEqual([20, 18, 18, 16, 2, 0, 0]);
  });

  it('after a pause longer than the window nothing is left', () => {
    const sums = new RollingSums(1000, 1);
    sums.add(0, 7, 500);
    expect(sums.sum(0, 1e12)).toBe(0);
    sums.add(0, 1, 1e12);
    expect(sums.sum(0, 1e12)).toBe(1);
  });

  it('a clock that is set back stays where it was', () => {
    const sums = new RollingSums(1000, 1);
    sums.add(0, 1, 5000);
    sums.add(0, 1, 100);
    expect(sums.sum(0, 100)).toBe(2);
    expect(sums.sum(0, 5999)).toBe(2);
    expect(sums.sum(0, 6000)).toBe(0);
  });

  it('times before the origin of the clock are times', () => {
    const sums = new RollingSums(1000, 1);
    sums.add(0, 1, -2550);
    sums.add(0, 1, -2000);
    expect(sums.sum(0, -1600)).toBe(1);
    expect(sums.sum(0, -1000)).toBe(0);
  });

  it('can be cleared', () => {
    const sums = new RollingSums(1000, 2);
    sums.add(1, 1, 0);
    sums.clear();
    expect(sums.sum(1, 0)).toBe(0);
    sums.add(1, 2, 0);
    expect(sums.sum(1, 0)).toBe(2);
  });

  it('hold what came in the last nine tenths of the window, and nothing older than the window', () => {
    const step = fc.record({ wait: fc.nat(700), amount: fc.integer({ min: 1, max: 5 }) });
    fc.assert(
      fc.property(fc.constantFrom(1, 7, 1000, 1234.5), fc.array(step), (window, steps) => {
        const sums = new RollingSums(window, 1);
        const seen: { readonly at: number; readonly amount: number }[] = [];
        let now = 0;
        const total = (span: number): number =>
          seen.reduce((sum, { amount, at }) => (at > now - span ? sum + amount : sum), 0);
        for (const { amount, wait } of steps) {
          now += wait;
          sums.add(0, amount, now);
          seen.push({ at: now, amount });
          expect(sums.sum(0, now)).toBeGreaterThanOrEqual(total(window * 0.9));
          expect(sums.sum(0, now)).toBeLessThanOrEqual(total(window + 1e-6));
        }
      }),
    );
  });
});
