// Calls without a network: how long one takes, and what it allocates.
import { interleave } from './interleaved.ts';
import type { Case, Comparison, Turn } from './interleaved.ts';
import type { Cell, Column, Row, Table } from './measurement.ts';
import { roleOf } from './measurement.ts';
import { quick } from './settings.ts';

type Call = () => Promise<unknown>;

const TURN = 4; // ms
const WARM_UP = 150; // ms
const WARM_UP_CALLS = quick ? 2_000 : 300_000;
const CALLS_FOR_BYTES = 8000;

/** Between two collections nothing is freed: the young generation is larger than all that a turn allocates. */
const COLLECT_NOTHING = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64'];

interface CallsPlan {
  readonly seconds: number;
  /** ns and bytes that Tenax may add to the bare call. */
  readonly goals?: { readonly time: number; readonly bytes: number };
}

/** Time and bytes of each call, and what they are more than those of the first one. */
export async function compareCalls(
  program: string,
  title: string,
  calls: Readonly<Record<string, () => Call | Promise<Call>>>,
  plan: CallsPlan,
): Promise<Table | undefined> {
  const cases = (turn: (call: Call) => Turn): Record<string, Case> =>
    Object.fromEntries(
      Object.entries(calls).map(([name, create]) => [name, async () => turn(await create())]),
    );
  const times = await interleave(program, `${title}, time`, cases(timed), {
    warmUp: 30,
    rounds: 40,
    seconds: plan.seconds,
    leastSets: 3,
    claim: { metric: 'time', share: 0.02 },
  });
  const bytes = await interleave(program, `${title}, bytes`, cases(allocating), {
    warmUp: 1,
    rounds: 5,
    seconds: 10,
    mostSets: 3,
    flags: COLLECT_NOTHING,
  });
  if (times === undefined || bytes === undefined) return undefined;
  return { title, sets: times.sets, columns: columnsOf(plan), rows: rowsOf(times, bytes) };
}

function columnsOf({ goals }: CallsPlan): readonly Column[] {
  return [
    { name: 'time', unit: 'ns', digits: 0, better: 'lower' },
    { name: 'ratio to bare', digits: 2 },
    { name: 'added', unit: 'ns', digits: 0, ...(goals && { goal: goals.time }) },
    { name: 'allocated', unit: 'B', digits: 0, better: 'lower' },
    { name: 'added', unit: 'B', digits: 0, ...(goals && { goal: goals.bytes }) },
  ];
}

function rowsOf(times: Comparison, bytes: Comparison): readonly Row[] {
  return times.names.map((name, at) => {
    const cells: Cell[] = [
      times.absolute(name, 'time'),
      times.ratio(name, 'time'),
      times.difference(name, 'time'),
      bytes.absolute(name, 'bytes'),
      bytes.difference(name, 'bytes'),
    ];
    // Next to nothing is the bare call itself.
    const ownCells =
      at === 0 ? cells.map((cell, column) => ([0, 3].includes(column) ? cell : undefined)) : cells;
    return { name, role: roleOf(name, times.names[0] as string), cells: ownCells };
  });
}

/** A turn that calls one after the other for some ms. */
function timed(call: Call): Turn {
  let calls = 100;
  return async () => {
    for (;;) {
      const start = performance.now();
      for (let count = 0; count < calls; count += 1) await call();
      const elapsed = performance.now() - start;
      if (elapsed > TURN / 2) {
        const time = (elapsed * 1e6) / calls;
        calls = Math.max(1, Math.ceil((TURN * 1e6) / time));
        return { time };
      }
      calls *= 2;
    }
  };
}

function allocating(call: Call): Turn {
  let warm = false;
  return async () => {
    // Code that was optimized allocates less.
    if (!warm) await warmUp(call);
    warm = true;
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    for (let count = 0; count < CALLS_FOR_BYTES; count += 1) await call();
    return { bytes: (process.memoryUsage().heapUsed - before) / CALLS_FOR_BYTES };
  };
}

async function warmUp(call: Call): Promise<void> {
  const end = performance.now() + WARM_UP;
  for (let calls = 0; calls < WARM_UP_CALLS || performance.now() < end; calls += 100) {
    for (let count = 0; count < 100; count += 1) await call();
  }
}
