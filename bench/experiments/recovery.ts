/**
 * An outage over real sockets: fifty clients, a server that answers 503 for five seconds and then recovers. It counts
 * its requests, with Tenax' guards and without them, once for each adapter.
 *
 *     node bench/experiments/recovery.ts
 */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { attachRetry } from '@tenax/axios-adapter';
import type { RetryOptions } from '@tenax/core';
import { createRetryingFetch } from '@tenax/fetch-adapter';
import { RetryDispatcher } from '@tenax/undici-dispatcher';
import { create } from 'axios';
import { Agent, request } from 'undici';

const CLIENTS = 50;
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

/** Sends a request, and says whether it was answered well. */
interface Client {
  get(url: string): Promise<boolean>;
  close(): Promise<void>;
}

const CLIENTS_OF: Readonly<Record<string, (options: RetryOptions) => Client>> = {
  fetch: (options) => {
    const send = createRetryingFetch(options);
    const get = async (url: string): Promise<boolean> => {
      const response = await send(url);
      await response.text();
      return response.ok;
    };
    return { get, close: async () => undefined };
  },
  axios: (options) => {
    const instance = create();
    const handle = attachRetry(instance, options);
    const get = async (url: string): Promise<boolean> => (await instance.get(url)).status === 200;
    return { get, close: async () => handle.detach() };
  },
  undici: (options) => {
    const dispatcher = new RetryDispatcher(new Agent(), options);
    const get = async (url: string): Promise<boolean> => {
      const { body, statusCode } = await request(url, { dispatcher });
      await body.dump();
      return statusCode === 200;
    };
    return { get, close: () => dispatcher.close() };
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
      const good = await client.get(url).catch(() => false);
      if (good) answers.push(performance.now() - start);
      await sleep(PAUSE);
    }
  };
  const all = Promise.all(Array.from({ length: CLIENTS }, work));
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
for (const [adapter, makeClient] of Object.entries(CLIENTS_OF)) {
  for (const [mode, options] of Object.entries(MODES)) {
    const { begunInOutage, duringOutage, goodputBack } = await run(makeClient, options);
    const each = (duringOutage / begunInOutage).toFixed(2);
    console.log(`| ${adapter} | ${mode} | ${duringOutage} | ${each} | ${goodputBack} ms |`);
  }
}
