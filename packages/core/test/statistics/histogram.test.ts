import { DDSketch } from '@datadog/sketches-js';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { DurationHistogram } from '../../src/statistics/histogram.ts';
import { CASES } from '../backoff/arbitraries.ts';

const of = (durations: readonly number[]): DurationHistogram => {
  const histogram = new DurationHistogram();
  for (const duration of durations) histogram.record(duration);
  return histogram;
};

describe('a histogram of durations', () => {
  it('is 0 when nothing was counted', () => {
    const empty = of([]);
    expect([empty.count, empty.mean(), empty.quantile(0.5), empty.quantile(0.99)]).toEqual([0, 0, 0, 0]);
  });

  it('has the exact mean', () => {
    expect(of([1, 2, 6]).mean()).toBe(3);
  });

  it.each([
    [0, 1],
    [0.5, 500],
    [0.95, 950],
    [0.99, 990],
    [1, 1000],
  ])('has the quantile %d of the durations from 1 to 1,000 ms within 1 %%', (quantile, duration) => {
    const histogram = of(Array.from({ length: 1000 }, (_, index) => index + 1));
    expect(Math.abs(histogram.quantile(quantile) / duration - 1)).toBeLessThan(0.0101 + 1 / duration / 2);
  });

  it('has every quantile within 1 % of the duration at that rank', () => {
    const durations = fc.array(fc.double({ min: 0.01, max: 1e8, noNaN: true }), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(durations, fc.constantFrom(0, 0.5, 0.95, 0.99, 1), (values, quantile) => {
        const sorted = values.toSorted((one, other) => one - other);
        const exact = sorted[Math.floor(quantile * (sorted.length - 1))] ?? NaN;
        expect(Math.abs(of(values).quantile(quantile) / exact - 1)).toBeLessThan(0.0100001);
      }),
      CASES,
    );
  });

  it('agrees with the published sketch of the same error', () => {
    const durations = fc.array(fc.double({ min: 0.01, max: 1e8, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(durations, fc.constantFrom(0, 0.5, 0.95, 0.99, 1), (values, quantile) => {
        const sketch = new DDSketch({ relativeAccuracy: 0.01 });
        for (const value of values) sketch.accept(value);
        const published = sketch.getValueAtQuantile(quantile);
        // Both are within 1 % of the same duration.
        expect(Math.abs(of(values).quantile(quantile) / published - 1)).toBeLessThan(0.0203);
      }),
      CASES,
    );
  });

  it.each([
    ['0', 0, 0],
    ['less than a microsecond', 1e-6, 0],
    ['a clock that went back', -5, 0],
  ])('takes %s', (_, duration, quantile) => {
    expect(of([duration]).quantile(0.5)).toBe(quantile);
  });

  it('adds up to what one would have counted that saw it all', () => {
    const durations = fc.array(fc.double({ min: 0, max: 1e10, noNaN: true }), { maxLength: 20 });
    fc.assert(
      fc.property(durations, durations, (ones, others) => {
        const sum = of(ones);
        sum.add(of(others));
        const whole = of([...ones, ...others]);
        expect(sum.count).toBe(whole.count);
        for (const quantile of [0, 0.25, 0.5, 0.75, 1]) {
          expect(sum.quantile(quantile)).toBe(whole.quantile(quantile));
        }
      }),
      CASES,
    );
  });

  it('puts what takes longer than eleven days into the last bucket', () => {
    expect(of([1e12]).quantile(0.5)).toBe(of([1e15]).quantile(0.5));
    expect(of([1e12]).quantile(0.5)).toBeGreaterThan(9e8);
  });
});
