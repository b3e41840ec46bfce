// Whether a service recovers from a spike of five seconds while its clients time out and retry. The model is that of
// simple_collapse_sim in https://github.com/mbrooker/simulator_example: a server that slows down with every request in
// it, and is not told when a client has given one up. Run it with `node bench/experiments/metastability.ts`.
import { createRetryEngine } from '@tenax/core';
import type { RetryEngine, RetryOptions } from '@tenax/core';
import { seededRandom } from '@tenax/core/testing';

import { exponential } from './distributions.ts';
import { EventClock } from './event-clock.ts';
import { mean, printTable } from './table.ts';

const RATE = 40;
const SPIKE = { from: 20_000, to: 25_000, rate: 80 };
const MEASURED = { from: 100_000, to: 120_000 };
/** Load goes on until what was measured has ended: three tries of three seconds, and the waits between them. */
const END = 130_000;
/** The least share of requests that are answered in a service that works. */
const WORKS = 0.9;

const RUNS = 100;

/** A way to retry, and how many runs recover with it in the model. */
interface Case {
  readonly policy: RetryOptions;
  /** Clients that share the load; each has an engine of its own. */
  readonly clients: number;
  readonly reference?: string;
}

export const CASES: Readonly<Record<string, Case>> = {
  'no retries': { policy: { maxAttempts: 1 }, clients: 1, reference: '30 of 30' },
  'immediate retries': { policy: { baseDelay: 0, budget: false }, clients: 1, reference: 'about 9 of 30' },
  'full jitter from 100 ms': { policy: { budget: false }, clients: 1, reference: 'about 9 of 30' },
  'default budget': { policy: {}, clients: 1, reference: '30 of 30' },
  'default budget, 4 clients': { policy: {}, clients: 4 },
  'floor of 1 a second, 4 clients': { policy: { budget: { minPerSecond: 1 } }, clients: 4 },
};

/** What one run came to. */
export interface Run {
  /** The share of the measured requests that were answered. */
  readonly goodput: number;
  /** Attempts that reached the server for each measured request. */
  readonly load: number;
}

/** One run of two minutes. */
export async function collapse(policy: RetryOptions, clients: number, seed: number): Promise<Run> {
  const clock = new EventClock();
  const random = seededRandom(seed);
  const options = { ...policy, attemptTimeout: 3000, clock, random };
  const engines = Array.from({ length: clients }, () => createRetryEngine(options));
  const isMeasured = (): boolean => clock.now() >= MEASURED.from && clock.now() < MEASURED.to;
  let requests = 0;
  let answered = 0;
  let attempts = 0;
  let concurrency = 0;

  const hop = (): Promise<void> => clock.sleep(exponential(random, 100));
  const attempt = async (): Promise<void> => {
    await hop();
    if (isMeasured()) attempts += 1;
    concurrency += 1;
    await clock.sleep(1000 + 10 * concurrency);
    concurrency -= 1;
    await hop();
  };
  const request = async (engine: RetryEngine): Promise<void> => {
    const counts = isMeasured();
    if (counts) requests += 1;
    try {
      await engine.execute(attempt);
      if (counts) answered += 1;
    } catch {
      // It is missing in `answered`.
    }
  };
  const load = async (): Promise<void> => {
    for (let index = 0; clock.now() < END; index = (index + 1) % clients) {
      void request(engines[index] as RetryEngine);
      const inSpike = clock.now() >= SPIKE.from && clock.now() < SPIKE.to;
      await clock.sleep(exponential(random, 1000 / (inSpike ? SPIKE.rate : RATE)));
    }
  };
  const done = load();
  await clock.run();
  await done;
  return { goodput: answered / requests, load: attempts / requests };
}

/** Whether the service works again at the end. */
export function recovered(run: Run): boolean {
  return run.goodput >= WORKS;
}

if (import.meta.main) {
  // Nobody reads the stacks of a million timeouts.
  Error.stackTraceLimit = 0;
  const rows: string[][] = [];
  for (const [name, { clients, policy, reference = '' }] of Object.entries(CASES)) {
    const runs: Run[] = [];
    for (let seed = 1; seed <= RUNS; seed += 1) runs.push(await collapse(policy, clients, seed));
    rows.push([
      name,
      String(runs.filter(recovered).length),
      reference,
      mean(runs.map((run) => run.goodput)).toFixed(3),
      Math.min(...runs.map((run) => run.goodput)).toFixed(3),
      mean(runs.map((run) => run.load)).toFixed(2),
    ]);
  }
  printTable(
    ['retries', `of ${RUNS} recover`, 'reference', 'goodput', 'least goodput', 'attempts a request'],
    rows,
  );
}
