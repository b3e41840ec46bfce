/** The way of an operation to its attempts: its destination, a place there, its time, the guards before each attempt. */

import type { Timer } from './clock.ts';
import type { EngineState } from './engine-state.ts';
import type { RetryBudget } from './guards/budget.ts';
import type { CircuitPermit } from './guards/circuit-breaker.ts';
import type { Destination } from './guards/destination.ts';
import { Interruption } from './interruption.ts';
import { OperationGuards } from './operation-guards.ts';
import type { Operation } from './operation.ts';
import type { InterruptionKind } from './outcome.ts';
import type { RetryPolicy } from './policy.ts';
import { subscribe, unsubscribe } from './signals.ts';
import type { SignalSubscriber } from './signals.ts';
import type { RecentSums } from './statistics/recent-sums.ts';
import { Waiting } from './waiting.ts';

/** What an attempt holds that was sent before its execution was made. */
export interface Admitted {
  readonly destination: Destination;
  readonly startedAt: number;
  /** Of its circuit. */
  readonly permit: CircuitPermit | undefined;
}

/** An operation that is let in, limited in time, and let go of. */
export abstract class Admission extends Waiting implements SignalSubscriber {
  abstract readonly operation: Operation;
  protected readonly policy: RetryPolicy;
  protected attemptTimer: Timer | undefined;
  protected budget: RetryBudget | undefined;
  protected guards: OperationGuards | undefined;
  readonly #engine: EngineState;
  /** Where the request goes, while the operation is under way. */
  #destination: Destination | undefined;
  #operationTimer: Timer | undefined;
  /** The operation's time counts. */
  #begun = false;

  constructor(policy: RetryPolicy, engine: EngineState) {
    super();
    this.policy = policy;
    this.#engine = engine;
  }

  remaining(): number {
    return this.operation.remaining(this.policy.clock.now());
  }

  signalAborted(reason: unknown): void {
    this.stop(new Interruption('caller_aborted', reason));
  }

  timeIsUp(kind: 'operation_timeout' | 'attempt_timeout'): void {
    if (kind === 'operation_timeout') this.stop(new Interruption(kind));
    else this.interrupt(new Interruption(kind));
  }

  /** A place in the bulkhead has come. */
  protected abstract entered(now: number): void;

  /** The guards let the next attempt through. */
  protected abstract passed(now: number): void;

  /** Listens to the caller's signal, and finds the destination with its guards. */
  protected open(): void {
    this.#useDestination(this.#engine.destinations.use(this.operation.key));
  }

  /** The same where the first attempt was begun without this. */
  protected takeOver({ destination, permit, startedAt }: Admitted): void {
    this.#begun = true;
    this.#useDestination(destination);
    this.guards?.takeOver(permit, startedAt);
  }

  #useDestination(destination: Destination): void {
    const { callerSignal, policy } = this;
    // `key` may have aborted, or the end of the first attempt have been told late.
    if (callerSignal && !callerSignal.aborted) subscribe(callerSignal, this);
    this.#destination = destination;
    if (policy.budget) this.budget = destination.budget(policy.budget);
    const isHeld = policy.circuitBreaker || policy.bulkhead || policy.pacer || policy.hedge;
    if (isHeld) this.guards = new OperationGuards(destination, this.operation);
  }

  /**
   * The way into the bulkhead. Returns whether the operation is in; if it has to wait, `entered` is called later, and if
   * no place will come, the operation ends.
   */
  protected enter(): boolean {
    const { guards } = this;
    if (guards === undefined || guards.tryEnter()) return true;
    this.operation.waitBegan();
    this.wait(
      (wait) => guards.waitForPlace(wait),
      this.inOwnTurn(() => {
        const now = this.policy.clock.now();
        this.operation.admitted(now);
        this.entered(now);
      }),
    );
    return false;
  }

  /** The operation is in: its time begins to count. */
  protected begin(now: number): void {
    const { attemptTimeout = Infinity, timeout } = this.policy;
    this.#begun = true;
    // An attempt that ends before the operation's time is up needs no second timer.
    if (timeout !== undefined && attemptTimeout >= timeout) this.limitOperation(now);
  }

  /** What follows an attempt is bounded by the operation's time alone. */
  protected limitOperation(now?: number): void {
    const { clock, timeout } = this.policy;
    if (timeout === undefined || this.#operationTimer || !this.#begun) return;
    const { operationDeadlines, policy } = this.#engine;
    this.#operationTimer =
      now !== undefined && policy === this.policy && operationDeadlines
        ? operationDeadlines.add(this, now)
        : clock.schedule(this.remaining(), () => {
            this.timeIsUp('operation_timeout');
          });
  }

  /**
   * The way of an attempt through the circuit breaker and the pacer. Returns whether it may be sent now; if it has to
   * wait, `passed` is called later, and if it may not be sent, the operation ends.
   */
  protected pass(now: number, guards: OperationGuards): boolean {
    if (!guards.tryAcquire(now)) return this.#refuse('circuit_breaker_open');
    const turnIn = guards.tryTake(now);
    if (turnIn === 0) return true;
    if (turnIn >= this.operation.remaining(now)) return this.#refuse('wait_exceeds_timeout');
    this.operation.waitBegan();
    this.waitWhileClosed(
      guards.stoppingCircuit,
      (wait) => guards.waitForTurn(wait.granted),
      this.inOwnTurn(() => {
        this.passed(this.policy.clock.now());
      }),
    );
    return false;
  }

  #refuse(kind: InterruptionKind): false {
    this.ended(new Interruption(kind));
    return false;
  }

  /** Sets the attempt's own timer, where it would end before the operation's. */
  protected limitAttempt(startedAt: number): void {
    const { attemptTimeout, clock } = this.policy;
    if (attemptTimeout === undefined || attemptTimeout >= this.operation.remaining(startedAt)) return;
    const { attemptDeadlines, policy } = this.#engine;
    this.attemptTimer =
      policy === this.policy && attemptDeadlines
        ? attemptDeadlines.add(this, startedAt)
        : clock.schedule(attemptTimeout, () => {
            this.timeIsUp('attempt_timeout');
          });
  }

  /** Lets go of timer, signal and guards. */
  protected close(): void {
    this.#operationTimer?.cancel();
    this.attemptTimer?.cancel();
    if (this.callerSignal) unsubscribe(this.callerSignal, this);
    if (this.#destination === undefined) return;
    this.guards?.release();
    this.#engine.destinations.release(this.#destination);
    this.#destination = undefined;
  }

  /** One that ends before it was begun has no destination yet. */
  get sums(): RecentSums {
    return (this.#destination ?? this.#engine.destinations.of(this.operation.key)).sums;
  }
}
