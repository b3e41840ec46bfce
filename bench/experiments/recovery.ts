/**
 * An outage over real sockets: fifty clients, a server that answers 503 for five seconds and then recovers. It counts
 * its requests, with Tenax' guards and without them, once for each adapter.
 *
 *     node bench/experiments/recovery.ts
 */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import type { RetryOptions } from '@tenax/core';

import { CLIENTS } from './clients.ts';
import type { Client } from './clients.ts';

const CONCURRENCY = 50;
const PAUSE = 20;
/** ms of each part of a run. */
const HEALTHY = 3000;
const OUTAGE = 5000;
const AFTER = 4000;
/** Goodput is looked at in slices of this many ms. */
const SLICE = 100;

const RETRIES: RetryOptions = { maxAttempts: 4, baseDelay: 50, maxDelay: 1000, throwOnExhausted: false };
const MODES: Readonly<Record<string, RetryOptions>> = {
  'no retries': { ...RETRIES, maxAttempts: 1, budget: false },
  'no guards': { ...RETRIES, budget: false },
  budget: RETRIES,
  'budget and breaker': {
    ...RETRIES,
    circuitBreaker: { window: { duration: 2000 }, openTime: 250, maxOpenTime: 1000 },
  },
};

interface Run {
  /** Requests that the server saw while it failed. */
  readonly duringOutage: number;
  /** Operations that were begun then. */
  readonly begunInOutage: number;
  /** ms from the recovery until a slice had nine tenths of the goodput before. */
  readonly goodputBack: number;
}

async function run(makeClient: (options: RetryOptions) => Client, options: RetryOptions): Promise<Run> {
  let failing = false;
  let duringOutage = 0;
  const server = createServer((_, response) => {
    if (failing) duringOutage += 1;
    response.statusCode = failing ? 503 : 200;
    response.end('{}');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const client = makeClient(options);
  const start = performance.now();
  const answers: number[] = [];
  let begunInOutage = 0;
  const work = async (): Promise<void> => {
    while (performance.now() - start < HEALTHY + OUTAGE + AFTER) {
      if (failing) begunInOutage += 1;
      const status = await client.get(url).catch(() => 0);
      if (status === 200) answers.push(performance.now() - start);
      await sleep(PAUSE);
    }
  };
  const all = Promise.all(Array.from({ length: CONCURRENCY }, work));
  await sleep(HEALTHY);
  failing = true;
  await sleep(OUTAGE);
  failing = false;
  const recovery = performance.now() - start;
  await all;
  await client.close();
  server.closeAllConnections();
  server.close();
  const slices = (from: number, to: number): number => answers.filter((at) => at >= from && at < to).length;
  const before = slices(1000, HEALTHY) / ((HEALTHY - 1000) / SLICE);
  let back = 0;
  while (back < AFTER && slices(recovery + back, recovery + back + SLICE) < 0.9 * before) back += SLICE;
  return { duringOutage, begunInOutage, goodputBack: back };
}

console.log(
  '| adapter | guards | requests in the outage | for each operation begun in it | goodput is back after |',
);
console.log('| --- | --- | --- | --- | --- |');
for (const [adapter, makeClient] of Object.entries(CLIENTS)) {
  for (const [mode, options] of Object.entries(MODES)) {
    const { begunInOutage, duringOutage, goodputBack } = await run(makeClient, options);
    const each = (duringOutage / begunInOutage).toFixed(2);
    console.log(`| ${adapter} | ${mode} | ${duringOutage} | ${each} | ${goodputBack} ms |`);
  }
}
