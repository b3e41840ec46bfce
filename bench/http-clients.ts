// Measures clients on the happy path over a real socket, against a keep-alive server in another process.
import { fork } from 'node:child_process';
import { once } from 'node:events';

import { hasCores, onCore } from './cores.ts';
import { median } from './figures.ts';
import { interleave } from './interleaved.ts';
import type { Case, Sample } from './interleaved.ts';
import { roleOf } from './measurement.ts';
import type { Cell } from './measurement.ts';
import { publish } from './publish.ts';
import { quick } from './settings.ts';

const SEQUENTIAL = quick ? 5 : 60;
const CONCURRENCY = 64;
const CONCURRENT = CONCURRENCY * (quick ? 1 : 3);
/** Long enough for the compiler to be done with every layer; a short one measures how much code there is to compile. */
const WARM_UP = quick ? 0 : 16_000;

/** Sends a request and reads the whole answer. */
export type Client = (url: string) => Promise<unknown>;

interface HttpPlan {
  readonly name: string;
  readonly title: string;
  readonly method: readonly string[];
  readonly seconds: number;
  /** Turns of each client in the life of its process; more where a turn is short beside what a process needs to warm up. */
  readonly rounds: number;
  /** The clients that are measured more often than the others: those whose ratios are close to 1. */
  readonly throughout: readonly string[];
  /** Ratios to the bare client. */
  readonly goals: { readonly latency: number; readonly throughput?: number; readonly processor: number };
}

/** Runs the clients against `server.ts`. The first one is the bare client. */
export async function compareClients(
  program: string,
  clients: Readonly<Record<string, () => Client | Promise<Client>>>,
  { goals, method, name, rounds, seconds, throughout, title }: HttpPlan,
): Promise<void> {
  const cases = Object.entries(clients).map(([client, create]): [string, Case] => [
    client,
    async (url) => measuring(await create(), url),
  ]);
  const comparison = await interleave(program, name, Object.fromEntries(cases), {
    warmUp: 2,
    rounds,
    seconds,
    throughout,
    onOneCore: true,
    claim: { metric: 'latency', share: 0.005 },
    surroundings: startServer,
  });
  if (comparison === undefined) return;
  const [bare = ''] = comparison.names;
  const ratio = (client: string, metric: string): Cell => {
    if (client === bare) return undefined;
    return metric === 'processor' ? comparison.ratioOfSums(client, metric) : comparison.ratio(client, metric);
  };
  publish({
    name,
    title,
    method: [
      ...method,
      `Each turn sends ${SEQUENTIAL} requests one by one, then ${CONCURRENT} with ${CONCURRENCY} at once; the server answers 11 bytes.${hasCores ? ' The server has one core, the clients have the other.' : ''} CPU is that of all turns together, and of what lies between them.`,
    ],
    tables: [
      {
        title: name,
        sets: comparison.sets,
        fullSets: comparison.fullSets,
        columns: [
          { name: 'p50', unit: 'µs', digits: 0 },
          { name: 'p50, ratio', digits: 3, better: 'lower', goal: goals.latency },
          { name: `requests/s at ${CONCURRENCY}`, digits: 0 },
          {
            name: 'requests/s, ratio',
            digits: 3,
            better: 'higher',
            ...(goals.throughput && { goal: goals.throughput }),
          },
          { name: 'CPU a request', unit: 'µs', digits: 0 },
          { name: 'CPU, ratio', digits: 3, better: 'lower', goal: goals.processor },
        ],
        rows: comparison.names.map((client) => ({
          name: client,
          role: roleOf(client, bare),
          cells: ['latency', 'throughput', 'processor'].flatMap((metric) => [
            comparison.absolute(client, metric),
            ratio(client, metric),
          ]),
        })),
      },
    ],
  });
}

async function startServer(): Promise<{ argument: string; stop(): void }> {
  const server = fork(new URL('server.ts', import.meta.url), onCore(0));
  const [port] = (await once(server, 'message')) as [number];
  return { argument: `http://127.0.0.1:${port}/`, stop: () => server.disconnect() };
}

function measuring(client: Client, url: string): () => Promise<Sample> {
  let before: NodeJS.CpuUsage | undefined;
  return async () => {
    if (before === undefined) await concurrently(client, url, WARM_UP);
    const times = await measure(client, url);
    // From the end of the turn before: the collector works on when a turn is over.
    const { system, user } = process.cpuUsage(before);
    before = process.cpuUsage();
    return { ...times, processor: (system + user) / (SEQUENTIAL + CONCURRENT) };
  };
}

async function measure(client: Client, url: string): Promise<Sample> {
  const latencies: number[] = [];
  for (let count = 0; count < SEQUENTIAL; count += 1) {
    const start = performance.now();
    await client(url);
    latencies.push(performance.now() - start);
  }
  const start = performance.now();
  await concurrently(client, url, CONCURRENT);
  const elapsed = performance.now() - start;
  return {
    latency: median(latencies) * 1000,
    throughput: (CONCURRENT / elapsed) * 1000,
  };
}

async function concurrently(client: Client, url: string, count: number): Promise<void> {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await client(url);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}
