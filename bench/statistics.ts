// What statistics cost an operation that succeeds at once. No option turns the aggregate off, so "off" is the same engine
// with the methods that count replaced by nothing, in a process of its own.
// The sources, since the package exports what counts to nobody.
import { createRetryEngine, getRetryStatistics } from '../packages/core/src/index.ts';
import { RecentSums } from '../packages/core/src/statistics/recent-sums.ts';
import { compareCalls } from './calls.ts';
import { publish } from './publish.ts';

/** Statistics are attached to objects only. */
const work = async (): Promise<object> => ({});

const table = await compareCalls(
  import.meta.url,
  'statistics',
  {
    'the function, bare': () => work,
    'the function, bare again': () => work,
    'Tenax, aggregate on': () => execute(true),
    'Tenax, aggregate off': () => {
      stubCounting();
      return execute(false);
    },
    'Tenax, on, each record read': async () => {
      const call = await execute(true);
      return async () => getRetryStatistics(await call());
    },
  },
  { seconds: 20 },
);

if (table) {
  publish({
    name: 'statistics',
    title: 'Statistics',
    method: [
      'As above, with a function that returns an object, to which the statistics of its request are attached.',
      'Off: the same engine, and the benchmark replaces the methods that count, and checks that nothing was counted.',
      'The record of a request is made when it is read; the last row reads every one with `getRetryStatistics`.',
    ],
    tables: [table],
  });
}

async function execute(counts: boolean): Promise<() => Promise<object>> {
  const engine = createRetryEngine();
  const call = (): Promise<object> => engine.execute(work);
  await call();
  const { totalAttempts, totalOperations } = engine.statistics.snapshot();
  // The engine may count somewhere else one day, and "off" would then be "on" without a sign of it.
  if (totalAttempts + totalOperations !== (counts ? 2 : 0)) {
    throw new Error(`the engine counted ${totalOperations} operations: where does it count?`);
  }
  return call;
}

/** What counts, made to do nothing; what reads and adds up stays. */
function stubCounting(): void {
  const { prototype } = RecentSums;
  const reading = ['constructor', 'absorb', 'addTo', 'slices'];
  for (const name of Object.getOwnPropertyNames(prototype)) {
    if (reading.includes(name)) continue;
    Object.defineProperty(prototype, name, { value: () => undefined, configurable: true, writable: true });
  }
}
