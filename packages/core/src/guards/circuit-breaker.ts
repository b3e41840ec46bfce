/** The circuit breaker: stops what is sent to a destination that fails, and lets a few calls try whether it still does. */

import { systemClock, systemRandom } from '../clock.ts';
import type { Clock, Random } from '../clock.ts';
import { checkGuard } from '../options/guards-schema.ts';
import type { CircuitState } from '../outcome.ts';
import { shareOf } from '../warnings.ts';
import { CountWindow, TimeWindow } from './call-window.ts';
import type { CallCounts, CallWindow } from './call-window.ts';
import type { CircuitBreakerOptions, CircuitBreakerSettings } from './guard-options.ts';
import { resolveCircuitBreaker } from './resolve-guards.ts';

/** What a breaker has seen and does. */
export interface CircuitMetrics extends CallCounts {
  readonly state: CircuitState;
  /** From 0 to 1, over the window; 0 without calls. */
  readonly failureRate: number;
  /** From 0 to 1, over the window; 0 without calls. */
  readonly slowCallRate: number;
  /** ms until it lets probes through; 0 unless it is open, `Infinity` when it was opened by hand. */
  readonly opensFor: number;
  /** How often it has opened. */
  readonly timesOpened: number;
  /** Calls that it has refused, in all. */
  readonly refused: number;
}

/** Leave to make one call. It is given back once, by `succeeded`, `failed` or `cancelled`. */
export type CircuitPermit = number;

/**
 * Counts calls, and says which may be made. `now` is the clock's time in ms; leave it out to have the clock read.
 */
export interface CircuitBreaker {
  readonly state: CircuitState;
  readonly metrics: CircuitMetrics;
  /**
   * Asks for leave to make a call.
   *
   * @param retry whether it repeats another: `mode: 'retries'` stops only those
   * @returns `undefined` when the call must not be made
   */
  tryAcquire(retry?: boolean, now?: number): CircuitPermit | undefined;
  /** The call was answered, after `duration` ms. An answer that says no, such as a 404, is one. */
  succeeded(permit: CircuitPermit, duration: number, now?: number): void;
  /** The call failed, after `duration` ms. */
  failed(permit: CircuitPermit, duration: number, now?: number): void;
  /** The call says nothing of the destination: its caller gave it up. */
  cancelled(permit: CircuitPermit): void;
  /** Opens it until `close` or `reset` is called. */
  open(): void;
  /** Closes it, with an empty window. */
  close(): void;
  /** Closes it and forgets everything. */
  reset(): void;
  /** Calls `listener` after every change. Returns how to stop that. */
  subscribe(listener: (to: CircuitState, from: CircuitState) => void): () => void;
}

/**
 * Makes a circuit breaker of its own, without an engine. It has no timers: it is half open as soon as somebody asks
 * after its open time. Sources: Nygard, Release It! (2007); the windows and the half-open rules of resilience4j.
 *
 * @throws RetryConfigError for a wrong option, or a pair that can't hold together
 *
 * @example
 * const breaker = createCircuitBreaker({ failureRate: 0.5, minimumThroughput: 10 });
 * const permit = breaker.tryAcquire();
 * if (permit === undefined) throw new Error('the database is down');
 * const start = performance.now();
 * try {
 *   await database.query('select 1');
 *   breaker.succeeded(permit, performance.now() - start);
 * } catch (error) {
 *   breaker.failed(permit, performance.now() - start);
 *   throw error;
 * }
 */
export function createCircuitBreaker(
  options: CircuitBreakerOptions = {},
  { clock = systemClock, random = systemRandom }: { readonly clock?: Clock; readonly random?: Random } = {},
): CircuitBreaker {
  checkGuard('circuitBreaker', options);
  return new WindowedCircuitBreaker(resolveCircuitBreaker(options), clock, random);
}

type Listener = (to: CircuitState, from: CircuitState) => void;

export class WindowedCircuitBreaker implements CircuitBreaker {
  readonly #settings: CircuitBreakerSettings;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #window: CallWindow;
  readonly #listeners = new Set<Listener>();
  /** Those that the listeners have not all heard of. */
  readonly #changes: [to: CircuitState, from: CircuitState][] = [];
  #state: CircuitState = 'closed';
  /** Changes with the state: a permit counts only in the state that it was given in. */
  #generation = 0;
  #openUntil = 0;
  #halfOpenUntil = 0;
  /** Openings since it was closed last. */
  #openings = 0;
  #timesOpened = 0;
  #refused = 0;
  #probesSent = 0;
  #probesEnded = 0;
  #probeFailures = 0;
  #slowProbes = 0;

  constructor(settings: CircuitBreakerSettings, clock: Clock, random: Random) {
    this.#settings = settings;
    this.#clock = clock;
    this.#random = random;
    const { window } = settings;
    this.#window = 'calls' in window ? new CountWindow(window.calls) : new TimeWindow(window.duration);
  }

