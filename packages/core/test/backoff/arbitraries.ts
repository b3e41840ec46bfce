/** What the property tests of backoff draw from: everything that the options accept. */

import * as fc from 'fast-check';

/** How often each property is tried. */
export const CASES = { numRuns: 10_000 } as const;

/** Durations that options accept: from 0 to the largest number. */
export const delays: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, 1, 100, 20_000, Number.MIN_VALUE, Number.MAX_VALUE),
  fc.integer({ min: 0, max: 1_000_000 }),
  fc.double({ min: 0, max: Number.MAX_VALUE, noNaN: true }),
);

/** What a random source gives: [0, 1). */
export const fractions: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, 1 - Number.EPSILON / 2),
  fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
);

export const attemptNumbers: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 1, max: 20 }),
  fc.constantFrom(1024, 1025, 2000, 1_000_000),
  fc.integer({ min: 1, max: 1_000_000 }),
);

export const multipliers: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(1, 2, Number.MAX_VALUE),
  fc.double({ min: 1, max: 10, noNaN: true }),
);
