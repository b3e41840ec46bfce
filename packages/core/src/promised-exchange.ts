/** An exchange whose client answers by promises, for a driver that is told of events. */

import type { Attempt } from './attempt.ts';
import { RetryError } from './errors.ts';
import { EventExecution } from './event-execution.ts';
import type { Discarding, Exchange, Transport } from './exchange.ts';
import type { BegunAttempt, EngineState } from './execution.ts';
import type { Outcome } from './outcome.ts';
import type { RetryPolicy } from './policy.ts';

/** Sends the attempts of one operation, and holds the promise that its caller waits for. */
export class PromisedExchange<T> implements Transport {
  readonly #exchange: Exchange<T>;
  readonly #execution: EventExecution;
  readonly #end: PromiseWithResolvers<T> = Promise.withResolvers<T>();

  /** @param first its first attempt, where that was begun without it */
  constructor(
    exchange: Exchange<T>,
    policy: RetryPolicy,
    engine: EngineState,
    first?: Attempt & BegunAttempt,
  ) {
    this.#exchange = exchange;
    this.#execution = new EventExecution(exchange, this, policy, engine, first);
  }

  /** Runs the operation to its end. */
  run(): Promise<T> {
    this.#execution.start();
    return this.#end.promise;
  }

  /** Goes on where the first attempt has failed that was begun without this. */
  goOnAfterError(error: unknown, first: Attempt): Promise<T> {
    this.#failed(error, first);
    return this.#end.promise;
  }

  /** The same where it was answered, and that is a failure. */
  goOnAfterAnswer(value: T, outcome: Outcome, first: Attempt): Promise<T> {
    first.answer = { value };
    this.#execution.answered(outcome, first);
    return this.#end.promise;
  }

  send(attempt: Attempt): T | PromiseLike<T> {
    return this.#exchange.send(attempt);
  }

  follow(sent: unknown, attempt: Attempt): void {
    Promise.resolve(sent as T | PromiseLike<T>).then(
      (value) => {
        this.#answered(value, attempt);
      },
      (error: unknown) => {
        if (!attempt.isAbandoned) this.#failed(error, attempt);
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
    this.#end.resolve(this.result(attempt) as T);
  }

  fail(error: unknown): void {
    this.#end.resolve(rethrow(error));
  }

  #answered(value: T, attempt: Attempt): void {
    attempt.answer = { value };
    if (attempt.isAbandoned) {
      this.discard(attempt)?.cancel();
      return;
    }
    let outcome: Outcome | undefined;
    try {
      outcome = this.#exchange.describe?.(value);
    } catch (error) {
      this.#failed(error, attempt);
      return;
    }
    this.#execution.answered(outcome, attempt);
  }

  #failed(error: unknown, attempt: Attempt): void {
    attempt.answer = { error };
    this.#execution.failed(error, attempt);
  }
}

/** Engines other than V8 have no stack of what waits. */
interface StackCapturing {
  captureStackTrace?: (error: Error, from: (error: unknown) => unknown) => void;
}

/** Errors of ours are made wherever the end came from; their stack is to show who waits for it. */
async function rethrow(thrown: unknown): Promise<never> {
  // Only then does the caller's promise wait for this one, and V8 finds the caller from here.
  await Promise.resolve();
  await Promise.resolve();
  if (isOurs(thrown)) (Error as StackCapturing).captureStackTrace?.(thrown, rethrow);
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
