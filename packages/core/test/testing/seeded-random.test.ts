import { describe, expect, it } from 'vitest';

import { seededRandom } from '../../src/testing/seeded-random.ts';

const draw = (seed: number, count: number): number[] => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, random);
};

describe('a seeded random source', () => {
  it('repeats its numbers for the same seed, and has others for another', () => {
    expect(draw(42, 50)).toEqual(draw(42, 50));
    expect(draw(42, 50)).not.toEqual(draw(43, 50));
  });

  it('gives the same numbers in every release', () => {
    expect(draw(42, 3)).toEqual([0.6011037519201636, 0.44829055899754167, 0.8524657934904099]);
  });

  it('stays within [0, 1), evenly', () => {
    const numbers = draw(7, 10_000);
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
    const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
    expect(mean).toBeCloseTo(0.5, 1);
    expect(new Set(numbers).size).toBeGreaterThan(9990);
  });

  it('takes any seed: 0, negative, a fraction, one that is too large', () => {
    for (const seed of [0, -1, 1.5, 2 ** 40, Number.NaN]) {
      const number = seededRandom(seed)();
      expect(number >= 0 && number < 1).toBe(true);
    }
  });
});
