/** A clock that stands still until a test moves it. */

import { builtinModule } from '../builtin-module.ts';
import { systemClock } from '../clock.ts';
import type { Clock, Timer } from '../clock.ts';

/** Time under a test's control. */
export interface VirtualClock extends Clock {
  /** Timers that are pending; 0 when nothing has leaked. */
  readonly pending: number;
  /**
   * Moves time forward, fires what falls due in order, and lets promises settle in between.
   *
   * @param milliseconds how far
   */
  advance(milliseconds: number): Promise<void>;
  /** Moves the wall clock alone, forward or back, as a correction of the system's time does. */
  jump(milliseconds: number): void;
  /**
   * Moves from timer to timer until a promise settles, and gives its end.
   *
   * @throws Error when the promise is pending and no timer is left that could settle it
   */
  run<T>(promise: PromiseLike<T>): Promise<T>;
}

interface VirtualTimer {
  readonly due: number;
  readonly callback: () => void;
}

/** Turns of the event loop for which a pending promise may do real work before it counts as stuck. */
const PATIENCE = 200;

/**
 * Makes a clock that stands still until `advance` or `run` moves it.
 *
 * @param options.epoch the wall clock's start in epoch ms; 2020-01-01 by default
 *
 * @example
 * const clock = virtualClock();
 * const engine = createRetryEngine({ clock, jitter: 'none' });
 * await clock.run(engine.execute(scriptedOperation([new Error('once'), 'done']))); // 'done', at once
 * clock.now(); // 100
 */
export function virtualClock(options: { readonly epoch?: number } = {}): VirtualClock {
  return new ManualClock(options.epoch ?? Date.UTC(2020, 0, 1));
}

class ManualClock implements VirtualClock {
  #now = 0;
  #epochOffset: number;
  readonly #timers = new Set<VirtualTimer>();

  constructor(epoch: number) {
    this.#epochOffset = epoch;
  }

  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  epoch(): number {
    return this.#epochOffset + this.#now;
  }

  schedule(delay: number, callback: () => void): Timer {
    const timer: VirtualTimer = { due: this.#now + Math.max(0, delay), callback: inContext(callback) };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  jump(milliseconds: number): void {
    this.#epochOffset += milliseconds;
  }

  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await settle();
    for (let next = this.#next(); next && next.due <= end; next = this.#next()) {
      this.#fire(next);
      await settle();
    }
    this.#now = Math.max(this.#now, end);
    await settle();
  }

  async run<T>(promise: PromiseLike<T>): Promise<T> {
    let settled = false;
    const markSettled = (): void => {
      settled = true;
    };
    promise.then(markSettled, markSettled);
    for (let idleTurns = 0; ;) {
      await settle();
      if (settled) return promise;
      const next = this.#next();
      if (next) {
        this.#fire(next);
        idleTurns = 0;
      } else {
        idleTurns += 1;
        if (idleTurns > PATIENCE)
          throw new Error('The promise is pending, and no timer of the virtual clock is left');
      }
    }
  }

  #next(): VirtualTimer | undefined {
    let earliest: VirtualTimer | undefined;
    for (const timer of this.#timers) {
      if (earliest === undefined || timer.due < earliest.due) earliest = timer;
    }
    return earliest;
  }

  #fire(timer: VirtualTimer): void {
    this.#timers.delete(timer);
    this.#now = Math.max(this.#now, timer.due);
    timer.callback();
  }
}

interface AsyncHooksModule {
  readonly AsyncResource: { bind(callback: () => void): () => void };
}

/** As the platform's timers do: the callback has the asynchronous context of whoever scheduled it. */
function inContext(callback: () => void): () => void {
  const { AsyncResource } = builtinModule<AsyncHooksModule>('node:async_hooks') ?? {};
  return AsyncResource ? AsyncResource.bind(callback) : callback;
}

/** A turn of the real event loop: every promise that can settle has settled. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    systemClock.schedule(0, resolve);
  });
}
