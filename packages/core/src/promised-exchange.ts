/** An exchange whose client answers by promises, for a driver that is told of events. */

import type { Attempt } from './attempt.ts';
import { RetryError } from './errors.ts';
import { EventExecution } from './event-execution.ts';
import type { Discarding, Exchange, Transport } from './exchange.ts';
import type { BegunAttempt } from './execution.ts';
import type { EngineState } from './engine-state.ts';
import { HedgedExecution } from './hedged-execution.ts';
import type { Outcome } from './outcome.ts';
import type { RetryPolicy } from './policy.ts';

/**
 * Sends the attempts of one operation, and settles the promise that its caller waits for. It is a thenable itself, for
 * the promise of a first attempt to be resolved with: a promise between them would be held by every operation that waits.
 */
export class PromisedExchange<T> implements Transport {
  readonly #exchange: Exchange<T>;
  readonly #execution: EventExecution;
  /** Of the promise that waits for the end. It is rejected by asking once more: `reject` would be held while it waits. */
  #resolve: ((value: T | PromiseLike<T>) => void) | undefined;
  /** Held where a signal may end thousands at once: to ask once more took 250 B each, and twice as long in all. */
  #reject: ((reason: unknown) => void) | undefined;
  /** How it ended, where that has to be asked for. */
  #end: { readonly value: T } | { readonly reason: unknown } | undefined;

  /** @param first its first attempt, where that was begun without it */
  constructor(
    exchange: Exchange<T>,
    policy: RetryPolicy,
    engine: EngineState,
    first?: Attempt & BegunAttempt,
  ) {
    this.#exchange = exchange;
    const Execution = policy.hedge ? HedgedExecution : EventExecution;
    this.#execution = new Execution(exchange, this, policy, engine, first);
  }

  /** Runs the operation to its end. */
  run(): Promise<T> {
    const { promise, reject, resolve } = Promise.withResolvers<T>();
    this.then(resolve, reject);
    this.#execution.start();
    return promise;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- nobody but a promise gets it
  then(resolve: (value: T | PromiseLike<T>) => void, reject: (reason: unknown) => void): void {
    const end = this.#end;
    if (end === undefined) {
      this.#resolve = resolve;
      if (this.#exchange.call.signal) this.#reject = reject;
    } else if ('value' in end) resolve(end.value);
    else if (isOurs(end.reason)) resolve(rethrow(end.reason));
    else reject(end.reason);
  }

  /** Goes on where the first attempt has failed that was begun without this. */
  goOnAfterError(error: unknown, first: Attempt): PromiseLike<T> {
    this.#failed(error, first);
    return this as unknown as PromiseLike<T>;
  }

  /** The same where it was answered, and that is a failure. */
  goOnAfterAnswer(value: T, outcome: Outcome, first: Attempt): PromiseLike<T> {
    first.answer = { value };
    this.#execution.answered(outcome, first);
    return this as unknown as PromiseLike<T>;
  }

  timeIsUp(kind: 'operation_timeout' | 'attempt_timeout'): void {
    this.#execution.timeIsUp(kind);
  }

  signalAborted(reason: unknown): void {
    this.#execution.signalAborted(reason);
  }

  send(attempt: Attempt): T | PromiseLike<T> {
    return this.#exchange.send(attempt);
  }

  follow(sent: unknown, attempt: Attempt): void {
    Promise.resolve(sent as T | PromiseLike<T>).then(
      (value) => {
        this.answered(value, attempt);
      },
      (error: unknown) => {
        this.#failed(error, attempt);
      },
    );
  }

  /** Its signal has been aborted: what it has said, and says from now on, is nobody's. */
  abandon(_reason: unknown, attempt: Attempt): void {
    this.discard(attempt)?.cancel();
  }

  discard(attempt: Attempt): Discarding | undefined {
    const { answer } = attempt;
    if (answer === undefined) return undefined;
    attempt.answer = undefined;
    const discarding =
      'value' in answer
        ? this.#exchange.discard?.(answer.value as T)
        : this.#exchange.discardError?.(answer.error);
    // A body that its own abort has broken says so to nobody.
    discarding?.finished.then(undefined, () => undefined);
    return discarding;
  }

  result({ answer }: Attempt): unknown {
    return answer && 'value' in answer ? answer.value : undefined;
  }

  accept(attempt: Attempt): void {
    const value = this.result(attempt) as T;
    if (this.#resolve) this.#resolve(value);
    else this.#end = { value };
  }

  fail(reason: unknown): void {
    if (this.#reject && !isOurs(reason)) {
      this.#reject(reason);
      return;
    }
    this.#end = { reason };
    this.#resolve?.(this as unknown as PromiseLike<T>);
  }

  /** The attempt was answered; one that was given up before is nobody's. */
  answered(value: T, attempt: Attempt): void {
    attempt.answer = { value };
    if (this.#isLate(attempt)) return;
    const exchange = this.#exchange;
    let outcome: Outcome | undefined;
    try {
      if (exchange.present) attempt.answer = { value: exchange.present(value) };
      outcome = exchange.describe?.(value);
    } catch (error) {
      this.#failed(error, attempt);
      return;
    }
    this.#execution.answered(outcome, attempt);
  }

  #failed(error: unknown, attempt: Attempt): void {
    attempt.answer = { error };
    if (!this.#isLate(attempt)) this.#execution.failed(error, attempt);
  }

  /** Whether the attempt was given up before it ended. The response, or that in the error, is nobody's then. */
  #isLate(attempt: Attempt): boolean {
    if (attempt.isAbandoned) this.abandon(undefined, attempt);
    return attempt.isAbandoned;
  }
}

/** Engines other than V8 have no stack of what waits. */
interface StackCapturing {
  captureStackTrace?: (error: Error, from: (error: RetryError) => unknown) => void;
}

/** Errors of ours are made wherever the end came from; their stack is to show who waits for it. */
async function rethrow(thrown: RetryError): Promise<never> {
  // Only then does the caller's promise wait for this one, and V8 finds the caller from here.
  await Promise.resolve();
  await Promise.resolve();
  try {
    (Error as StackCapturing).captureStackTrace?.(thrown, rethrow);
  } catch {
    // Somebody froze it: it keeps the stack that it has.
  }
  throw thrown;
}

function isOurs(error: unknown): error is RetryError {
  try {
    return error instanceof RetryError;
  } catch {
    // A proxy that does not want to be looked at.
    return false;
  }
}
