/** The guards of a destination that an operation holds something of: a place, a permit. */

import type { Timer } from './clock.ts';
import type { QueuedBulkhead } from './guards/bulkhead.ts';
import { isStoppable } from './guards/circuit-breaker.ts';
import type { CircuitBreaker, CircuitPermit } from './guards/circuit-breaker.ts';
import type { Destination } from './guards/destination.ts';
import type { Hedging } from './guards/hedging.ts';
import type { Pacer } from './guards/pacer.ts';
import { responseIn } from './http/classify.ts';
import { readQuota } from './http/rate-limit.ts';
import { Interruption, NOTHING } from './interruption.ts';
import type { Wait } from './interruption.ts';
import type { Operation } from './operation.ts';
import type { FailureClass, Outcome } from './outcome.ts';

/** Holds a place and a permit for one operation, and gives them back. */
export class OperationGuards {
  readonly circuit: CircuitBreaker | undefined;
  readonly hedging: Hedging | undefined;
  readonly #operation: Operation;
  readonly #bulkhead: QueuedBulkhead | undefined;
  readonly #pacer: Pacer | undefined;
  #hasPlace = false;
  #permit: CircuitPermit | undefined;
  /** Of several attempts beside each other, the first. */
  #attemptStartedAt = 0;

  constructor(destination: Destination, operation: Operation) {
    const { bulkhead, circuitBreaker, hedge, pacer } = operation.policy;
    this.#operation = operation;
    this.circuit = circuitBreaker ? destination.circuitBreaker(circuitBreaker) : undefined;
    this.hedging = hedge ? destination.hedging(hedge) : undefined;
    this.#bulkhead = bulkhead ? destination.bulkhead(bulkhead) : undefined;
    this.#pacer = pacer ? destination.pacer(pacer) : undefined;
  }

  /** The first attempt was begun without this. */
  takeOver(permit: CircuitPermit | undefined, startedAt: number): void {
    this.#permit = permit;
    this.#attemptStartedAt = startedAt;
  }

  /** Whether there is a place at once, or none is needed. */
  tryEnter(): boolean {
    if (this.#bulkhead === undefined) return true;
    this.#hasPlace = this.#bulkhead.tryEnter();
    return this.#hasPlace;
  }

  /** Refused at once where there is no place to wait in. */
  waitForPlace(wait: Wait): Timer {
    const waiting = (this.#bulkhead as QueuedBulkhead).wait((admission) => {
      this.#hasPlace = admission === 'admitted';
      if (this.#hasPlace) wait.grant();
      else wait.refuse(new Interruption('bulkhead_queue_timeout'));
    });
    if (waiting) return waiting;
    wait.refuse(new Interruption('bulkhead_full'));
    return NOTHING;
  }

  /** The first attempt is about to be sent. */
  requested(now: number): void {
    this.hedging?.requested(now);
  }

  /** Whether the circuit breaker lets the next attempt through. */
  tryAcquire(now: number): boolean {
    if (this.circuit === undefined) return true;
    this.#permit = this.circuit.tryAcquire(this.#operation.attemptNumber > 0, now);
    return this.#permit !== undefined;
  }

  /** 0 when the pacer lets the next attempt through at once; else how many ms that will take, as far as is known. */
  tryTake(now: number): number {
    if (this.#pacer === undefined || this.#pacer.tryTake(now)) return 0;
    return Math.max(Number.MIN_VALUE, this.#pacer.estimate(now));
  }

  /** The circuit that ends a wait for the pacer when it opens; none where it stops retries alone, and this is none. */
  get stoppingCircuit(): CircuitBreaker | undefined {
    const {
      attemptNumber,
      policy: { circuitBreaker },
    } = this.#operation;
    return circuitBreaker && isStoppable(circuitBreaker, attemptNumber > 0) ? this.circuit : undefined;
  }

  waitForTurn(granted: () => void): Timer {
    return (this.#pacer as Pacer).wait(granted);
  }

  attemptBegan(now: number): void {
    this.#attemptStartedAt = now;
  }

  /** The last attempt succeeded. */
  succeeded(outcome: Outcome | undefined, now: number): void {
    // Not the hedge's own time: a slow attempt that a hedge overtook would never be seen, and the quantile would sink.
    const duration = now - this.#attemptStartedAt;
    this.hedging?.responded(duration, now);
    this.#tellCircuit(false, duration, now);
    this.#tellPacer(outcome, false, now);
  }

  /** The last attempt ended with a failure. */
  attemptEnded(outcome: Outcome, failureClass: FailureClass | undefined, now: number): void {
    // What never reached the destination, such as a URL that is none, says nothing of it.
    const isOwnFault = failureClass === 'permanent' && !responseIn(outcome);
    if (failureClass === 'aborted' || isOwnFault) {
      this.cancelled();
      return;
    }
    this.#tellCircuit(failureClass !== 'permanent', now - this.#attemptStartedAt, now);
    this.#tellPacer(outcome, failureClass === 'throttled', now);
  }

  /** The operation's time ended during an attempt: the destination was too slow for it. */
  attemptTimedOut(): void {
    const now = this.#operation.policy.clock.now();
    this.#tellCircuit(true, this.#operation.responseTime, now);
  }

  /** The attempt ended without saying anything of its destination, or was not sent at all. */
  cancelled(): void {
    if (this.#permit !== undefined) this.circuit?.cancelled(this.#permit);
    this.#permit = undefined;
  }

  /** The operation has ended. */
  release(): void {
    this.cancelled();
    if (this.#hasPlace) this.#bulkhead?.leave();
  }

  #tellCircuit(failed: boolean, duration: number, now: number): void {
    const permit = this.#permit;
    if (permit === undefined) return;
    this.#permit = undefined;
    if (failed) this.circuit?.failed(permit, duration, now);
    else this.circuit?.succeeded(permit, duration, now);
  }

  #tellPacer(outcome: Outcome | undefined, throttled: boolean, now: number): void {
    if (this.#pacer === undefined) return;
    // What a function of the user's has thrown may hold a response that no adapter has described.
    const response = outcome && ((outcome.kind === 'error' && outcome.response) || responseIn(outcome));
    const headers = response?.headers;
    this.#pacer.responded(
      throttled,
      headers && readQuota(headers, this.#operation.policy.clock.epoch()),
      now,
    );
  }
}
