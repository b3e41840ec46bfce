// Measures cases side by side, each as a ratio to the first one of the same round. Each case has a process of its own, so
// that none pays for another's garbage or undoes what the compiler learnt; they take turns of a few milliseconds, so that
// whatever disturbs the machine disturbs all of them. Two processes of the very same case differ by some percent as long
// as they live, so the processes are started anew again and again, until the intervals are narrow enough or time is up.
//
// The loop is our own: mitata (1.0.34) and tinybench (6.2.5) run one case to its end before the next one, in one process,
// and know neither turns nor a ratio within a round. tinybench also reads the clock around every single call, which costs
// more than the bare call does.
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

import { onCore } from './cores.ts';
import { estimate, median } from './figures.ts';
import type { Figure } from './figures.ts';
import { givenSeconds, option, quick } from './settings.ts';

/** What one turn measured; a metric that could not be measured is left out. */
export type Sample = Readonly<Record<string, number>>;
export type Turn = () => Sample | Promise<Sample>;
/** Made in the case's own process, so that it alone loads what it measures. `argument` comes from `Plan.surroundings`. */
export type Case = (argument: string) => Turn | Promise<Turn>;

export interface Plan {
  /** Turns of each case before those that count. */
  readonly warmUp: number;
  /** Turns of each case that count, in the life of its process; fewer where the machine is too slow for them. */
  readonly rounds: number;
  /** No set of processes is started that would not end within this time. */
  readonly seconds: number;
  readonly leastSets?: number;
  readonly mostSets?: number;
  /** The cases of every set. Others are in the first two only, so that time is left for what is hard to tell apart. */
  readonly throughout?: readonly string[];
  /** Ends early when the spread of this metric's ratio is at most this share of it, for every case. */
  readonly claim?: { readonly metric: string; readonly share: number };
  /** Flags of Node. */
  readonly flags?: readonly string[];
  /** All cases are kept on the second core: the first is for what is around them. */
  readonly onOneCore?: boolean;
  /** What each set of processes needs around it, such as a server. */
  readonly surroundings?: () => Promise<{ readonly argument: string; stop(): void }>;
}

/** Fewer have no spread. */
const FULL_SETS = 2;

type Samples = ReadonlyMap<string, readonly Sample[]>;

/** What the turns of all sets say. The first case is the bare one. */
export class Comparison {
  readonly names: readonly string[];
  readonly #sets: readonly Samples[];

  constructor(names: readonly string[], sets: readonly Samples[]) {
    this.names = names;
    this.#sets = sets;
  }

  get sets(): number {
    return this.#sets.length;
  }

  /** Sets that had every case. */
  get fullSets(): number {
    return this.#sets.filter(({ size }) => size === this.names.length).length;
  }

  absolute(name: string, metric: string): Figure | undefined {
    return this.#figure(name, metric, (own) => own);
  }

  /** To the bare case in the same round. */
  ratio(name: string, metric: string): Figure | undefined {
    return this.#figure(name, metric, (own, bare) => own / bare);
  }

  /** Of all rounds together: for a metric that comes in lumps, such as what the garbage collector takes. */
  ratioOfSums(name: string, metric: string): Figure {
    const sum = (samples: Samples, of: string): number =>
      (samples.get(of) as readonly Sample[]).reduce((total, sample) => total + (sample[metric] as number), 0);
    return estimate(
      this.#setsWith(name).map((samples) => sum(samples, name) / sum(samples, this.names[0] as string)),
    );
  }

  /** More than the bare case in the same round. */
  difference(name: string, metric: string): Figure | undefined {
    return this.#figure(name, metric, (own, bare) => own - bare);
  }

  #setsWith(name: string): Samples[] {
    return this.#sets.filter((samples) => samples.has(name));
  }

  #figure(name: string, metric: string, relate: (own: number, bare: number) => number): Figure | undefined {
    const medians = this.#setsWith(name).map((samples) => {
      const bare = samples.get(this.names[0] as string) as readonly Sample[];
      const own = samples.get(name) as readonly Sample[];
      return median(
        own.map((sample, round) =>
          relate(sample[metric] ?? Number.NaN, (bare[round] as Sample)[metric] ?? Number.NaN),
        ),
      );
    });
    // A metric that one set could not measure may be there in another.
    const known = medians.filter((value) => !Number.isNaN(value));
    return known.length > 0 ? estimate(known) : undefined;
  }
}

/**
 * Runs the cases. In the process of a case it serves that case, and returns nothing.
 *
 * @param program the URL of the program that calls this: it is started again for each case
 * @param run tells this call from others in the same program
 */
