// A query that needs all of a hundred leaves is as slow as the slowest one. What a second request beside a slow one
// takes off its tail, what that costs the leaves, and that `maxExtraLoad` bounds the cost. After Dean and Barroso, "The
// Tail at Scale" (CACM 2013). Run it with `node bench/experiments/hedging.ts`.
import { createRetryEngine } from '@tenax/core';
import type { HedgeOptions, Random } from '@tenax/core';
import { seededRandom } from '@tenax/core/testing';

import { exponential, pareto } from './distributions.ts';
import { EventClock } from './event-clock.ts';
import { percent, printTable, quantile, whole } from './table.ts';

const LEAVES = 100;
const QUERIES = 30_000;
const QUERIES_PER_SECOND = 100;
const SLOW = 0.02;
const QUICK = { least: 1, mean: 2 };
const TAIL = { least: 10, scale: 8, shape: 1.1 };

/** A way to hedge, and the 99.9th percentile and the extra load that the reference gives. */
interface Case {
  readonly hedge: HedgeOptions | false;
  readonly reference?: readonly [tail: string, extraLoad: string];
}

export const CASES: Readonly<Record<string, Case>> = {
  none: { hedge: false, reference: ['about 8,400', '0'] },
  'after 10 ms': { hedge: { delay: 10 }, reference: ['about 53', 'about 3 %'] },
  'after 10 ms, at most 1 %': { hedge: { delay: 10, maxExtraLoad: 0.01 } },
  'default: p95, at most 5 %': { hedge: {} },
};

/** What the queries came to. */
export interface FanOut {
  /** ms, one a query. */
  readonly latencies: readonly number[];
  /** Requests beyond one a leaf, as a share. */
  readonly extraLoad: number;
}

/** Sends `queries` queries, each to all leaves. */
export async function fanOut(hedge: HedgeOptions | false, queries: number, seed: number): Promise<FanOut> {
  const clock = new EventClock();
  const random = seededRandom(seed);
  const engine = createRetryEngine({ budget: false, hedge, clock, random });
  const latencies: number[] = [];
  let requests = 0;
  const leaf = (): Promise<void> => {
    requests += 1;
    return clock.sleep(leafLatency(random));
  };
  const query = async (): Promise<void> => {
    const start = clock.now();
    await Promise.all(Array.from({ length: LEAVES }, () => engine.execute(leaf)));
    latencies.push(clock.now() - start);
  };
  const load = async (): Promise<void> => {
    for (let count = 0; count < queries; count += 1) {
      void query();
      await clock.sleep(exponential(random, 1000 / QUERIES_PER_SECOND));
    }
  };
  const done = load();
  await clock.run();
  await done;
  return { latencies, extraLoad: (requests - queries * LEAVES) / (queries * LEAVES) };
}

/**
 * The quantile of the queries' latency in theory, where no hedge is refused.
 *
 * @param delay ms until the hedge; `undefined` for none
 */
export function modelledQuantile(share: number, delay: number | undefined): number {
  let [low, high] = [0, 1e7];
  while (high - low > 0.01) {
    const middle = (low + high) / 2;
    const late = exceeds(middle) * (delay === undefined ? 1 : exceeds(middle - delay));
    if ((1 - late) ** LEAVES < share) low = middle;
    else high = middle;
  }
  return high;
}

function leafLatency(random: Random): number {
  if (random() < SLOW) return TAIL.least + TAIL.scale * pareto(random, TAIL.shape);
  return QUICK.least + exponential(random, QUICK.mean);
}

/** The probability that a leaf takes longer. */
function exceeds(time: number): number {
  const quick = Math.exp(-Math.max(0, time - QUICK.least) / QUICK.mean);
  const slow = Math.max(1, (time - TAIL.least) / TAIL.scale) ** -TAIL.shape;
  return (1 - SLOW) * quick + SLOW * slow;
}

if (import.meta.main) {
  const rows: string[][] = [];
  for (const [name, { hedge, reference = ['', ''] }] of Object.entries(CASES)) {
    const { extraLoad, latencies } = await fanOut(hedge, QUERIES, 1);
    rows.push([
      name,
      quantile(latencies, 0.5).toFixed(1),
      quantile(latencies, 0.99).toFixed(1),
      whole(quantile(latencies, 0.999)),
      reference[0],
      percent(extraLoad, 2),
      reference[1],
    ]);
  }
  printTable(['hedge', 'p50, ms', 'p99', 'p99.9', 'reference', 'extra load', 'reference'], rows);
  console.log(
    `\nIn theory p99.9 is ${whole(modelledQuantile(0.999, undefined))} ms without hedges and ${modelledQuantile(0.999, 10).toFixed(1)} ms with one after 10 ms.`,
  );
}
