/** One destination: the guards that all requests with the same key share, and the sums of what became of them. */

import type { Clock, Random } from '../clock.ts';
import type { CircuitState } from '../outcome.ts';
import { budgetOf } from './budget.ts';
import type { BudgetState, RetryBudget } from './budget.ts';
import { QueuedBulkhead } from './bulkhead.ts';
import type { BulkheadState } from './bulkhead.ts';
import { WindowedCircuitBreaker } from './circuit-breaker.ts';
import type { CircuitBreaker, CircuitMetrics } from './circuit-breaker.ts';
import type {
  BudgetSettings,
  BulkheadSettings,
  CircuitBreakerSettings,
  GuardSettings,
  HedgeSettings,
  PacerSettings,
} from './guard-options.ts';
import { Hedging } from './hedging.ts';
import type { HedgeState } from './hedging.ts';
import { AdaptivePacer } from './pacer.ts';
import type { Pacer, PacerState } from './pacer.ts';
import { RecentSums } from '../statistics/recent-sums.ts';

/** The guards of one destination as they are now. A guard that is off, or that nothing has used yet, is absent. */
export interface GuardsSnapshot {
  readonly key: string;
  readonly budget?: BudgetState;
  readonly circuitBreaker?: CircuitMetrics;
  readonly bulkhead?: BulkheadState;
  readonly pacer?: PacerState;
  readonly hedge?: HedgeState;
}

/** What guards need from the world. */
export interface GuardSurroundings {
  readonly clock: Clock;
  readonly random: Random;
  circuitChanged(key: string, to: CircuitState, from: CircuitState): void;
}

/**
 * The state of one key. Each guard is made when a request first needs it. A request that overrides the settings of a guard
 * shares one with all requests that override them in the same way.
 */
export class Destination {
  readonly key: string;
  /** Operations under way: while there are any, the state is kept. */
  users = 0;
  /** What became of its operations. */
  sums: RecentSums = new RecentSums();
  readonly #settings: GuardSettings;
  readonly #surroundings: GuardSurroundings;
  #budget: RetryBudget | undefined;
  #circuitBreaker: WindowedCircuitBreaker | undefined;
  #bulkhead: QueuedBulkhead | undefined;
  #pacer: Pacer | undefined;
  #hedging: Hedging | undefined;
  #overridden: WeakMap<object, unknown> | undefined;

  constructor(key: string, settings: GuardSettings, surroundings: GuardSurroundings) {
    this.key = key;
    this.#settings = settings;
    this.#surroundings = surroundings;
  }

  /** Whether its state must not be forgotten. */
  get isInUse(): boolean {
    return this.users > 0 || this.#circuitBreaker?.isOpenedByHand === true;
  }

  /** Of the policy's circuit; one that no request has needed yet is closed. */
  get circuitState(): CircuitState {
    return this.#circuitBreaker === undefined ? 'closed' : this.#circuitBreaker.state;
  }

  /** Whether that lets everything through. */
  get isClosed(): boolean {
    return this.circuitState === 'closed';
  }

  budget(settings: BudgetSettings): RetryBudget {
    const { clock } = this.#surroundings;
    if (settings === this.#settings.budget) return (this.#budget ??= budgetOf(settings, clock));
    return this.#override(settings, () => budgetOf(settings, clock));
  }

  circuitBreaker(settings: CircuitBreakerSettings): CircuitBreaker {
    if (settings === this.#settings.circuitBreaker) {
      return (this.#circuitBreaker ??= this.#makeCircuitBreaker(settings));
    }
    return this.#override(settings, () => this.#makeCircuitBreaker(settings));
  }

  bulkhead(settings: BulkheadSettings): QueuedBulkhead {
    const { clock } = this.#surroundings;
    if (settings === this.#settings.bulkhead) return (this.#bulkhead ??= new QueuedBulkhead(settings, clock));
    return this.#override(settings, () => new QueuedBulkhead(settings, clock));
  }

  pacer(settings: PacerSettings): Pacer {
    const { clock } = this.#surroundings;
    if (settings === this.#settings.pacer) return (this.#pacer ??= new AdaptivePacer(settings, clock));
    return this.#override(settings, () => new AdaptivePacer(settings, clock));
  }

  hedging(settings: HedgeSettings): Hedging {
    const { clock } = this.#surroundings;
    if (settings === this.#settings.hedge) return (this.#hedging ??= new Hedging(settings, clock));
    return this.#override(settings, () => new Hedging(settings, clock));
  }

  snapshot(): GuardsSnapshot {
    const { key } = this;
    return Object.freeze({
      key,
      ...(this.#budget && { budget: this.#budget.state }),
      ...(this.#circuitBreaker && { circuitBreaker: this.#circuitBreaker.metrics }),
      ...(this.#bulkhead && { bulkhead: this.#bulkhead.state }),
      ...(this.#pacer && { pacer: this.#pacer.state }),
      ...(this.#hedging && { hedge: this.#hedging.state }),
    });
  }

  #makeCircuitBreaker(settings: CircuitBreakerSettings): WindowedCircuitBreaker {
    const { clock, random } = this.#surroundings;
    const breaker = new WindowedCircuitBreaker(settings, clock, random);
    breaker.subscribe((to, from) => {
      this.#surroundings.circuitChanged(this.key, to, from);
    });
    return breaker;
  }

  #override<Guard>(settings: object, make: () => Guard): Guard {
    this.#overridden ??= new WeakMap();
    const known = this.#overridden.get(settings) as Guard | undefined;
    if (known !== undefined) return known;
    const guard = make();
    this.#overridden.set(settings, guard);
    return guard;
  }
}
