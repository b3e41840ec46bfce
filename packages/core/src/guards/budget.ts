/** The retry budget: how many retries a destination is given for the requests that it gets anyway. */

import { systemClock } from '../clock.ts';
import type { Clock } from '../clock.ts';
import { checkGuard } from '../options/guards-schema.ts';
import type { BudgetOptions, BudgetSettings } from './guard-options.ts';
import { resolveBudget } from './resolve-guards.ts';
import { RollingSums } from './rolling-sums.ts';

/** What a budget holds now. */
export interface BudgetState {
  /** Retries that could be made at once (`window`), or tokens that are left (`tokens`). */
  readonly available: number;
  /** Retries that were allowed, in all. */
  readonly allowed: number;
  /** Retries that were refused, in all. */
  readonly refused: number;
}

/**
 * Decides whether a retry may be scheduled. `now` is the clock's time in ms; leave it out to have the clock read.
 */
export interface RetryBudget {
  readonly state: BudgetState;
  /** A first attempt is sent. */
  requested(now?: number): void;
  /** An attempt failed in a way that a retry could mend. */
  failed(throttled: boolean): void;
  /**
   * Asks for a retry, and charges it.
   *
   * @returns what was charged, to be given to `succeeded`; `undefined` when the budget is exhausted
   */
  tryRetry(throttled: boolean, now?: number): number | undefined;
  /** The operation succeeded. `lastCharge` is what its last retry was charged; 0 when it had none. */
  succeeded(lastCharge: number): void;
}

/**
 * Makes a retry budget of its own, without an engine. Sources: Finagle's RetryBudget and Envoy's retry budget
 * (`window`), the standard retry mode of the AWS SDKs and gRFC A6 (`tokens`).
 *
 * @throws RetryConfigError for a wrong option
 *
 * @example
 * const budget = createRetryBudget({ ratio: 0.1, minPerSecond: 1 });
 * budget.requested();
 * if (budget.tryRetry(false) !== undefined) await sendAgain();
 */
export function createRetryBudget(
  options: BudgetOptions = {},
  { clock = systemClock }: { readonly clock?: Clock } = {},
): RetryBudget {
  checkGuard('budget', options);
  return budgetOf(resolveBudget(options), clock);
}

export function budgetOf(settings: BudgetSettings, clock: Clock): RetryBudget {
  return settings.kind === 'tokens' ? new TokenBudget(settings) : new WindowBudget(settings, clock);
}

const REQUESTS = 0;
const RETRIES = 1;
/** A difference smaller than this is rounding. */
const ROUNDING = 1e-9;

class WindowBudget implements RetryBudget {
  readonly #settings: BudgetSettings & { kind: 'window' };
  readonly #clock: Clock;
  readonly #sums: RollingSums;
  #allowed = 0;
  #refused = 0;

  constructor(settings: BudgetSettings & { kind: 'window' }, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
    this.#sums = new RollingSums(settings.window, 2);
  }

  get state(): BudgetState {
    const available = Math.max(0, Math.floor(this.#available(this.#clock.now())));
    return { available, allowed: this.#allowed, refused: this.#refused };
  }

  requested(now: number = this.#clock.now()): void {
    this.#sums.add(REQUESTS, 1, now);
  }

  failed(): void {
    // Only retries are counted.
  }

  tryRetry(_throttled: boolean, now: number = this.#clock.now()): number | undefined {
    if (this.#available(now) < 1) {
      this.#refused += 1;
      return undefined;
    }
    this.#allowed += 1;
    this.#sums.add(RETRIES, 1, now);
    return 1;
  }

  succeeded(): void {
    // What was sent was sent: the window forgets it in time.
  }

  #available(now: number): number {
    const { minPerSecond, ratio, window } = this.#settings;
    const earned = ratio * this.#sums.sum(REQUESTS, now);
    const floor = (minPerSecond * window) / 1000;
    // 0.29 · 100 is a little less than 29 in binary.
    return Math.max(earned, floor) - this.#sums.sum(RETRIES, now) + ROUNDING;
  }
}

class TokenBudget implements RetryBudget {
  readonly #settings: BudgetSettings & { kind: 'tokens' };
  #tokens: number;
  #allowed = 0;
  #refused = 0;

  constructor(settings: BudgetSettings & { kind: 'tokens' }) {
    this.#settings = settings;
    this.#tokens = settings.capacity;
  }

  get state(): BudgetState {
    const available = Math.round(this.#tokens * 1e9) / 1e9;
    return { available, allowed: this.#allowed, refused: this.#refused };
  }

  requested(): void {
    // Only successes earn.
  }

  failed(throttled: boolean): void {
    if (this.#settings.threshold === undefined) return;
    this.#tokens = Math.max(0, this.#tokens - this.#cost(throttled));
  }

  tryRetry(throttled: boolean): number | undefined {
    const { capacity, threshold } = this.#settings;
    const cost = this.#cost(throttled);
    // Ten times 0.1 is a little less than 1 in binary: what was earned would be refused.
    const allowed =
      threshold === undefined
        ? this.#tokens + ROUNDING >= cost
        : this.#tokens > threshold * capacity + ROUNDING;
    if (!allowed) {
      this.#refused += 1;
      return undefined;
    }
    this.#allowed += 1;
    if (threshold === undefined) this.#tokens = Math.max(0, this.#tokens - cost);
    return cost;
  }

  succeeded(lastCharge: number): void {
    const { capacity, refund, threshold } = this.#settings;
    const back = threshold === undefined && lastCharge > 0 ? lastCharge : refund;
    this.#tokens = Math.min(capacity, this.#tokens + back);
  }

  #cost(throttled: boolean): number {
    return throttled ? this.#settings.throttledCost : this.#settings.cost;
  }
}