export async function interleave(
  program: string,
  run: string,
  cases: Readonly<Record<string, Case>>,
  plan: Plan,
): Promise<Comparison | undefined> {
  const name = option('case');
  if (name !== undefined) {
    if (option('run') === run) await serve(cases[name] as Case);
    return undefined;
  }
  const names = Object.keys(cases);
  const { claim, leastSets = 5, mostSets = Infinity } = plan;
  const seconds = givenSeconds ?? plan.seconds;
  const throughout = givenSeconds === undefined ? plan.throughout : undefined;
  const sets: Samples[] = [];
  const begun = performance.now();
  for (;;) {
    const started = performance.now();
    // The order of the starts decides which core a process gets: on two cores that is worth more than most layers.
    const order = rotated(sets.length < FULL_SETS ? names : (throughout ?? names), sets.length);
    // Two sets with every case are the least, and leave time for those that have fewer.
    const end = started + (seconds * 1000) / (throughout ? 2 * FULL_SETS : FULL_SETS);
    sets.push(await measureSet(program, run, order, quick ? { ...plan, ...quickPlan(plan) } : plan, end));
    const now = performance.now();
    const isTimeUp = sets.length >= 2 && now - begun + (now - started) > seconds * 1000;
    if (quick || isTimeUp || sets.length === mostSets) break;
    const comparison = new Comparison(names, sets);
    const isEnough = givenSeconds === undefined && sets.length >= leastSets && claim !== undefined;
    if (isEnough && isNarrow(comparison, claim)) break;
    process.stderr.write('.');
  }
  return new Comparison(names, sets);
}

function isNarrow(comparison: Comparison, { metric, share }: NonNullable<Plan['claim']>): boolean {
  return comparison.names.every((name) => {
    const ratio = comparison.ratio(name, metric);
    return ratio !== undefined && (ratio.spread ?? Infinity) <= share * ratio.value;
  });
}

function quickPlan({ rounds, warmUp }: Plan): Pick<Plan, 'rounds' | 'warmUp'> {
  return { rounds: Math.min(rounds, 2), warmUp: Math.min(warmUp, 1) };
}

async function measureSet(
  program: string,
  run: string,
  names: readonly string[],
  { flags = [], onOneCore = false, rounds, surroundings, warmUp }: Plan,
  end: number,
): Promise<Samples> {
  const around = await surroundings?.();
  const children = names.map((name) =>
    fork(
      new URL(program),
      [
        `--run=${run}`,
        `--case=${name}`,
        `--argument=${around?.argument ?? ''}`,
        ...(quick ? ['--quick'] : []),
      ],
      onOneCore ? onCore(1, flags) : { execArgv: [...flags] },
    ),
  );
  try {
    // A process that still loads would disturb the first turns.
    await Promise.all(children.map((child) => answer(child)));
    const samples = new Map<string, Sample[]>(names.map((name) => [name, []]));
    for (let round = -warmUp; round < rounds && (round < 1 || performance.now() < end); round += 1) {
      for (const index of shuffled([...names.keys()])) {
        const child = children[index] as ChildProcess;
        child.send('go');
        const sample = (await answer(child)) as Sample;
        if (round >= 0) samples.get(names[index] as string)?.push(sample);
      }
    }
    return samples;
  } finally {
    for (const child of children) child.kill();
    around?.stop();
  }
}

async function answer(child: ChildProcess): Promise<unknown> {
  const heard = new AbortController();
  const { signal } = heard;
  const exit = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`a process of ${child.spawnargs.slice(1).join(' ')} ended with ${String(code)}`);
  });
  exit.catch(() => undefined);
  try {
    const [message] = (await Promise.race([once(child, 'message', { signal }), exit])) as [unknown];
    return message;
  } finally {
    heard.abort();
  }
}

/** In a case's own process. */
async function serve(create: Case): Promise<void> {
  const turn = await create(option('argument') ?? '');
  process.on('message', () => {
    void Promise.resolve(turn()).then((sample) => process.send?.(sample));
  });
  process.once('disconnect', () => process.exit());
  process.send?.('ready');
}

/** Another order each round: what a case leaves to be done, such as garbage to be collected, falls to another one. */
function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((item) => ({ item, place: Math.random() }))
    .toSorted((one, other) => one.place - other.place)
    .map(({ item }) => item);
}

/** Each set of processes is started in another order. */
function rotated<T>(list: readonly T[], round: number): T[] {
  const shift = ((round % list.length) + list.length) % list.length;
  return [...list.slice(shift), ...list.slice(0, shift)];
}
