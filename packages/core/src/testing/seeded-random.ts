/** Randomness that repeats. */

import type { Random } from '../clock.ts';

/**
 * A source of numbers in [0, 1) that gives the same sequence for the same seed (mulberry32). For tests, not for secrets.
 *
 * @example
 * const engine = createRetryEngine({ random: seededRandom(42) });
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
