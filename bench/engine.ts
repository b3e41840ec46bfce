// What an operation costs that succeeds at once: the bare call beside the engine, on no network. Each case has a process
// of its own, and its best round counts: whatever else the machine does only adds. Run it with `node bench/engine.ts`.
import { execFileSync } from 'node:child_process';

import { createRetryEngine } from '@tenax/core';
import type { RetryOptions } from '@tenax/core';
import { createRetryingFetch } from '@tenax/fetch-adapter';

const ROUNDS = 15;
const CALLS = 200_000;
const CALLS_FOR_BYTES = 2000;

const work = async (): Promise<number> => 1;
const answer = async (): Promise<Response> => new Response('ok');
const TIMEOUTS: RetryOptions = { timeout: 10_000, attemptTimeout: 5_000 };

const engineCase = (options: RetryOptions) => (): (() => Promise<unknown>) => {
  const engine = createRetryEngine(options);
  return () => engine.execute(work);
};

const CASES: Readonly<Record<string, () => () => Promise<unknown>>> = {
  'the function, bare': () => work,
  'engine.execute': engineCase({}),
  'without a budget': engineCase({ budget: false }),
  'with both timeouts': engineCase(TIMEOUTS),
  'with timeouts, budget and breaker': engineCase({ ...TIMEOUTS, circuitBreaker: {} }),
  'fetch answered at once, bare': () => answer,
  'the retrying fetch': () => {
    const retrying = createRetryingFetch({ fetch: answer });
    return () => retrying('http://localhost/');
  },
};

async function nanoseconds(call: () => Promise<unknown>): Promise<number> {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = process.hrtime.bigint();
    for (let count = 0; count < CALLS; count += 1) await call();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / CALLS);
  }
  return best;
}

/** Between two collections nothing is freed, so what the heap has grown by was allocated. */
async function bytes(call: () => Promise<unknown>): Promise<number> {
  let least = Infinity;
  for (let round = 0; round < ROUNDS; round += 1) {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    for (let count = 0; count < CALLS_FOR_BYTES; count += 1) await call();
    const grown = (process.memoryUsage().heapUsed - before) / CALLS_FOR_BYTES;
    if (grown > 0) least = Math.min(least, grown);
  }
  return least;
}

const [name] = process.argv.slice(2);
const makeCall = name === undefined ? undefined : CASES[name];
if (makeCall) {
  const call = makeCall();
  const time = await nanoseconds(call);
  console.log(JSON.stringify({ time, allocated: await bytes(call) }));
} else {
  console.log('| case | time | allocated |\n| --- | --- | --- |');
  const flags = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64'];
  for (const title of Object.keys(CASES)) {
    const output = execFileSync(process.execPath, [...flags, import.meta.filename, title], {
      encoding: 'utf8',
    });
    const { allocated, time } = JSON.parse(output) as { time: number; allocated: number };
    console.log(`| ${title} | ${Math.round(time)} ns | ${Math.round(allocated)} B |`);
  }
}
