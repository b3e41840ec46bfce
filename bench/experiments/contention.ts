// Clients that write the same row at once: a write fails when another one came between it and its read, and is then
// tried again. What jitter saves. The model is that of https://github.com/aws-samples/aws-arch-backoff-simulator, of the
// AWS Architecture Blog's "Exponential Backoff And Jitter". Run it with `node bench/experiments/contention.ts`.
import { createRetryEngine } from '@tenax/core';
import type { Random, RetryOptions } from '@tenax/core';
import { seededRandom } from '@tenax/core/testing';

import { normal } from './distributions.ts';
import { EventClock } from './event-clock.ts';
import { mean, percent, printTable, whole } from './table.ts';

/** What the clients of one run came to. */
export interface Contention {
  /** Writes that reached the server. */
  readonly calls: number;
  /** ms until the last client had its write. */
  readonly completion: number;
}

/** A way to wait, and what the reference comes to with it at 100 clients. */
interface Case {
  readonly backoff: RetryOptions;
  readonly reference: Contention;
}

/** The reference waits 5 ms times a power of two that begins with 2, so that its unit of 5 ms is our first wait of 10. */
export const CASES: Readonly<Record<string, Case>> = {
  none: {
    backoff: { strategy: 'fixed', baseDelay: 0, jitter: 'none' },
    reference: { calls: 2420, completion: 2021 },
  },
  exponential: {
    backoff: { strategy: 'exponential', baseDelay: 10, jitter: 'none' },
    reference: { calls: 1860, completion: 63_637 },
  },
  'exponential, equal jitter': {
    backoff: { strategy: 'exponential', baseDelay: 10, jitter: 'equal' },
    reference: { calls: 811, completion: 6620 },
  },
  'exponential, full jitter': {
    backoff: { strategy: 'exponential', baseDelay: 10, jitter: 'full' },
    reference: { calls: 797, completion: 4924 },
  },
  decorrelated: {
    backoff: { strategy: 'decorrelated', baseDelay: 5 },
    reference: { calls: 999, completion: 4585 },
  },
};

/** Lets `clients` clients write the row once each. */
export async function contend(backoff: RetryOptions, clients: number, random: Random): Promise<Contention> {
  const clock = new EventClock();
  const engine = createRetryEngine({
    maxDelay: 2000,
    ...backoff,
    maxAttempts: Infinity,
    timeout: 1e12,
    budget: false,
    clock,
    random,
  });
  const hop = (): Promise<void> => clock.sleep(Math.abs(normal(random, 10, 2)));
  let version = 0;
  let calls = 0;
  let completion = 0;
  const write = async (): Promise<void> => {
    await hop();
    const read = version;
    await hop();
    await hop();
    calls += 1;
    const isCurrent = read === version;
    if (isCurrent) version += 1;
    await hop();
    if (!isCurrent) throw new Error('Another client has written the row');
    completion = clock.now();
  };
  const done = Promise.all(Array.from({ length: clients }, () => engine.execute(write)));
  await clock.run();
  await done;
  return { calls, completion };
}

/** The means over `runs` runs. */
export async function contendOften(
  backoff: RetryOptions,
  clients: number,
  runs: number,
): Promise<Contention> {
  const results: Contention[] = [];
  for (let seed = 1; seed <= runs; seed += 1) {
    results.push(await contend(backoff, clients, seededRandom(seed)));
  }
  return {
    calls: mean(results.map((result) => result.calls)),
    completion: mean(results.map((result) => result.completion)),
  };
}

if (import.meta.main) {
  const rows: string[][] = [];
  for (const [name, { backoff, reference }] of Object.entries(CASES)) {
    const { calls, completion } = await contendOften(backoff, 100, 100);
    rows.push([
      name,
      whole(calls),
      whole(reference.calls),
      percent(calls / reference.calls - 1),
      whole(completion),
      whole(reference.completion),
      percent(completion / reference.completion - 1),
    ]);
  }
  printTable(['backoff', 'calls', 'reference', 'off by', 'completion, ms', 'reference', 'off by'], rows);
}
