/** What an operation waits for, and what ends a wait: its grant, an abort, a timeout, a circuit that opens. */

import type { Timer } from './clock.ts';
import type { CircuitBreaker } from './guards/circuit-breaker.ts';
import { Interruptible, Interruption } from './interruption.ts';
import type { Next, Wait } from './interruption.ts';

/** An operation that may wait. Whatever ends it meanwhile is handed to `ended`. */
export abstract class Waiting extends Interruptible {
  abstract readonly callerSignal: AbortSignal | undefined;
  /** Set when the operation can't go on, whatever happens. */
  #interruption: Interruption | undefined;

  /** Sets the timer of the operation, which nothing else bounds while it waits. */
  protected abstract limitOperation(): void;

  /** Ends the operation: what is under way now, or what would be next. */
  protected stop(interruption: Interruption): void {
    this.#interruption ??= interruption;
    this.interrupt(this.#interruption);
  }

  /** What ends the operation, if anything does; an abort is seen even before its event has been told. */
  protected pendingInterruption(): Interruption | undefined {
    return this.#interruption ?? (this.callerSignal?.aborted ? this.abortion() : undefined);
  }

  protected abortion(): Interruption {
    return new Interruption('caller_aborted', this.callerSignal?.reason);
  }

  protected unlessInterrupted<V>(pending: PromiseLike<V>): Promise<V> {
    const raced = this.race(pending);
    const interruption = this.pendingInterruption();
    if (interruption) this.interrupt(interruption);
    return raced;
  }

  /** Waits, and ends the operation when its circuit opens meanwhile. */
  protected waitWhileClosed(
    circuit: CircuitBreaker | undefined,
    begin: (wait: Wait) => Timer,
    next: Next,
    givenUp?: () => void,
  ): void {
    if (circuit === undefined) {
      this.wait(begin, next, givenUp);
      return;
    }
    // It may have ended by then: there is nothing left to stop.
    const stop = later(() => {
      this.stop(new Interruption('circuit_breaker_open'));
    });
    const unsubscribeFromCircuit = circuit.subscribe((state) => {
      if (state === 'open') stop();
    });
    const waited: Next = (waiter) => {
      unsubscribeFromCircuit();
      next(waiter);
    };
    this.wait(begin, waited, () => {
      unsubscribeFromCircuit();
      givenUp?.();
    });
  }

  /** Waits until it is granted what `begin` begins, or the operation ends. */
  protected wait(begin: (wait: Wait) => Timer, next: Next, givenUp?: () => void): void {
    this.limitOperation();
    this.waitFor(begin, next, givenUp);
    const interruption = this.pendingInterruption();
    if (interruption) this.interrupt(interruption);
  }

  /** Goes on when the promise has ended well, unless the operation ends meanwhile. */
  protected async follow(pending: PromiseLike<unknown>, next: Next, givenUp?: () => void): Promise<void> {
    try {
      await this.unlessInterrupted(pending);
    } catch (interruption) {
      givenUp?.();
      this.ended(interruption as Interruption);
      return;
    }
    this.goOn(next);
  }

  /**
   * What another operation sets off, within its own end: it is done after that, and in the asynchronous context of
   * this operation.
   */
  protected inOwnTurn(next: Next): () => void {
    return later(() => {
      this.goOn(next);
    });
  }

  /** An abort is seen even before its event has been told: nothing is sent after it. */
  override goOn(next: Next): void {
    const interruption = this.pendingInterruption();
    if (interruption) this.ended(interruption);
    else next(this);
  }
}

/** What is done after the returned function was called, in a turn and in the asynchronous context of its own. */
function later(run: () => void): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  void after(promise, run);
  return resolve;
}

async function after(turn: Promise<void>, run: () => void): Promise<void> {
  await turn;
  run();
}
