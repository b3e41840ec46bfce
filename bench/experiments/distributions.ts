// What the worlds of the experiments draw their times from.
import type { Random } from '@tenax/core';

/** Box and Muller's method. */
export function normal(random: Random, mean: number, deviation: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return mean + deviation * radius * Math.cos(2 * Math.PI * random());
}

export function exponential(random: Random, mean: number): number {
  return -mean * Math.log(1 - random());
}

/** At least 1; P(more than x) = x^-shape. */
export function pareto(random: Random, shape: number): number {
  return (1 - random()) ** (-1 / shape);
}
