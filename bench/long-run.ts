// A million operations with failures on one signal: what is left of them.
import { getEventListeners, setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

import { interleave } from './interleaved.ts';
import type { Case } from './interleaved.ts';
import { roleOf } from './measurement.ts';
import { ON_SIGNALS, retryingRun } from './peers/all.ts';
import type { PeerName } from './peers/all.ts';
import type { Run } from './peers/peer.ts';
import { publish } from './publish.ts';
import { quick } from './settings.ts';

const OPERATIONS = quick ? 20_000 : 1_000_000;
const CONCURRENCY = 100;
const FAILURE_RATE = 0.3;
const FAILURE = new Error('not yet');

/** The same failures for everybody: a linear congruential generator. */
function failures(): () => boolean {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 < FAILURE_RATE;
  };
}

async function heap(): Promise<number> {
  // What a finalizer gives back is gone after a turn.
  await delay(10);
  globalThis.gc?.();
  await delay(10);
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

const enduring =
  (create: () => Run | Promise<Run>): Case =>
  async () => {
    const run = await create();
    return async () => {
      const { signal } = new AbortController();
      setMaxListeners(0, signal);
      const fails = failures();
      const operation = async (): Promise<number> => {
        if (fails()) throw FAILURE;
        return 1;
      };
      await runMany(run, operation, signal, OPERATIONS / 10);
      const before = await heap();
      const start = performance.now();
      const rejected = await runMany(run, operation, signal, OPERATIONS);
      const time = ((performance.now() - start) * 1000) / OPERATIONS;
      const grown = ((await heap()) - before) / 1024;
      const listeners = getEventListeners(signal, 'abort').length;
      return { time, grown, listeners, rejected: (rejected * 100) / OPERATIONS };
    };
  };

async function runMany(
  run: Run,
  operation: () => Promise<number>,
  signal: AbortSignal,
  count: number,
): Promise<number> {
  let left = count;
  let rejected = 0;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await run(operation, signal).catch(() => (rejected += 1));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return rejected;
}

const bare: Run = async (operation) => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await operation();
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
};

const peerCase = (name: PeerName): Case => enduring(() => retryingRun(name, { wait: 0 }));

const comparison = await interleave(
  import.meta.url,
  'long-run',
  {
    'attempts, bare': enduring(() => bare),
    'attempts, bare again': enduring(() => bare),
    ...Object.fromEntries(ON_SIGNALS.map((name) => [name, peerCase(name)])),
  },
  { warmUp: 0, rounds: 1, seconds: 30, mostSets: 3, flags: ['--expose-gc'] },
);

if (comparison) {
  const [bareName = ''] = comparison.names;
  publish({
    name: 'long-run',
    title: 'A million operations on one signal',
    method: [
      `${OPERATIONS.toLocaleString('en')} operations, ${CONCURRENCY} at once, three attempts without a wait, each of which fails with a chance of 30 %: what the heap has grown by after a collection, since after a tenth as many before, and how many listeners are left on the signal. Given up: three failures in a row, ${(FAILURE_RATE ** 3 * 100).toFixed(1)} %, if a library retries them all.`,
    ],
    tables: [
      {
        title: 'long run',
        sets: comparison.sets,
        columns: [
          { name: 'heap growth', unit: 'KiB', digits: 0 },
          { name: 'listeners left', digits: 0, better: 'lower', goal: 0 },
          { name: 'an operation', unit: 'µs', digits: 2, better: 'lower' },
          { name: 'ratio to bare', digits: 1 },
          { name: 'given up', unit: '%', digits: 1 },
        ],
        rows: comparison.names.map((name) => ({
          name,
          role: roleOf(name, bareName),
          cells: [
            comparison.absolute(name, 'grown'),
            comparison.absolute(name, 'listeners'),
            comparison.absolute(name, 'time'),
            name === bareName ? undefined : comparison.ratio(name, 'time'),
            comparison.absolute(name, 'rejected'),
          ],
        })),
      },
    ],
  });
}
