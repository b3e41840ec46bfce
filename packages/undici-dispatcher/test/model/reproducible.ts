/**
 * How a property is tried. A failure prints its seed and its path: `MODEL_SEED=… MODEL_PATH=… vitest …` plays that one
 * script again, and `MODEL_RUNS=100000` looks further.
 */

import process from 'node:process';

import type * as fc from 'fast-check';

export function reproducible(runs: number): Pick<fc.Parameters, 'numRuns' | 'seed' | 'path'> {
  const { MODEL_PATH, MODEL_RUNS, MODEL_SEED } = process.env;
  return {
    numRuns: Number(MODEL_RUNS ?? runs),
    ...(MODEL_SEED && { seed: Number(MODEL_SEED) }),
    ...(MODEL_PATH && { path: MODEL_PATH }),
  };
}
