// The happy path over a real socket, each client as a ratio to the bare fetch of the same run. The bare fetch stands
// twice: the second row shows what a difference is worth. Run it with `node bench/fetch.ts`.
import { fork } from 'node:child_process';
import { once } from 'node:events';

import { createRetryingFetch } from '@tenax/fetch-adapter';

const ROUNDS = 30;
const SEQUENTIAL = 400;
const CONCURRENT = 1600;
const CONCURRENCY = 64;

type Client = (url: string) => Promise<Response>;

const retrying = createRetryingFetch();
const bounded = createRetryingFetch({ attemptTimeout: 5_000, timeout: 10_000 });
const clients: Record<string, Client> = {
  'bare fetch': (url) => fetch(url),
  'bare fetch again': (url) => fetch(url),
  'retrying fetch': (url) => retrying(url),
  'retrying fetch, both timeouts': (url) => bounded(url),
};

interface Sample {
  readonly latency: number;
  readonly throughput: number;
  readonly processor: number;
}

const server = fork(new URL('server.ts', import.meta.url));
const [port] = (await once(server, 'message')) as [number];
const url = `http://127.0.0.1:${port}/`;

const samples = new Map<string, Sample[]>(Object.keys(clients).map((name) => [name, []]));
for (let round = -3; round < ROUNDS; round += 1) {
  for (const [name, client] of shuffled(Object.entries(clients), round)) {
    const sample = await measure(client);
    if (round >= 0) samples.get(name)?.push(sample);
  }
}
server.disconnect();

console.log(`node ${process.version}, ${ROUNDS} rounds, interleaved; medians as ratios to the bare fetch\n`);
console.log('| client | p50 latency | throughput at 64 | CPU per request |');
console.log('| --- | --- | --- | --- |');
const bare = medians(samples.get('bare fetch') ?? []);
for (const [name, list] of samples) {
  const own = medians(list);
  const ratio = (part: keyof Sample): string => (own[part] / bare[part]).toFixed(3);
  console.log(`| ${name} | ${ratio('latency')} | ${ratio('throughput')} | ${ratio('processor')} |`);
}
const microseconds = (milliseconds: number): string => `${(milliseconds * 1000).toFixed(0)} µs`;
console.log(`\nbare: ${microseconds(bare.latency)} p50, ${bare.throughput.toFixed(0)} requests/s`);

async function measure(client: Client): Promise<Sample> {
  const before = process.cpuUsage();
  const latencies: number[] = [];
  for (let count = 0; count < SEQUENTIAL; count += 1) {
    const start = performance.now();
    await (await client(url)).text();
    latencies.push(performance.now() - start);
  }
  const start = performance.now();
  let left = CONCURRENT;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await (await client(url)).text();
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  const elapsed = performance.now() - start;
  const { system, user } = process.cpuUsage(before);
  return {
    latency: median(latencies),
    throughput: (CONCURRENT / elapsed) * 1000,
    processor: (system + user) / (SEQUENTIAL + CONCURRENT),
  };
}

function medians(list: readonly Sample[]): Sample {
  return {
    latency: median(list.map(({ latency }) => latency)),
    throughput: median(list.map(({ throughput }) => throughput)),
    processor: median(list.map(({ processor }) => processor)),
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Another order each round, so that no client always follows the same one. */
function shuffled<T>(list: readonly T[], round: number): T[] {
  const shift = ((round % list.length) + list.length) % list.length;
  return [...list.slice(shift), ...list.slice(0, shift)];
}
