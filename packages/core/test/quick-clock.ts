import type { Clock, Timer } from '../src/clock.ts';

interface QuickTimer {
  readonly due: number;
  readonly callback: () => void;
}

/** A virtual clock for thousands of runs: between timers only those promises settle that need no real time. */
export class QuickClock implements Clock {
  time = 0;
  readonly #timers = new Set<QuickTimer>();

  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.time;
  }

  epoch(): number {
    return this.time;
  }

  schedule(delay: number, callback: () => void): Timer {
    const timer = { due: this.time + Math.max(0, delay), callback };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  /** Moves from timer to timer until `done`, or until none is left. */
  async runUntil(done: () => boolean): Promise<void> {
    await settle();
    while (!done() && this.#timers.size > 0) {
      let next: QuickTimer | undefined;
      for (const timer of this.#timers) if (!next || timer.due < next.due) next = timer;
      this.#timers.delete(next!);
      this.time = Math.max(this.time, next!.due);
      next!.callback();
      await settle();
    }
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
