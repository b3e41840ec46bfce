/** The strategies side by side: their waits, and the waits with jitter as bars. */
import Table from 'cli-table3';
import { computeDelays } from '@tenax/core';
import type { RetryOptions, StrategyName } from '@tenax/core';
import { seededRandom } from '@tenax/core/testing';

import { colors } from './colors.ts';

const STRATEGIES: StrategyName[] = ['fixed', 'linear', 'exponential', 'fibonacci', 'decorrelated'];
const ATTEMPTS = 7;
/** Enough draws to show how far jitter spreads the waits. */
const DRAWS = 20;

/** The waits of one strategy, in ms. */
export interface StrategyWaits {
  readonly strategy: StrategyName;
  /** Without jitter; decorrelated is random in itself. */
  readonly plain: readonly number[];
  /** With full jitter. */
  readonly jittered: readonly number[];
  /** With full jitter, once for each of several seeds. */
  readonly draws: readonly StrategyDraw[];
}

/** The waits of a strategy for one seed, in ms. */
export interface StrategyDraw {
  readonly seed: number;
  readonly waits: readonly number[];
}

/** Computes the waits of every strategy with the run's base and cap. */
export function compareStrategies(base: RetryOptions, seed: number): StrategyWaits[] {
  const limits = { baseDelay: base.baseDelay, maxDelay: base.maxDelay };
  return STRATEGIES.map((strategy) => {
    const waits = (jitter: 'none' | 'full', from: number): number[] =>
      computeDelays(
        (strategy === 'decorrelated'
          ? { ...limits, strategy }
          : { ...limits, strategy, jitter }) as RetryOptions,
        ATTEMPTS,
        seededRandom(from),
      ).map(Math.round);
    const seeds = Array.from({ length: DRAWS }, (_, index) => seed + index);
    return {
      strategy,
      plain: waits('none', seed),
      jittered: waits('full', seed),
      draws: seeds.map((from) => ({ seed: from, waits: waits('full', from) })),
    };
  });
}

/** The comparison as a table. */
export function strategyTable(waits: readonly StrategyWaits[]): string {
  const table = new Table({
    head: [
      'waits in ms',
      ...Array.from({ length: ATTEMPTS - 1 }, (_, index) => String(index + 1)),
      'with jitter',
    ],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', ...Array.from({ length: ATTEMPTS - 1 }, () => 'right' as const), 'left'],
  });
  const longest = Math.max(1, ...waits.flatMap(({ jittered }) => jittered));
  for (const { jittered, plain, strategy } of waits) {
    table.push([strategy, ...plain.map(String), colors.cyan(bars(jittered, longest))]);
  }
  return table.toString();
}

const BLOCKS = '▁▂▃▄▅▆▇█';

function bars(values: readonly number[], longest: number): string {
  return values.map((value) => BLOCKS[Math.round((value / longest) * (BLOCKS.length - 1))]).join('');
}
