// What retries cost that do not wait: many operations at once, and one after the other.
import { interleave } from './interleaved.ts';
import type { Case, Comparison, Sample } from './interleaved.ts';
import { roleOf } from './measurement.ts';
import type { Table } from './measurement.ts';
import { RETRYING, retryingRun } from './peers/all.ts';
import type { PeerName } from './peers/all.ts';
import type { Run } from './peers/peer.ts';
import { publish } from './publish.ts';
import { quick } from './settings.ts';

const AT_ONCE = 1_000;
const LEAST_SEQUENTIAL = 20;
const TURN = 4; // ms
/** ms of CPU before the first turn: long enough for the compiler to be done with every library. */
const WARM_UP = quick ? 0 : 800;
/** ms of time, for libraries that wait. */
const LONGEST_WARM_UP = 5_000;
const FAILURE = new Error('not yet');

/** Fails as often as told, then succeeds. Its error is always the same, since making one costs more than a retry. */
function failing(failures: number): () => Promise<number> {
  let left = failures;
  return () => {
    if (left === 0) return Promise.resolve(1);
    left -= 1;
    return Promise.reject(FAILURE);
  };
}

/** The bare call: the same attempts, and nothing between them. */
const bareRun: Run = async (operation) => {
  for (;;) {
    try {
      return await operation();
    } catch {}
  }
};

/** A turn of each kind. */
const atOnce = async (run: Run): Promise<Sample> => {
  const start = performance.now();
  const pending: Promise<number>[] = [];
  for (let count = 0; count < AT_ONCE; count += 1) pending.push(run(failing(2)));
  await Promise.all(pending);
  return { time: ((performance.now() - start) * 1000) / AT_ONCE };
};

const oneByOne = async (run: Run): Promise<Sample> => {
  const start = performance.now();
  let count = 0;
  let elapsed = 0;
  for (; count < LEAST_SEQUENTIAL || elapsed < TURN; count += 1) {
    await run(failing(1));
    elapsed = performance.now() - start;
  }
  return { time: (elapsed * 1000) / count };
};

/** ms that this process has had: all are made at once, on fewer cores. */
function cpuTime(): number {
  const { system, user } = process.cpuUsage();
  return (system + user) / 1000;
}

const warm =
  (turn: (run: Run) => Promise<Sample>, create: () => Run | Promise<Run>): Case =>
  async () => {
    const run = await create();
    const end = performance.now() + LONGEST_WARM_UP;
    while (cpuTime() < WARM_UP && performance.now() < end) await turn(run);
    return () => turn(run);
  };

function cases(turn: (run: Run) => Promise<Sample>, names: readonly PeerName[]): Record<string, Case> {
  const peerCases = names.map((name) => [name, warm(turn, () => retryingRun(name, { wait: 0 }))] as const);
  return {
    'attempts, bare': warm(turn, () => bareRun),
    'attempts, bare again': warm(turn, () => bareRun),
    ...Object.fromEntries(peerCases),
  };
}

const PLAN = { leastSets: 3, claim: { metric: 'time', share: 0.05 } };
const concurrent = await interleave(import.meta.url, 'at-once', cases(atOnce, RETRYING), {
  ...PLAN,
  warmUp: 5,
  rounds: 20,
  seconds: 25,
});
// 1,000 operations at once would need ten times the quota of 500 tokens that the strategy of the AWS SDKs has.
const sequential = await interleave(
  import.meta.url,
  'one-by-one',
  cases(oneByOne, [...RETRYING, '@smithy/util-retry']),
  { ...PLAN, warmUp: 5, rounds: 15, seconds: 25 },
);

if (concurrent && sequential) {
  publish({
    name: 'retries',
    title: 'Retries without a wait',
    method: [
      'Waits of 0 ms. At once: 1,000 operations that fail twice and then succeed. One by one: operations that fail once.',
      'Bare is the same attempts in a loop without anything between them.',
      'A timer of Node takes 1 ms at least, so a peer that sets one for a wait of 0 ms takes that long for a retry; Tenax, and the minimal loop, yield one turn of the event loop. p-retry does not yield.',
    ],
    tables: [
      tableOf(concurrent, '1,000 at once, two retries each', 1.5),
      tableOf(sequential, 'one by one, a retry each'),
    ],
  });
}

function tableOf(comparison: Comparison, title: string, goal?: number): Table {
  const [bare = ''] = comparison.names;
  return {
    title,
    sets: comparison.sets,
    columns: [
      {
        name: 'an operation',
        unit: 'µs',
        digits: 2,
        better: 'lower',
        ...(goal !== undefined && { goal }),
      },
      { name: 'ratio to bare', digits: 1 },
      { name: 'added', unit: 'µs', digits: 2 },
    ],
    rows: comparison.names.map((name) => ({
      name,
      role: roleOf(name, bare),
      cells: [
        comparison.absolute(name, 'time'),
        ...(name === bare ? [] : [comparison.ratio(name, 'time'), comparison.difference(name, 'time')]),
      ],
    })),
  };
}
