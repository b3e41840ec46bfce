// What an operation holds while it waits, and what is left when it was aborted.
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';

import { interleave } from './interleaved.ts';
import type { Case } from './interleaved.ts';
import { roleOf } from './measurement.ts';
import { peers, RETRYING, retryingRun } from './peers/all.ts';
import type { PeerName } from './peers/all.ts';
import type { Run } from './peers/peer.ts';
import { publish } from './publish.ts';
import { quick } from './settings.ts';

const OPERATIONS = quick ? 5_000 : 100_000;
const ABORTED = quick ? 500 : 10_000;
const WAIT = 60_000;
const FAILURE = new Error('not yet');

const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

function heap(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

/** The user's own part: a closure that fails, and an array for the promises. */
function closures(count: number): (() => Promise<number>)[] {
  return Array.from({ length: count }, (_, at) => async () => {
    if (at >= 0) throw FAILURE;
    return at;
  });
}

const waiting =
  (create: () => Run | Promise<Run>, takesSignal: boolean): Case =>
  async () => {
    const run = await create();
    return async () => {
      // Whatever is made once is there before it counts.
      await Promise.race([run(closures(1)[0] as () => Promise<number>), delay(5)]);
      const operations = closures(OPERATIONS);
      const pending: unknown[] = Array.from({ length: OPERATIONS });
      const before = heap();
      for (const [at, operation] of operations.entries()) pending[at] = run(operation);
      await delay(20);
      const bytes = (heap() - before) / OPERATIONS;
      const sample = takesSignal ? { bytes, ...(await abortAll(run)) } : { bytes };
      if (pending.length + operations.length !== 2 * OPERATIONS) throw new Error('collected too early');
      return sample;
    };
  };

async function abortAll(run: Run): Promise<{ left: number; ended: number }> {
  const before = timers();
  let ended = 0;
  const controllers = closures(ABORTED).map((operation) => {
    const controller = new AbortController();
    run(operation, controller.signal).catch(() => (ended += 1));
    return controller;
  });
  await delay(20);
  if (ended > 0) throw new Error('an operation ended that should wait');
  for (const controller of controllers) controller.abort();
  await delay(20);
  await turn();
  return { left: timers() - before, ended };
}

/** The bare call: a promise and a timer. */
const bare: Run = () => new Promise((resolve) => setTimeout(resolve, WAIT));

const peerCase =
  (name: PeerName): Case =>
  async (argument) => {
    const { takesSignal } = await peers[name]();
    const run = await retryingRun(name, { wait: WAIT });
    return waiting(() => run, takesSignal)(argument);
  };

const comparison = await interleave(
  import.meta.url,
  'waiting',
  {
    'a promise and a timer': waiting(() => bare, false),
    'a promise and a timer again': waiting(() => bare, false),
    ...Object.fromEntries(RETRYING.map((name) => [name, peerCase(name)])),
  },
  { warmUp: 0, rounds: 1, seconds: 25, mostSets: 3, flags: ['--expose-gc'] },
);

if (comparison) {
  const [bareName = ''] = comparison.names;
  publish({
    name: 'waiting',
    title: 'Operations that wait',
    method: [
      `${OPERATIONS.toLocaleString('en')} operations that failed once and wait 60 s for their retry: what the heap holds for each after a collection, without the user's own closure.`,
      `Then ${ABORTED.toLocaleString('en')} others, each with an AbortSignal of its own, are aborted: how many timers are left 20 ms later, and how many promises have been rejected by then. Peers without a figure take no signal.`,
    ],
    tables: [
      {
        title: 'waiting',
        sets: comparison.sets,
        columns: [
          { name: 'held by each', unit: 'B', digits: 0, better: 'lower', goal: 800 },
          { name: 'ratio to bare', digits: 2 },
          { name: 'timers left after an abort', digits: 0, better: 'lower', goal: 0 },
          { name: 'ended by it', digits: 0, better: 'higher' },
        ],
        rows: comparison.names.map((name) => ({
          name,
          role: roleOf(name, bareName),
          cells: [
            comparison.absolute(name, 'bytes'),
            name === bareName ? undefined : comparison.ratio(name, 'bytes'),
            comparison.absolute(name, 'left'),
            comparison.absolute(name, 'ended'),
          ],
        })),
      },
    ],
  });
}
