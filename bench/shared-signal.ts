// Many operations that wait on one AbortSignal: what it costs to begin them, and to abort them all.
import { getEventListeners, setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

import { interleave } from './interleaved.ts';
import type { Case } from './interleaved.ts';
import { roleOf } from './measurement.ts';
import type { Cell } from './measurement.ts';
import { ON_SIGNALS, retryingRun } from './peers/all.ts';
import type { PeerName } from './peers/all.ts';
import type { Run } from './peers/peer.ts';
import { publish } from './publish.ts';
import { quick } from './settings.ts';

const SIZES = quick ? [500, 1_000] : [5_000, 10_000, 20_000, 40_000, 100_000];
const MOST = SIZES.at(-1) as number;
/** An EventTarget looks through all its listeners before it adds one: with a listener each, more takes minutes. */
const COMPARED = quick ? MOST : 10_000;
const WAIT = 60_000;
const FAILURE = new Error('not yet');
const operation = async (): Promise<never> => {
  throw FAILURE;
};

const sharing =
  (create: () => Run | Promise<Run>): Case =>
  async () => {
    const run = await create();
    return async () => {
      const sample: Record<string, number> = {};
      const [least = 0] = SIZES;
      // Once for the compiler.
      const hasListenerEach = (await measure(run, least)).listeners === least;
      for (const size of SIZES) {
        if (hasListenerEach && size > COMPARED) break;
        const { abort, ended, listeners, start } = await measure(run, size);
        sample[`start-${size}`] = (start * 1000) / size;
        if (ended === size) sample[`abort-${size}`] = abort;
        if (size === COMPARED) sample['listeners'] = listeners;
      }
      return sample;
    };
  };

async function measure(
  run: Run,
  size: number,
): Promise<{ start: number; abort: number; ended: number; listeners: number }> {
  const controller = new AbortController();
  const { signal } = controller;
  // Node warns at the eleventh listener.
  setMaxListeners(0, signal);
  const progress = { started: 0, ended: 0, lastEnd: 0 };
  const pending: Promise<void>[] = [];
  const began = performance.now();
  for (let count = 0; count < size; count += 1) {
    const attempt = (): Promise<never> => {
      progress.started += 1;
      return operation();
    };
    pending.push(
      run(attempt, signal).then(
        () => undefined,
        () => {
          progress.ended += 1;
          progress.lastEnd = performance.now();
        },
      ),
    );
  }
  // A timer fires when the promise jobs that lead to the waits are done.
  while (progress.started < size) await delay(1);
  await delay(1);
  const start = performance.now() - began;
  const listeners = getEventListeners(signal, 'abort').length;
  const aborted = performance.now();
  controller.abort();
  for (let turns = 0; turns < 50 && progress.ended < size; turns += 1) await delay(5);
  return { start, abort: progress.lastEnd - aborted, ended: progress.ended, listeners };
}

/** The bare call: a promise, a timer, and one listener for all of them. */
function bareRun(): Run {
  const shared = new WeakMap<AbortSignal, Set<() => void>>();
  const run: Run = async (attempt, signal) => {
    await attempt().catch(() => undefined);
    return new Promise((_resolve, reject) => {
      const timer = setTimeout(reject, WAIT, FAILURE);
      if (signal === undefined) return;
      let listeners = shared.get(signal);
      if (listeners === undefined) {
        const all = new Set<() => void>();
        listeners = all;
        shared.set(signal, all);
        signal.addEventListener('abort', () => all.forEach((listener) => listener()), { once: true });
      }
      listeners.add(() => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      });
    });
  };
  return run;
}

const peerCase = (name: PeerName): Case => sharing(() => retryingRun(name, { wait: WAIT }));

const BARE = 'promise, timer, one listener';
const comparison = await interleave(
  import.meta.url,
  'shared-signal',
  {
    [BARE]: sharing(bareRun),
    [`${BARE} again`]: sharing(bareRun),
    ...Object.fromEntries(ON_SIGNALS.map((name) => [name, peerCase(name)])),
  },
  { warmUp: 0, rounds: 1, seconds: 40, mostSets: 5 },
);

if (comparison) {
  const cell = (name: string, metric: string): Cell => comparison.absolute(name, metric);
  publish({
    name: 'shared-signal',
    title: 'One signal for many operations',
    method: [
      'Each operation has failed once and waits 60 s for its retry when the signal is aborted. Beginning: µs for each operation, which is the same for all sizes where the cost is linear.',
      'Aborted: ms from the abort until the last promise is rejected; no figure where some were not within a quarter of a second.',
      `A library that adds a listener for each operation is asked for ${COMPARED.toLocaleString('en')} at most: it takes four times as long for twice as many. Libraries that take no signal are missing.`,
    ],
    tables: [
      {
        title: 'shared signal',
        sets: comparison.sets,
        columns: [
          ...SIZES.map(
            (size) =>
              ({
                name: `begin ${size.toLocaleString('en')}`,
                unit: 'µs each',
                digits: 2,
                better: 'lower',
              }) as const,
          ),
          { name: `${COMPARED.toLocaleString('en')} aborted`, unit: 'ms', digits: 1, better: 'lower' },
          { name: `${MOST.toLocaleString('en')} aborted`, unit: 'ms', digits: 0, better: 'lower', goal: 50 },
          { name: 'ratio to bare', digits: 2 },
          { name: `listeners of ${COMPARED.toLocaleString('en')}`, digits: 0 },
        ],
        rows: comparison.names.map((name) => ({
          name,
          role: roleOf(name, BARE),
          cells: [
            ...SIZES.map((size) => cell(name, `start-${size}`)),
            cell(name, `abort-${COMPARED}`),
            cell(name, `abort-${MOST}`),
            name === BARE ? undefined : comparison.ratio(name, `abort-${MOST}`),
            cell(name, 'listeners'),
          ],
        })),
      },
    ],
  });
}
