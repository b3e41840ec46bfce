import { readFileSync } from 'node:fs';

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { CubicRate, cubicSuccess, cubicThrottle } from '../../src/guards/cubic-rate.ts';

interface Vectors {
  readonly min_fill: number;
  readonly success_from_wmax10_t5: readonly (readonly [seconds: number, rate: number])[];
  readonly mixed: readonly (readonly [seconds: number, throttled: 0 | 1, rate: number])[];
  readonly sending: readonly (readonly [seconds: number, throttled: 0 | 1, measured: number, rate: number])[];
}

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/aws_cubic.json', import.meta.url), 'utf8'),
) as Vectors;

describe('the cubic curve', () => {
  it.each(vectors.success_from_wmax10_t5)(
    'climbs from a maximum of 10: at %f s it is %f',
    (seconds, rate) => {
      expect(cubicSuccess(10, seconds - 5)).toBeCloseTo(rate, 6);
    },
  );

  it('falls by the share and climbs from there', () => {
    let [lastMax, lastThrottle, rate] = [10, 5, 0];
    for (const [seconds, throttled, expected] of vectors.mixed) {
      if (throttled) {
        rate = cubicThrottle(rate);
        // These rows climb back to what is left, not to what was too much.
        [lastMax, lastThrottle] = [rate, seconds];
      } else {
        rate = cubicSuccess(lastMax, seconds - lastThrottle);
      }
      expect(rate).toBeCloseTo(expected, 6);
    }
    expect(vectors.mixed).toHaveLength(8);
  });

  it('begins where the throttling left it', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 1e6, noNaN: true }), (rate) => {
        expect(cubicSuccess(rate, 0) / cubicThrottle(rate)).toBeCloseTo(1, 6);
      }),
    );
  });
});

describe('the rate that is learned', () => {
  it('is that of the SDKs, response by response', () => {
    const cubic = new CubicRate(vectors.min_fill);
    for (const [seconds, throttled, measured, rate] of vectors.sending) {
      cubic.update(throttled === 1, seconds);
      expect(cubic.measured).toBeCloseTo(measured, 6);
      expect(cubic.rate).toBeCloseTo(rate, 6);
    }
    expect(vectors.sending).toHaveLength(17);
  });

  it('does not matter where the clock begins', () => {
    const cubic = new CubicRate(vectors.min_fill);
    for (const [seconds, throttled, measured, rate] of vectors.sending) {
      cubic.update(throttled === 1, seconds + 86_400);
      expect(cubic.measured).toBeCloseTo(measured, 6);
      expect(cubic.rate).toBeCloseTo(rate, 6);
    }
  });

  it('knows whether a response was ever throttled', () => {
    const cubic = new CubicRate(0.5);
    cubic.update(false, 0);
    expect(cubic.throttled).toBe(false);
    cubic.update(true, 1);
    cubic.update(false, 2);
    expect(cubic.throttled).toBe(true);
  });

  it('is never below the smallest rate, and falls by throttling alone', () => {
    // Less than 0: a response that came before the one before it, and is told of later.
    const response = fc.tuple(fc.boolean(), fc.double({ min: -5, max: 5, noNaN: true }));
    fc.assert(
      fc.property(fc.constantFrom(0.001, 0.5, 20), fc.array(response), (minRate, responses) => {
        const cubic = new CubicRate(minRate);
        let seconds = 0;
        for (const [throttled, wait] of responses) {
          seconds += wait;
          const before = cubic.rate;
          cubic.update(throttled, seconds);
          // The curve begins at the rate that throttling has left, but for the rounding of a cube root.
          expect(cubic.rate).toBeGreaterThanOrEqual(throttled ? minRate : before * (1 - 1e-12));
          expect(cubic.rate).toBeLessThanOrEqual(Math.max(throttled ? minRate : before, 2 * cubic.measured));
        }
      }),
      {
        examples: [
          [
            0.001,
            [
              [false, 0],
              [true, 4.5],
              [false, 0],
            ],
          ],
          [
            0.5,
            [
              [false, 0],
              [false, 0.1],
              [false, 0.5],
              [true, 0.5],
              [false, -0.9],
            ],
          ],
        ],
      },
    );
  });
});
