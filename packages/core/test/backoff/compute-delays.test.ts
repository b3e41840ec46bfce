import { describe, expect, it } from 'vitest';

import { computeDelays } from '../../src/backoff/compute-delays.ts';
import { RetryConfigError } from '../../src/errors.ts';
import { seededRandom } from '../../src/testing/seeded-random.ts';

describe('computeDelays', () => {
  it.each([
    ['fixed', [100, 100, 100, 100, 100]],
    ['linear', [100, 300, 500, 700, 900]],
    ['exponential', [100, 200, 400, 800, 1600]],
    ['fibonacci', [100, 100, 200, 300, 500]],
  ] as const)('%s: the waits between six attempts', (strategy, waits) => {
    expect(computeDelays({ strategy, jitter: 'none' }, 6)).toEqual(waits);
  });

  it('makes one wait less than there are attempts', () => {
    expect(computeDelays({}, 1)).toEqual([]);
    expect(computeDelays({}, 2)).toHaveLength(1);
  });

  it('tells each wait the one before', () => {
    expect(computeDelays({ strategy: 'decorrelated', baseDelay: 100 }, 4, () => 0.5)).toEqual([
      200, 350, 575,
    ]);
  });

  it('stays within maxDelay', () => {
    expect(computeDelays({ jitter: 'none', maxDelay: 300 }, 5)).toEqual([100, 200, 300, 300]);
  });

  it('repeats with the same seed', () => {
    const waits = computeDelays({}, 10, seededRandom(1));
    expect(waits).toEqual(computeDelays({}, 10, seededRandom(1)));
    expect(waits).not.toEqual(computeDelays({}, 10, seededRandom(2)));
  });

  it("draws from the options' own random source unless another is given", () => {
    const options = { jitter: 'full', random: () => 0.25 } as const;
    expect(computeDelays(options, 3)).toEqual([25, 50]);
    expect(computeDelays(options, 3, () => 0.5)).toEqual([50, 100]);
  });

  it.each([0, -1, 1.5, NaN, Infinity])('refuses %d attempts', (attempts) => {
    expect(() => computeDelays({}, attempts)).toThrow(
      new RetryConfigError('attempts', attempts, 'a whole number of at least 1'),
    );
  });

  it.each([null, 0.5, 'random'])('refuses %j as a random source', (random) => {
    expect(() => computeDelays({}, 3, random as never)).toThrow(
      new RetryConfigError('random', random, 'a function that returns a number from 0 to below 1'),
    );
  });

  it('refuses wrong options', () => {
    expect(() => computeDelays({ baseDelay: -1 }, 3)).toThrow(RetryConfigError);
  });
});