  get state(): CircuitState {
    if (this.#state !== 'closed') this.#letTimePass(this.#clock.now());
    return this.#state;
  }

  /** Whether it was opened by hand, and not closed again. */
  get isOpenedByHand(): boolean {
    return this.#state === 'open' && this.#openUntil === Infinity;
  }

  get metrics(): CircuitMetrics {
    const now = this.#clock.now();
    const { state } = this;
    const counts = this.#window.counts(now);
    return Object.freeze({
      state,
      ...counts,
      failureRate: counts.calls === 0 ? 0 : counts.failures / counts.calls,
      slowCallRate: counts.calls === 0 ? 0 : counts.slowCalls / counts.calls,
      opensFor: state === 'open' ? Math.max(0, this.#openUntil - now) : 0,
      timesOpened: this.#timesOpened,
      refused: this.#refused,
    });
  }

  tryAcquire(retry: boolean = false, now: number = this.#clock.now()): CircuitPermit | undefined {
    if (this.#state !== 'closed') this.#letTimePass(now);
    if (this.#state === 'closed') return this.#generation;
    // With `mode: 'retries'` first attempts are free: they tell what became of the destination, and take no probe's place.
    if (!isStoppable(this.#settings, retry)) return this.#generation;
    if (this.#state === 'half-open' && this.#probesSent < this.#settings.probes) {
      this.#probesSent += 1;
      if (this.#halfOpenUntil === Infinity) this.#halfOpenUntil = now + this.#settings.maxHalfOpenTime;
      return this.#generation + PROBE;
    }
    this.#refused += 1;
    return undefined;
  }

  succeeded(permit: CircuitPermit, duration: number, now: number = this.#clock.now()): void {
    this.#record(permit, false, duration, now);
  }

  failed(permit: CircuitPermit, duration: number, now: number = this.#clock.now()): void {
    this.#record(permit, true, duration, now);
  }

  cancelled(permit: CircuitPermit): void {
    if (permit !== this.#generation + PROBE) return;
    this.#probesSent -= 1;
    if (this.#probesSent === 0) this.#halfOpenUntil = Infinity;
  }

  open(): void {
    this.#openUntil = Infinity;
    this.#change('open');
  }

  close(): void {
    this.#openings = 0;
    this.#window.clear();
    this.#change('closed');
  }

  reset(): void {
    this.#timesOpened = 0;
    this.#refused = 0;
    this.close();
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #record(permit: CircuitPermit, failed: boolean, duration: number, now: number): void {
    if (Math.floor(permit) !== this.#generation) return;
    const { slowCallDuration } = this.#settings;
    const slow = slowCallDuration !== undefined && duration >= slowCallDuration;
    if (this.#state === 'closed') {
      this.#window.record(failed, slow, now);
      // A call that went well can't be the one too many.
      if (failed || slow) this.#openIfBad(now);
    } else if (this.#state === 'half-open') {
      this.#probeEnded(failed, slow, now);
    }
  }

  #openIfBad(now: number): void {
    const { calls, failures, slowCalls } = this.#window.counts(now);
    if (calls < this.#settings.minimumThroughput) return;
    if (this.#isBad(failures, slowCalls, calls)) this.#open(now);
  }

  /** Decided as soon as the probes that are still out can't change the verdict. */
  #probeEnded(failed: boolean, slow: boolean, now: number): void {
    const { probes } = this.#settings;
    this.#probesEnded += 1;
    if (failed) this.#probeFailures += 1;
    if (slow) this.#slowProbes += 1;
    const remaining = Math.max(0, probes - this.#probesEnded);
    if (this.#isBad(this.#probeFailures, this.#slowProbes, probes)) this.#open(now);
    else if (!this.#isBad(this.#probeFailures + remaining, this.#slowProbes + remaining, probes))
      this.close();
  }

  #isBad(failures: number, slowCalls: number, calls: number): boolean {
    const { failureRate, slowCallRate = Infinity } = this.#settings;
    return failures / calls >= failureRate || slowCalls / calls >= slowCallRate;
  }

  #open(now: number): void {
    const { maxOpenTime, openTime, openTimeGrowth, openTimeJitter } = this.#settings;
    const grown = Math.min(maxOpenTime, openTime * openTimeGrowth ** this.#openings);
    this.#openings += 1;
    this.#openUntil = now + grown * (1 - openTimeJitter * shareOf(this.#random));
    this.#change('open');
  }

  #letTimePass(now: number): void {
    if (this.#state === 'open' && now >= this.#openUntil) {
      // Its time counts from the first probe: until one is sent there is nothing to wait for.
      this.#halfOpenUntil = Infinity;
      this.#change('half-open');
    } else if (this.#state === 'half-open' && now >= this.#halfOpenUntil) {
      // Where requests are rare, the few that were answered are all the evidence that there will be.
      const ended = this.#probesEnded;
      if (ended > 0 && !this.#isBad(this.#probeFailures, this.#slowProbes, ended)) this.close();
      else this.#open(now);
    }
  }

  #change(to: CircuitState): void {
    const from = this.#state;
    this.#generation += 1;
    this.#state = to;
    this.#probesSent = 0;
    this.#probesEnded = 0;
    this.#probeFailures = 0;
    this.#slowProbes = 0;
    if (from === to) return;
    if (to === 'open') this.#timesOpened += 1;
    this.#changes.push([to, from]);
    // A listener that changes the state is answered when all have heard of the change before.
    if (this.#changes.length > 1) return;
    try {
      for (let change = this.#changes[0]; change; [change] = this.#changes) {
        for (const listener of this.#listeners) listener(...change);
        this.#changes.shift();
      }
    } finally {
      this.#changes.length = 0;
    }
  }
}

/** What a probe's permit has on top of its generation. */
const PROBE = 0.5;

/** Whether a circuit may keep an attempt from being sent: in `mode: 'retries'` it stops only what repeats another. */
export function isStoppable({ mode }: Pick<CircuitBreakerSettings, 'mode'>, retry: boolean): boolean {
  return retry || mode !== 'retries';
}
