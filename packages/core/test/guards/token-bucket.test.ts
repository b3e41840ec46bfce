import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { TokenBucket } from '../../src/guards/token-bucket.ts';

describe('a token bucket', () => {
  it('fills with time, up to its limit', () => {
    const bucket = new TokenBucket(2, 3, 0, 1000);
    expect([1000, 1250, 1500, 2000, 2500, 90_000].map((now) => bucket.level(now))).toEqual([
      0, 0.5, 1, 2, 3, 3,
    ]);
  });

  it('says how long tokens take, whatever the limit', () => {
    const bucket = new TokenBucket(2, 3, 0.5, 0);
    expect(bucket.timeUntil(1, 0)).toBe(250);
    expect(bucket.timeUntil(10, 0)).toBe(4750);
    expect(bucket.timeUntil(1, 250)).toBe(0);
  });

  it('never has fewer than none', () => {
    const bucket = new TokenBucket(1, 5, 0.25, 0);
    bucket.take();
    bucket.take();
    expect(bucket.level(0)).toBe(0);
    expect(bucket.timeUntil(1, 0)).toBe(1000);
  });

  it('a shortage that is mere rounding is none', () => {
    const bucket = new TokenBucket(10, 1, 0, 0);
    for (let now = 0; now <= 100; now += 0.1) bucket.level(now);
    expect(bucket.timeUntil(1, 100)).toBe(0);
  });

  it('what came before a change of the rate came at the old one', () => {
    const bucket = new TokenBucket(1, 10, 0, 0);
    bucket.setRate(100, 10, 2000);
    expect(bucket.perSecond).toBe(100);
    expect(bucket.level(2000)).toBe(2);
    expect(bucket.level(2010)).toBe(3);
  });

  it('a lower limit takes what is above it, a higher one gives nothing', () => {
    const bucket = new TokenBucket(0, 10, 8, 0);
    bucket.setRate(0, 4, 0);
    bucket.setRate(0, 10, 0);
    expect(bucket.level(0)).toBe(4);
  });

  it('without a rate it never fills', () => {
    expect(new TokenBucket(0, 1, 0, 0).timeUntil(1, 1e12)).toBe(Infinity);
  });

  it('a clock that is set back neither takes nor gives twice', () => {
    const bucket = new TokenBucket(1, 10, 0, 5000);
    expect(bucket.level(7000)).toBe(2);
    expect(bucket.level(1000)).toBe(2);
    expect(bucket.level(7000)).toBe(2);
    expect(bucket.level(8000)).toBe(3);
  });

  it('whatever happens, the level is from 0 to the limit and a wait is no less than 0', () => {
    const step = fc.record({
      now: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      take: fc.boolean(),
      perSecond: fc.double({ min: 0, max: 1e6, noNaN: true }),
      limit: fc.double({ min: 0, max: 1e6, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const bucket = new TokenBucket(1, 1, 0, 0);
        let most = 1;
        for (const { limit, now, perSecond, take } of steps) {
          if (!take) most = limit;
          if (take) bucket.take();
          else bucket.setRate(perSecond, limit, now);
          const level = bucket.level(now);
          expect(level).toBeGreaterThanOrEqual(0);
          expect(level).toBeLessThanOrEqual(most);
          expect(bucket.timeUntil(1, now)).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});
