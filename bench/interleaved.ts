// Measures clients on the happy path over a real socket, each as a ratio to the first one of the same round. Each
// client has a process of its own, so that none pays for another's garbage or undoes what the compiler learnt; they
// take turns of a few milliseconds, so that whatever disturbs the machine disturbs all of them. Two processes of the very
// same client differ by some percent as long as they live, so the processes are started anew again and again.
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Lives of the processes. */
const GENERATIONS = 8;
/** Turns of each client in a life. */
const ROUNDS = 50;
const WARM_UP = 150;
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

type Samples = ReadonlyMap<string, readonly Sample[]>;

async function measureAll(program: string, names: readonly string[]): Promise<void> {
  const generations: Samples[] = [];
  for (let count = 0; count < GENERATIONS; count += 1) {
    generations.push(await measureGeneration(program, names));
  }
  print(names, generations);
}

async function measureGeneration(program: string, names: readonly string[]): Promise<Samples> {
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
  return samples;
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

function print(names: readonly string[], generations: readonly Samples[]): void {
  const [bareName = ''] = names;
  const bareOf = (samples: Samples): readonly Sample[] => samples.get(bareName) ?? [];
  console.log(
    `node ${process.version}, ${GENERATIONS} sets of processes, ${ROUNDS} rounds each; ratios to ${bareName} of the same round`,
  );
  console.log('The mean of the medians of the sets, and half the width of its 95 % interval.\n');
  console.log('| client | p50 latency | throughput at 64 | CPU per request |');
  console.log('| --- | --- | --- | --- |');
  for (const name of names) {
    const ratio = (part: keyof Sample): string =>
      interval(
        generations.map((samples) => {
          const bare = bareOf(samples);
          const own = samples.get(name) ?? [];
          return median(own.map((sample, round) => sample[part] / (bare[round] as Sample)[part]));
        }),
      );
    console.log(`| ${name} | ${ratio('latency')} | ${ratio('throughput')} | ${ratio('processor')} |`);
  }
  const bare = (part: keyof Sample): number =>
    median(generations.flatMap((samples) => bareOf(samples).map((sample) => sample[part])));
  console.log(
    `\n${bareName}: ${(bare('latency') * 1000).toFixed(0)} µs p50, ${bare('throughput').toFixed(0)} requests/s, ${bare('processor').toFixed(0)} µs of CPU`,
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

/** The mean, and half the width of its 95 % interval. */
function interval(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const standardError = Math.sqrt(squares / (values.length - 1) / values.length);
  return `${mean.toFixed(3)} ± ${(1.96 * standardError).toFixed(3)}`;
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Another order each round, so that no client always follows the same one. */
function rotated<T>(list: readonly T[], round: number): T[] {
  const shift = ((round % list.length) + list.length) % list.length;
  return [...list.slice(shift), ...list.slice(0, shift)];
}
