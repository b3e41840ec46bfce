/** What bounds a first attempt: its time, its caller's signal, the circuit of its destination. */

import type { AttemptOwner } from './attempt.ts';
import type { Timer } from './clock.ts';
import type { Execution } from './execution.ts';
import type { EngineState } from './engine-state.ts';
import type { CircuitBreaker, CircuitPermit } from './guards/circuit-breaker.ts';
import type { RetryPolicy } from './policy.ts';
import { subscribe, unsubscribe } from './signals.ts';
import type { SignalSubscriber } from './signals.ts';

/** Who is told that its time is up, or that its caller has gone. */
export type Bounded = Pick<Execution, 'timeIsUp' | 'signalAborted'>;

/** Holds the deadline and the permit of a first attempt, until it has ended. */
export class FirstBounds implements AttemptOwner, SignalSubscriber {
  readonly headers: undefined;
  readonly callerSignal: AbortSignal | undefined;
  permit: CircuitPermit | undefined;
  readonly #policy: RetryPolicy;
  #attempt: Bounded | undefined;
  #startedAt = 0;
  #deadline: Timer | undefined;
  #circuit: CircuitBreaker | undefined;

  constructor(policy: RetryPolicy, callerSignal: AbortSignal | undefined) {
    this.#policy = policy;
    this.callerSignal = callerSignal;
  }

  get bounded(): boolean {
    return this.#policy.timeout !== undefined || this.#policy.attemptTimeout !== undefined;
  }

  remaining(): number {
    const { clock, timeout } = this.#policy;
    return timeout === undefined ? Infinity : Math.max(0, this.#startedAt + timeout - clock.now());
  }

  /** The attempt is about to be sent. The circuit is closed. */
  begin(attempt: Bounded, now: number, circuit: CircuitBreaker | undefined, engine: EngineState): void {
    this.#attempt = attempt;
    this.#startedAt = now;
    this.#circuit = circuit;
    this.permit = circuit?.tryAcquire(false, now);
    if (this.callerSignal) subscribe(this.callerSignal, this);
    if (!this.bounded) return;
    const { attemptTimeout = Infinity, timeout = Infinity } = this.#policy;
    // Those that pass first: an attempt that ends before the operation's time is up needs no second timer.
    const deadlines = attemptTimeout < timeout ? engine.attemptDeadlines : engine.operationDeadlines;
    this.#deadline = deadlines?.add(this, now);
  }

  /** The attempt has succeeded. */
  succeeded(responseTime: number, now: number): void {
    if (this.permit !== undefined) this.#circuit?.succeeded(this.permit, responseTime, now);
    this.end();
  }

  /** The attempt has ended, or somebody else bounds it from here on. */
  end(): void {
    this.#attempt = undefined;
    this.#deadline?.cancel();
    if (this.callerSignal) unsubscribe(this.callerSignal, this);
  }

  timeIsUp(kind: 'operation_timeout' | 'attempt_timeout'): void {
    this.#attempt?.timeIsUp(kind);
  }

  signalAborted(reason: unknown): void {
    this.#attempt?.signalAborted(reason);
  }
}
