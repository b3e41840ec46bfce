import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createBulkhead } from '../../src/guards/bulkhead.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';

type Step =
  | { readonly kind: 'enter' | 'leave' | 'throw' }
  | { readonly kind: 'cancel'; readonly which: number }
  | { readonly kind: 'pass'; readonly time: number };

/** Timers that a test fires by hand, without turns of the event loop. */
class Timers {
  time = 0;
  readonly #timers = new Set<{ readonly due: number; readonly callback: () => void }>();
  get pending(): number {
    return this.#timers.size;
  }
  now = (): number => this.time;
  epoch = (): number => this.time;
  schedule = (delay: number, callback: () => void): { cancel: () => void } => {
    const timer = { due: this.time + delay, callback };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  };
  pass(milliseconds: number): void {
    this.time += milliseconds;
    for (const timer of [...this.#timers].toSorted((one, other) => one.due - other.due)) {
      if (timer.due > this.time || !this.#timers.delete(timer)) continue;
      timer.callback();
    }
  }
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('enter' as const) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('leave' as const, 'throw' as const) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), which: fc.nat(1000) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const), time: fc.nat(40) }) },
  ),
  { maxLength: 200 },
);

describe('whatever the order of entering, leaving, giving up, running out of time and failing', () => {
  it('no permit is lost or invented, and those that wait are admitted in their order', () => {
    const settings = fc.record({
      maxConcurrent: fc.integer({ min: 1, max: 4 }),
      maxQueue: fc.integer({ min: 1, max: 6 }),
      queueTimeout: fc.constantFrom(undefined, 10, 35),
    });
    fc.assert(
      fc.property(settings, steps, (options, sequence) => {
        const clock = new Timers();
        const bulkhead = createBulkhead(options, { clock });
        const { maxConcurrent, maxQueue, queueTimeout = Infinity } = options;
        // What should be: who waits since when, and how many are inside.
        let waiting: { readonly id: number; readonly until: number; readonly place: { cancel(): void } }[] =
          [];
        let inside = 0;
        let refused = 0;
        let nextId = 0;
        const answers: boolean[] = [];
        const expectedAnswers: boolean[] = [];
        const events: string[] = [];
        const expected: string[] = [];

        const leave = (): void => {
          const next = waiting.shift();
          if (next) expected.push(`admitted ${next.id}`);
          else inside -= 1;
          bulkhead.leave();
        };
        for (const step of sequence) {
          if (step.kind === 'enter') {
            nextId += 1;
            const id = nextId;
            answers.push(bulkhead.tryEnter());
            expectedAnswers.push(inside < maxConcurrent);
            if (inside < maxConcurrent) {
              inside += 1;
              continue;
            }
            const place = bulkhead.wait((admission) => events.push(`${admission} ${id}`));
            answers.push(place !== undefined);
            expectedAnswers.push(waiting.length < maxQueue);
            if (place) waiting.push({ id, until: clock.time + queueTimeout, place });
            else refused += 1;
          } else if (step.kind === 'cancel') {
            const [gone] = waiting.splice(step.which % Math.max(1, waiting.length), 1);
            gone?.place.cancel();
            gone?.place.cancel();
          } else if (step.kind === 'pass') {
            for (const { id, until } of waiting) {
              if (until <= clock.time + step.time) expected.push(`timed_out ${id}`);
            }
            const left = waiting.filter(({ until }) => until > clock.time + step.time);
            refused += waiting.length - left.length;
            waiting = left;
            clock.pass(step.time);
          } else if (inside > 0) {
            leave();
          }
          expect(bulkhead.state).toEqual({ active: inside, queued: waiting.length, refused });
          expect(events).toEqual(expected);
          expect(clock.pending).toBe(queueTimeout === Infinity ? 0 : waiting.length);
        }
        for (let left = inside + waiting.length; left > 0; left -= 1) leave();
        expect(answers).toEqual(expectedAnswers);
        expect(bulkhead.state).toEqual({ active: 0, queued: 0, refused });
        expect(events).toEqual(expected);
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  it('work that runs, fails, is aborted or comes too late gives every place back', async () => {
    const job = fc.record({
      duration: fc.nat(30),
      fails: fc.boolean(),
      abortAfter: fc.option(fc.nat(30)),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(job, { minLength: 1, maxLength: 15 }), async (jobs) => {
        const clock = virtualClock();
        const bulkhead = createBulkhead({ maxConcurrent: 2, maxQueue: 8, queueTimeout: 25 }, { clock });
        let running = 0;
        const ends = jobs.map(({ abortAfter, duration, fails }) => {
          const controller = new AbortController();
          if (abortAfter !== null) clock.schedule(abortAfter, () => controller.abort());
          const work = async (): Promise<void> => {
            running += 1;
            expect(running).toBeLessThanOrEqual(2);
            await new Promise<void>((resolve) => void clock.schedule(duration, resolve));
            running -= 1;
            if (fails) throw new Error('failed');
          };
          return bulkhead.run(work, { signal: controller.signal });
        });
        const settled = await clock.run(Promise.allSettled(ends));
        const refused = settled.filter(
          (end) => end.status === 'rejected' && (end.reason as Error).name === 'BulkheadFullError',
        );
        expect(bulkhead.state).toEqual({ active: 0, queued: 0, refused: refused.length });
        await clock.advance(100);
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a hundred thousand waiters', () => {
  const COUNT = 100_000;

  it('are admitted in their order', () => {
    const bulkhead = createBulkhead({ maxConcurrent: 1, maxQueue: COUNT });
    bulkhead.tryEnter();
    let next = 0;
    let inOrder = 0;
    for (let id = 0; id < COUNT; id += 1) {
      bulkhead.wait(() => {
        if (id === next) inOrder += 1;
        next += 1;
      });
    }
    expect(bulkhead.state.queued).toBe(COUNT);
    for (let left = 0; left < COUNT; left += 1) bulkhead.leave();
    expect(inOrder).toBe(COUNT);
    expect(bulkhead.state).toEqual({ active: 1, queued: 0, refused: 0 });
  });

  it('can all give up, from the middle to both ends', () => {
    const bulkhead = createBulkhead({ maxConcurrent: 1, maxQueue: COUNT });
    bulkhead.tryEnter();
    let admitted = 0;
    const places = Array.from({ length: COUNT }, () => bulkhead.wait(() => (admitted += 1)));
    const middle = COUNT / 2;
    for (let distance = 0; distance < middle; distance += 1) {
      places[middle + distance]?.cancel();
      places[middle - 1 - distance]?.cancel();
    }
    expect(bulkhead.state.queued).toBe(0);
    bulkhead.leave();
    expect(admitted).toBe(0);
    expect(bulkhead.state).toEqual({ active: 0, queued: 0, refused: 0 });
  });
});
