/** Hedging: when a second attempt is worth sending beside the first, and how many of those a destination gets. */

import type { Clock } from '../clock.ts';
import { DurationHistogram } from '../statistics/histogram.ts';
import { budgetOf } from './budget.ts';
import type { RetryBudget } from './budget.ts';
import type { HedgeSettings } from './guard-options.ts';

/** What hedging does now. */
export interface HedgeState {
  /** ms until a hedge; `undefined` while too few responses were seen to know the quantile. */
  readonly delay: number | undefined;
  /** Hedges that were sent, in all. */
  readonly sent: number;
  /** Hedges that `maxExtraLoad` refused, in all. */
  readonly refused: number;
}

/** What came before this many ms is forgotten after twice as many. */
const GENERATION = 30_000;
/** Fewer responses say too little of a quantile. */
const ENOUGH_RESPONSES = 20;
/** The quantile is looked up again after this many responses. */
const FRESHNESS = 32;
/** The window of `maxExtraLoad`, in ms. */
const LOAD_WINDOW = 10_000;

/** The quantile of the recent response times, in constant memory: two histograms, of which the older one is dropped. */
class RecentQuantile {
  readonly #quantile: number;
  #recent = new DurationHistogram();
  #older = new DurationHistogram();
  #since: number;
  #value: number | undefined;
  #sinceLookup = 0;

  constructor(quantile: number, now: number) {
    this.#quantile = quantile;
    this.#since = now;
  }

  get value(): number | undefined {
    return this.#value;
  }

  record(duration: number, now: number): void {
    if (now - this.#since >= GENERATION) {
      // After a pause both are too old.
      this.#older = now - this.#since >= 2 * GENERATION ? new DurationHistogram() : this.#recent;
      this.#recent = new DurationHistogram();
      this.#since = now;
      this.#sinceLookup = FRESHNESS;
    }
    this.#recent.record(duration);
    this.#sinceLookup += 1;
    const known = this.#recent.count + this.#older.count;
    if (known < ENOUGH_RESPONSES || (this.#value !== undefined && this.#sinceLookup < FRESHNESS)) return;
    this.#sinceLookup = 0;
    const both = new DurationHistogram();
    both.add(this.#older);
    both.add(this.#recent);
    this.#value = both.quantile(this.#quantile);
  }
}

/** The hedging of one destination. */
export class Hedging {
  readonly #settings: HedgeSettings;
  readonly #clock: Clock;
  readonly #load: RetryBudget;
  readonly #observed: RecentQuantile | undefined;

  constructor(settings: HedgeSettings, clock: Clock) {
    const { delay, maxExtraLoad } = settings;
    this.#settings = settings;
    this.#clock = clock;
    this.#load = budgetOf(
      { kind: 'window', ratio: maxExtraLoad, minPerSecond: 0, window: LOAD_WINDOW },
      clock,
    );
    this.#observed = typeof delay === 'number' ? undefined : new RecentQuantile(delay.quantile, clock.now());
  }

  get maxHedges(): number {
    return this.#settings.maxHedges;
  }

  /** ms until a hedge is worth it; `undefined` while that is not known. */
  get delay(): number | undefined {
    const { delay } = this.#settings;
    return typeof delay === 'number' ? delay : this.#observed?.value;
  }

  get state(): HedgeState {
    const { allowed, refused } = this.#load.state;
    return Object.freeze({ delay: this.delay, sent: allowed, refused });
  }

  /** A first attempt is sent. */
  requested(now: number): void {
    this.#load.requested(now);
  }

  /** An attempt had its response after `duration` ms. */
  responded(duration: number, now: number): void {
    this.#observed?.record(duration, now);
  }

  /** Whether one more hedge may be sent. It counts as sent then. */
  tryHedge(): boolean {
    return this.#load.tryRetry(false, this.#clock.now()) !== undefined;
  }
}
