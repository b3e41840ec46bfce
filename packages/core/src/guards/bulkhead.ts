/** The bulkhead: how many operations of a destination run at once, and how many may wait for that. */

import { systemClock } from '../clock.ts';
import type { Clock, Timer } from '../clock.ts';
import { BulkheadFullError } from '../errors.ts';
import { checkGuard } from '../options/guards-schema.ts';
import type { BulkheadOptions, BulkheadSettings } from './guard-options.ts';
import { resolveBulkhead } from './resolve-guards.ts';
import { subscribe, unsubscribe } from '../signals.ts';
import { Place, WaitQueue } from './wait-queue.ts';

/** What a bulkhead holds now. */
export interface BulkheadState {
  /** Operations that run. */
  readonly active: number;
  /** Operations that wait. */
  readonly queued: number;
  /** Operations that were refused, in all: no place in the queue, or too long in it. */
  readonly refused: number;
}

/** How a wait for a place ended. */
export type Admission = 'admitted' | 'timed_out';

/** Limits how many operations run at once. */
export interface Bulkhead {
  readonly state: BulkheadState;
  /** Takes a place if one is free. Whoever gets `true` calls `leave` once. */
  tryEnter(): boolean;
  /**
   * Waits for a place. `ended` is called once, later, unless the wait is cancelled; whoever is admitted calls `leave`.
   *
   * @returns how to give the wait up; `undefined` when the queue is full
   */
  wait(ended: (admission: Admission) => void): { cancel(): void } | undefined;
  /** Gives a place back: the first in the queue gets it. */
  leave(): void;
  /**
   * Runs `work` when there is a place for it.
   *
   * @throws BulkheadFullError when the queue is full, or a place did not come in time
   * @throws the signal's reason when it aborts during the wait
   */
  run<T>(work: () => T | PromiseLike<T>, options?: { readonly signal?: AbortSignal }): Promise<T>;
}

/**
 * Makes a bulkhead of its own, without an engine.
 *
 * @example
 * const bulkhead = createBulkhead({ maxConcurrent: 10, maxQueue: 100, queueTimeout: 1_000 });
 * const rows = await bulkhead.run(() => database.query('select 1'));
 */
export function createBulkhead(
  options: BulkheadOptions,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): Bulkhead {
  checkGuard('bulkhead', options);
  return new StandaloneBulkhead(resolveBulkhead(options), clock);
}

interface Waiter {
  readonly ended: (admission: Admission) => void;
  timer: Timer | undefined;
}

/** A bulkhead as an engine needs it: nobody waits who could enter. */
export class QueuedBulkhead implements Omit<Bulkhead, 'run'> {
  protected readonly settings: BulkheadSettings;
  readonly #clock: Clock;
  readonly #queue = new WaitQueue<Waiter>();
  #active = 0;
  #refused = 0;

  constructor(settings: BulkheadSettings, clock: Clock) {
    this.settings = settings;
    this.#clock = clock;
  }

  get state(): BulkheadState {
    return { active: this.#active, queued: this.#queue.length, refused: this.#refused };
  }

  tryEnter(): boolean {
    // A place that is free while others wait does not exist: it is handed on in `leave`.
    if (this.#active >= this.settings.maxConcurrent) return false;
    this.#active += 1;
    return true;
  }

  wait(ended: (admission: Admission) => void): { cancel(): void } | undefined {
    const { maxQueue, queueTimeout } = this.settings;
    if (this.#queue.length >= maxQueue) {
      this.#refused += 1;
      return undefined;
    }
    const waiter: Waiter = { ended, timer: undefined };
    const place = new Place(waiter);
    this.#queue.append(place);
    if (queueTimeout !== undefined) {
      waiter.timer = this.#clock.schedule(queueTimeout, () => {
        this.#giveUp(place);
      });
    }
    return {
      cancel: () => {
        if (this.#queue.delete(place)) waiter.timer?.cancel();
      },
    };
  }

  leave(): void {
    const next = this.#queue.shift();
    if (next === undefined) {
      this.#active -= 1;
      return;
    }
    next.timer?.cancel();
    next.ended('admitted');
  }

  #giveUp(place: Place<Waiter>): void {
    if (!this.#queue.delete(place)) return;
    this.#refused += 1;
    place.value.ended('timed_out');
  }
}

class StandaloneBulkhead extends QueuedBulkhead implements Bulkhead {
  override wait(ended: (admission: Admission) => void): { cancel(): void } | undefined {
    if (!this.tryEnter()) return super.wait(ended);
    let cancelled = false;
    queueMicrotask(() => {
      if (cancelled) this.leave();
      else ended('admitted');
    });
    return {
      cancel: () => {
        cancelled = true;
      },
    };
  }

  async run<T>(
    work: () => T | PromiseLike<T>,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<T> {
    signal?.throwIfAborted();
    if (!this.tryEnter()) await this.#place(signal);
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  #place(signal: AbortSignal | undefined): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const subscriber = {
        signalAborted: (reason: unknown): void => {
          waiting?.cancel();
          reject(reason);
        },
      };
      const waiting = this.wait((admission) => {
        if (signal) unsubscribe(signal, subscriber);
        if (admission === 'admitted') resolve();
        else reject(new BulkheadFullError(queueTimedOut(this.settings)));
      });
      if (waiting === undefined) {
        reject(new BulkheadFullError(queueIsFull(this.settings)));
        return;
      }
      if (signal) subscribe(signal, subscriber);
    });
  }
}

export function queueIsFull({ maxConcurrent, maxQueue }: BulkheadSettings): string {
  return `All ${maxConcurrent} places of the bulkhead are taken, and ${maxQueue} operations wait already`;
}

export function queueTimedOut({ queueTimeout }: BulkheadSettings): string {
  return `No place in the bulkhead within its queue timeout of ${queueTimeout} ms`;
}
