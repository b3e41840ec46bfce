// Measures clients on the happy path over a real socket, each as a ratio to the first one of the same round. Each
// client has a process of its own, so that none pays for another's garbage or undoes what the compiler learnt; they
// take turns of a few milliseconds, so that whatever disturbs the machine disturbs all of them.
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

const ROUNDS = 300;
const WARM_UP = 60;
const SEQUENTIAL = 60;
const CONCURRENT = 192;
const CONCURRENCY = 64;

/** Sends a request and reads the whole answer. */
export type Client = (url: string) => Promise<unknown>;

interface Sample {
  readonly latency: number;
  readonly throughput: number;
  readonly processor: number;
}

/**
 * Runs the clients against `server.ts` and prints the table. The first client is the bare one.
 *
 * @param program the URL of the program that calls this: it is started again for each client
 */
export async function compare(
  program: string,
  clients: Readonly<Record<string, () => Client>>,
): Promise<void> {
  const [name, url] = process.argv.slice(2);
  if (name !== undefined && url !== undefined) serve(clients[name] as () => Client, url);
  else await measureAll(program, Object.keys(clients));
}

async function measureAll(program: string, names: readonly string[]): Promise<void> {
  const server = fork(new URL('server.ts', import.meta.url));
  const [port] = (await once(server, 'message')) as [number];
  const url = `http://127.0.0.1:${port}/`;
  const processes = names.map((name) => fork(new URL(program), [name, url]));

  const samples = new Map<string, Sample[]>(names.map((name) => [name, []]));
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    for (const index of rotated([...names.keys()], round)) {
      const sample = await turn(processes[index] as ChildProcess);
      if (round >= 0) samples.get(names[index] as string)?.push(sample);
    }
  }
  for (const child of [...processes, server]) child.disconnect();
  print(samples);
}

async function turn(child: ChildProcess): Promise<Sample> {
  child.send('go');
  const [sample] = (await once(child, 'message')) as [Sample];
  return sample;
}

/** In a client's own process. */
function serve(create: () => Client, url: string): void {
  const client = create();
  process.on('message', () => {
    void measure(client, url).then((sample) => process.send?.(sample));
  });
  process.once('disconnect', () => process.exit());
}

function print(samples: ReadonlyMap<string, readonly Sample[]>): void {
  const [first = ['', []]] = samples;
  const [bareName, bare] = first;
  console.log(
    `node ${process.version}, ${ROUNDS} rounds; medians of the ratios to ${bareName} of the same round`,
  );
  console.log('The second figure is half the width of the 95 % interval of the median.\n');
  console.log('| client | p50 latency | throughput at 64 | CPU per request |');
  console.log('| --- | --- | --- | --- |');
  for (const [name, list] of samples) {
    const ratio = (part: keyof Sample): string =>
      interval(list.map((sample, round) => sample[part] / (bare[round] as Sample)[part]));
    console.log(`| ${name} | ${ratio('latency')} | ${ratio('throughput')} | ${ratio('processor')} |`);
  }
  const latency = median(bare.map((sample) => sample.latency)) * 1000;
  const throughput = median(bare.map((sample) => sample.throughput));
  const processor = median(bare.map((sample) => sample.processor));
  console.log(
    `\n${bareName}: ${latency.toFixed(0)} µs p50, ${throughput.toFixed(0)} requests/s, ${processor.toFixed(0)} µs of CPU`,
  );
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

/** The median, and half the width of its interval by order statistics (binomial, 95 %). */
function interval(values: readonly number[]): string {
  const sorted = values.toSorted((left, right) => left - right);
  const reach = 0.98 * Math.sqrt(sorted.length);
  const at = (rank: number): number => sorted[Math.round(rank)] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  const width = (at(middle + reach) - at(middle - reach)) / 2;
  return `${median(values).toFixed(3)} ± ${width.toFixed(3)}`;
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Another order each round, so that no client always follows the same one. */
function rotated<T>(list: readonly T[], round: number): T[] {
  const shift = ((round % list.length) + list.length) % list.length;
  return [...list.slice(shift), ...list.slice(0, shift)];
}
