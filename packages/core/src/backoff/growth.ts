/** The growth of a wait with the attempt number, without jitter. Every function is pure and never passes `cap`. */

/** The same wait each time. */
export function fixed(base: number, cap: number): number {
  return Math.min(base, cap);
}

/** base, base·(1 + m), base·(1 + 2m) … */
export function linear(base: number, multiplier: number, attemptNumber: number, cap: number): number {
  // 0 · Infinity would be NaN.
  if (base === 0) return 0;
  return Math.min(base * (1 + multiplier * (attemptNumber - 1)), cap);
}

/** base, base·m, base·m² … */
export function exponential(base: number, multiplier: number, attemptNumber: number, cap: number): number {
  // 0 · Infinity would be NaN.
  if (base === 0) return 0;
  return Math.min(base * multiplier ** (attemptNumber - 1), cap);
}

/** base · 1, 1, 2, 3, 5, 8 … Iterative, and it ends where the cap does. */
export function fibonacci(base: number, attemptNumber: number, cap: number): number {
  if (base === 0) return 0;
  let previous = 0;
  let current = base;
  for (let number = 1; number < attemptNumber && current < cap; number += 1) {
    [previous, current] = [current, previous + current];
  }
  return Math.min(current, cap);
}

/**
 * U(base, 3 · the wait before): "decorrelated jitter" of the AWS Architecture Blog, "Exponential Backoff And Jitter".
 * It is random in itself and takes no other jitter.
 *
 * @param fraction a random number in [0, 1).
 */
export function decorrelated(base: number, previousDelay: number, fraction: number, cap: number): number {
  // Finite, for Infinity · 0 would be NaN.
  const upper = Math.min(3 * Math.max(previousDelay, base), Number.MAX_VALUE);
  return Math.min(base + (upper - base) * fraction, cap);
}
