// From samples to a figure: a value, and how far it may be off.

/** A value, and half the width of its 95 % interval. */
export interface Figure {
  readonly value: number;
  /** Not known where a single set of processes was measured: `NaN`, and `null` in JSON. */
  readonly spread: number | null;
}

/** Two-sided 95 % quantiles of Student's t, for 1, 2, … degrees of freedom: few sets need a wider interval. */
const STUDENT = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13];
const NORMAL = 2.05;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length / 2;
  if (sorted.length % 2 === 1) return sorted[Math.floor(middle)] as number;
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** The mean of independent values, such as the medians of several sets of processes. */
export function estimate(values: readonly number[]): Figure {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const standardError = Math.sqrt(squares / (values.length - 1) / values.length);
  return { value: mean, spread: (STUDENT[values.length - 2] ?? NORMAL) * standardError };
}

/** A value that does not vary, such as the size of a file. */
export function exact(value: number): Figure {
  return { value, spread: 0 };
}
