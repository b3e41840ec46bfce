// Measures clients on the happy path over a real socket, each as a ratio to the first one of the same run. The rounds
// are interleaved: whatever disturbs the machine disturbs all of them.
import { fork } from 'node:child_process';
import { once } from 'node:events';

const ROUNDS = 30;
const SEQUENTIAL = 400;
const CONCURRENT = 1600;
const CONCURRENCY = 64;

/** Sends a request and reads the whole answer. */
export type Client = (url: string) => Promise<unknown>;

interface Sample {
  readonly latency: number;
  readonly throughput: number;
  readonly processor: number;
}

/** Runs the clients against `server.ts` and prints the table. The first client is the bare one. */
export async function compare(clients: Readonly<Record<string, Client>>): Promise<void> {
  const server = fork(new URL('server.ts', import.meta.url));
  const [port] = (await once(server, 'message')) as [number];
  const url = `http://127.0.0.1:${port}/`;

  const samples = new Map<string, Sample[]>(Object.keys(clients).map((name) => [name, []]));
  for (let round = -3; round < ROUNDS; round += 1) {
    for (const [name, client] of rotated(Object.entries(clients), round)) {
      const sample = await measure(client, url);
      if (round >= 0) samples.get(name)?.push(sample);
    }
  }
  server.disconnect();
  print(samples);
}

function print(samples: ReadonlyMap<string, readonly Sample[]>): void {
  const [first = ['', []]] = samples;
  const [bareName, bareSamples] = first;
  const bare = medians(bareSamples);
  console.log(`node ${process.version}, ${ROUNDS} rounds, interleaved; medians as ratios to ${bareName}\n`);
  console.log('| client | p50 latency | throughput at 64 | CPU per request |');
  console.log('| --- | --- | --- | --- |');
  for (const [name, list] of samples) {
    const own = medians(list);
    const ratio = (part: keyof Sample): string => (own[part] / bare[part]).toFixed(3);
    console.log(`| ${name} | ${ratio('latency')} | ${ratio('throughput')} | ${ratio('processor')} |`);
  }
  console.log(`\nbare: ${(bare.latency * 1000).toFixed(0)} µs p50, ${bare.throughput.toFixed(0)} requests/s`);
}

async function measure(client: Client, url: string): Promise<Sample> {
  const before = process.cpuUsage();
  const latencies: number[] = [];
  for (let count = 0; count < SEQUENTIAL; count += 1) {
    const start = performance.now();
    await client(url);
    latencies.push(performance.now() - start);
  }
  const start = performance.now();
  let left = CONCURRENT;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await client(url);
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
function rotated<T>(list: readonly T[], round: number): T[] {
  const shift = ((round % list.length) + list.length) % list.length;
  return [...list.slice(shift), ...list.slice(0, shift)];
}
