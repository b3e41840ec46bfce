import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { WindowedCircuitBreaker } from '../../src/guards/circuit-breaker.ts';
import type { CircuitPermit } from '../../src/guards/circuit-breaker.ts';
import { resolveCircuitBreaker } from '../../src/guards/resolve-guards.ts';
import type { CircuitBreakerOptions, CircuitBreakerSettings } from '../../src/guards/guard-options.ts';
import { CircuitBreakerModel } from './circuit-breaker-model.ts';
import type { ModelPermit } from './circuit-breaker-model.ts';
import { manualClock } from './manual-clock.ts';
import type { ManualClock } from './manual-clock.ts';

const SETTINGS: readonly CircuitBreakerSettings[] = (
  [
    { window: { calls: 1 }, probes: 1 },
    { window: { calls: 4 }, minimumThroughput: 2, probes: 3 },
    { window: { calls: 8 }, minimumThroughput: 4, failureRate: 0.75, probes: 4 },
    { window: { duration: 100 }, minimumThroughput: 3, probes: 2, failureRate: 1 },
    { window: { duration: 70 }, minimumThroughput: 2, slowCallRate: 0.5, slowCallDuration: 5, probes: 3 },
    { window: { calls: 3 }, minimumThroughput: 1, mode: 'retries', probes: 2 },
    { window: { duration: 50 }, minimumThroughput: 2, mode: 'retries', probes: 3, failureRate: 0.25 },
  ] satisfies CircuitBreakerOptions[]
).map((options) =>
  resolveCircuitBreaker(
    { openTime: 20, openTimeGrowth: 2, maxOpenTime: 90, maxHalfOpenTime: 60, openTimeJitter: 0, ...options },
    undefined,
  ),
);

interface Permit {
  readonly real: CircuitPermit;
  readonly model: ModelPermit;
}

/** A breaker and its model side by side. */
class Pair {
  readonly clock: ManualClock = manualClock();
  readonly breaker: WindowedCircuitBreaker;
  readonly model: CircuitBreakerModel;
  readonly permits: Permit[] = [];
  readonly changes: string[] = [];
  readonly #settings: CircuitBreakerSettings;

  constructor(settings: CircuitBreakerSettings) {
    this.#settings = settings;
    this.breaker = new WindowedCircuitBreaker(settings, this.clock, () => 0.5);
    this.breaker.subscribe((to, from) => void this.changes.push(`${from} → ${to}`));
    this.model = new CircuitBreakerModel(settings);
  }

  /** Acquiring and ending are most of what happens; the rest of the number says which permit, and how long. */
  step(operation: number): void {
    const [what, rest] = [operation % 16, Math.floor(operation / 16)];
    if (what < 6) this.acquire(what > 2);
    else if (what < 8) this.#take(rest, (permit) => this.end(permit, false, rest % 10));
    else if (what < 11) this.#take(rest, (permit) => this.end(permit, true, rest % 10));
    else if (what === 11) this.#take(rest, (permit) => this.cancel(permit));
    else if (what < 15 || rest > 8) this.clock.time += rest % 40;
    else this.byHand((['open', 'close', 'reset'] as const)[rest % 3]!);
    this.compare();
  }

  acquire(retry: boolean): boolean {
    const { time } = this.clock;
    const [real, model] = [this.breaker.tryAcquire(retry, time), this.model.acquire(retry, time)];
    if (real !== undefined && model) this.permits.push({ real, model });
    else if (real !== undefined || model) throw new Error(`acquire: ${real}, and the model ${!!model}`);
    return real !== undefined;
  }

  end({ real, model }: Permit, failed: boolean, duration: number): void {
    if (failed) this.breaker.failed(real, duration);
    else this.breaker.succeeded(real, duration);
    this.model.end(model, failed, duration, this.clock.time);
  }

  cancel({ real, model }: Permit): void {
    this.breaker.cancelled(real);
    this.model.cancel(model);
  }

  byHand(what: 'open' | 'close' | 'reset'): void {
    this.breaker[what]();
    this.model[what]();
  }

  compare(): void {
    const { breaker, clock, model } = this;
    model.tick(clock.time);
    const { calls, failures, opensFor, refused, slowCalls, state, timesOpened } = breaker.metrics;
    const counts = model.counts(clock.time);
    const real = [state, calls, failures, slowCalls, refused, timesOpened, opensFor, ...this.changes].join();
    const expected = [
      model.state,
      counts.calls,
      counts.failures,
      counts.slowCalls,
      model.refused,
      model.timesOpened,
      model.state === 'open' ? model.openUntil - clock.time : 0,
      ...model.changes,
    ].join();
    if (real !== expected) throw new Error(`it has ${real}, its model ${expected}`);
    // A permit that is still out and counts as a probe is one of those that the stay allows.
    if (model.probes > this.#settings.probes) throw new Error('too many probes');
  }

  /** Whatever happened: calls that are given back, time and successes close it. */
  recover(): void {
    for (const permit of this.permits.splice(0)) this.cancel(permit);
    if (this.breaker.metrics.opensFor === Infinity) this.byHand('close');
    for (let stays = 0; stays < 2 && this.breaker.state !== 'closed'; stays += 1) {
      this.clock.time += this.breaker.metrics.opensFor;
      // Every place is free again, and no more than those.
      const places = this.#settings.probes;
      while (this.breaker.state === 'half-open' && this.permits.length < places && this.acquire(true));
      for (const permit of this.permits.splice(0)) this.end(permit, false, 0);
      this.compare();
    }
    if (this.breaker.state !== 'closed') throw new Error(`stuck: ${JSON.stringify(this.breaker.metrics)}`);
    if (!this.acquire(true)) throw new Error('closed, and refuses');
  }

  #take(which: number, end: (permit: Permit) => void): void {
    const [permit] = this.permits.splice(which % Math.max(1, this.permits.length), 1);
    if (permit) end(permit);
  }
}

describe('a circuit breaker', () => {
  it('does what its model does, lets no more probes through than it may, loses no permit and is never stuck', () => {
    const operations = fc.array(fc.nat(16 * 64), { maxLength: 120, size: 'max' });
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.constantFrom(...SETTINGS), operations, (settings, steps) => {
        const pair = new Pair(settings);
        for (const operation of steps) pair.step(operation);
        pair.recover();
        for (const change of pair.changes) seen.add(change);
      }),
      { numRuns: 10_000 },
    );
    // The sequences get everywhere.
    expect([...seen].toSorted()).toEqual([
      'closed → open',
      'half-open → closed',
      'half-open → open',
      'open → closed',
      'open → half-open',
    ]);
  });
});
