/** Jitter spreads the retries of many clients over time. */

import type { Jitter } from './backoff.ts';

/**
 * Spreads a wait: `none` keeps it, `full` is U(0, d), `equal` is d/2 + U(0, d/2), `{ range: r }` is d·(1 ± r). The
 * result never passes `cap`.
 *
 * @param delay ms
 * @param fraction a random number in [0, 1)
 */
export function applyJitter(jitter: Jitter, delay: number, fraction: number, cap: number): number {
  if (jitter === 'none') return delay;
  if (jitter === 'full') return delay * fraction;
  if (jitter === 'equal') return delay * (0.5 + fraction / 2);
  return Math.min(delay * (1 - jitter.range + 2 * jitter.range * fraction), cap);
}
