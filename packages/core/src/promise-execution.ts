/** Drives an operation whose client answers by promises. */

import { Attempt } from './attempt.ts';
import type { Discarding, Exchange } from './exchange.ts';
import { Execution } from './execution.ts';
import { Interruption } from './interruption.ts';
import type { Outcome } from './outcome.ts';
import type { RetryPolicy } from './policy.ts';
import type { StatisticsAggregate } from './statistics/aggregate.ts';

/** Runs one exchange to its end. */
export class PromiseExecution<T> extends Execution {
  readonly #exchange: Exchange<T>;

  constructor(exchange: Exchange<T>, policy: RetryPolicy, aggregate: StatisticsAggregate) {
    super(exchange, policy, aggregate);
    this.#exchange = exchange;
  }

  async run(): Promise<T> {
    const { clock, shouldRetry } = this.policy;
    this.#exchange.begin?.(this.policy);
    if (this.callerSignal?.aborted) throw this.endInterrupted(this.abortion()).reason;
    this.open();
    // The first attempt starts with the operation: reading the clock is the dearest part of a quick success.
    let startedAt = this.operation.startedAt;
    try {
      for (;;) {
        const attempt = new Attempt(this, this.operation.attemptNumber + 1, this.previous);
        if (this.policy.attemptHeaders) this.tellServer(attempt);
        this.operation.beginAttempt(startedAt);
        let value: T | undefined;
        let outcome: Outcome | undefined;
        try {
          const sent = this.#exchange.send(attempt);
          // Without a signal or a timeout nothing can come first, and an attempt costs no further promise.
          value = await (this.bounded || this.callerSignal ? this.#bound(sent, attempt) : sent);
          outcome = this.#exchange.describe?.(value);
        } catch (error) {
          outcome = this.describeError(this.#ownError(error, attempt));
        }
        const endedAt = clock.now();
        if (outcome === undefined) {
          if (shouldRetry === undefined) {
            this.succeed(value, undefined, endedAt);
            return value as T;
          }
          outcome = { kind: 'value', value };
        }
        let classification = this.classify(outcome);
        if (shouldRetry && classification.failureClass !== 'aborted') {
          try {
            classification = await this.askShouldRetry(outcome, classification);
            this.throwIfInterrupted();
          } catch (interruption) {
            this.#discardOutcome(outcome, value)?.cancel();
            throw interruption;
          }
        }
        if (classification.failureClass === undefined) {
          this.succeed(value, outcome.kind === 'response' ? outcome.status : undefined, endedAt);
          return value as T;
        }
        const decision = this.decide(outcome, classification, endedAt);
        if (decision.action === 'stop') {
          const failure = this.giveUp(outcome, value);
          if (failure) throw failure.reason;
          return value as T;
        }
        await this.prepareRetry(decision, outcome, this.#discardOutcome(outcome, value));
        this.throwIfInterrupted();
        startedAt = clock.now();
      }
    } catch (error) {
      if (Interruption.is(error)) throw this.endInterrupted(error).reason;
      throw error;
    } finally {
      this.close();
    }
  }

  async #bound(sent: T | PromiseLike<T>, attempt: Attempt): Promise<T> {
    const timer = this.attemptTimer(attempt);
    try {
      return await this.unlessInterrupted(Promise.resolve(sent), (late) =>
        this.#exchange.discard?.(late)?.cancel(),
      );
    } finally {
      timer?.cancel();
    }
  }

  /** The error of an attempt as the state machine is to see it. Throws what ends the whole operation. */
  #ownError(error: unknown, attempt: Attempt): unknown {
    const interruption = this.pendingInterruption() ?? (Interruption.is(error) ? error : undefined);
    if (interruption === undefined) return error;
    const reason = this.reasonOf(interruption);
    attempt.abort(reason);
    if (interruption.kind === 'attempt_timeout') return reason;
    throw new Interruption(interruption.kind, reason);
  }

  #discardOutcome(outcome: Outcome, value: T | undefined): Discarding | undefined {
    return outcome.kind === 'error'
      ? this.#exchange.discardError?.(outcome.error)
      : this.#exchange.discard?.(value as T);
  }
}
