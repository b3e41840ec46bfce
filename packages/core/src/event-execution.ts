/** Drives an operation by the events of its client. */

import { operationOf } from './attached-statistics.ts';
import type { Attempt } from './attempt.ts';
import type { AttemptEntry } from './attempt-entry.ts';
import type { AttemptContext, ExchangeDescription, Transport } from './exchange.ts';
import { Execution } from './execution.ts';
import type { BegunAttempt } from './execution.ts';
import type { EngineState } from './engine-state.ts';
import { findInCauses } from './http/error-class.ts';
import { Interruption } from './interruption.ts';
import { isObserved, observe } from './observation.ts';
import type { Operation } from './operation.ts';
import { SUCCESS } from './outcome.ts';
import type { Classification, InterruptionKind, Outcome } from './outcome.ts';
import type { RetryPolicy } from './policy.ts';

/** Runs one exchange to its end. Where nothing has to be waited for, everything happens within the client's event. */
export class EventExecution extends Execution {
  protected readonly transport: Transport;
  /** The attempt that has not ended yet; of several, the first that was sent. */
  protected attempt: Attempt | undefined;

  /** @param first its first attempt, where that was begun without it */
  constructor(
    exchange: ExchangeDescription,
    transport: Transport,
    policy: RetryPolicy,
    engine: EngineState,
    first?: Attempt & BegunAttempt,
  ) {
    super(exchange, policy, engine, first);
    this.transport = transport;
    this.attempt = first;
  }

  start(): void {
    if (isObserved()) {
      observe(this, this.exchange, () => {
        this.#start();
      });
    } else {
      this.#start();
    }
  }

  #start(): void {
    this.exchange.begin?.(this.policy);
    if (this.endIfInterrupted()) return;
    this.open();
    // `key` may have aborted.
    if (this.endIfInterrupted()) return;
    if (this.enter()) this.entered(this.operation.startedAt);
  }

  protected override entered(now: number): void {
    this.begin(now);
    this.#pass(now);
  }

  /** The attempt was answered; `undefined` is a success that needs no words. */
  answered(outcome: Outcome | undefined, attempt: AttemptContext): void {
    // Only what is asked about needs words.
    const isAsked = outcome === undefined && this.policy.shouldRetry !== undefined;
    const value = isAsked ? this.transport.result?.(attempt) : undefined;
    this.#attemptEnded(isAsked ? { kind: 'value', value } : outcome, attempt);
  }

  failed(error: unknown, attempt: AttemptContext): void {
    // An abort is seen even before its event has been told.
    if (this.callerSignal?.aborted) {
      this.stop(this.abortion());
      return;
    }
    this.#attemptEnded(this.#describe(error), attempt);
  }

  #describe(error: unknown): Outcome {
    try {
      return this.describeError(error);
    } catch (fault) {
      return { kind: 'error', error: fault };
    }
  }

  override interrupt(interruption: Interruption): void {
    const { attempt } = this;
    if (attempt === undefined) super.interrupt(interruption);
    else this.interruptAttempt(interruption.kind, this.reasonOf(interruption), attempt);
  }

  protected interruptAttempt(kind: InterruptionKind, reason: unknown, attempt: Attempt): void {
    // A listener of its signal may abort the request within this: one end is enough.
    if (kind !== 'attempt_timeout') this.attempt = undefined;
    attempt.abandon(reason);
    this.transport.abandon(reason, attempt);
    if (kind === 'attempt_timeout') this.failed(reason, attempt);
    else this.end(new Interruption(kind, reason));
  }

  /** Sends the next attempt, as soon as the guards let it through. */
  #pass(now: number): void {
    if (this.guards) {
      if (!this.pass(now, this.guards)) return;
      // A change of the circuit is told within this.
      if (this.endIfInterrupted()) return;
    }
    this.passed(now);
  }

  protected override passed(startedAt: number): void {
    const attempt = this.beginAttempt(startedAt);
    // Who observes attempts may abort within this.
    if (this.endIfInterrupted()) return;
    this.attempt = attempt;
    this.limitAttempt(startedAt);
    this.sendAttempt(attempt);
  }

  protected sendAttempt(attempt: Attempt): void {
    const { observation } = this;
    try {
      const sent = observation
        ? observation.send(attempt.number, () => this.transport.send(attempt))
        : this.transport.send(attempt);
      this.transport.follow?.(sent, attempt);
    } catch (error) {
      this.failed(error, attempt);
    }
  }

  /** Whether this attempt is one to end; then it is none any more, and what it ended with decides. */
  protected take(attempt: AttemptContext): boolean {
    if (this.attempt !== attempt) return false;
    this.attempt = undefined;
    this.attemptTimer?.cancel();
    return true;
  }

  protected isUnderWay(attempt: AttemptContext): boolean {
    return this.attempt === attempt;
  }

  protected entryOf(_attempt: AttemptContext): AttemptEntry {
    return this.operation.currentAttempt;
  }

  /**
   * The operation that has ended within the attempt. Where the client answers by events there is none: the requests of a
   * connection share the error that ends it, and the one that gave up first has given up for itself.
   */
  #endedWithin(outcome: Outcome, attempt: AttemptContext): Operation | undefined {
    const transport = this.transport;
    if (transport.result === undefined) return undefined;
    if (outcome.kind !== 'error') return operationOf(transport.result(attempt));
    // fetch wraps the error of its dispatcher.
    return findInCauses(outcome.error, failedWith);
  }

  #attemptEnded(outcome: Outcome | undefined, attempt: AttemptContext): void {
    if (!this.isUnderWay(attempt)) return;
    const endedAt = this.policy.clock.now();
    const classification = outcome
      ? this.operation.classify(outcome, this.#endedWithin(outcome, attempt))
      : SUCCESS;
    // A predicate of `retryableErrors` may have aborted.
    if (!this.isUnderWay(attempt)) return;
    const isGivenUp = classification.failureClass === 'aborted' && !classification.retryable;
    const isAsked = this.policy.shouldRetry !== undefined && !isGivenUp;
    if (outcome && isAsked) this.operation.answered(this.entryOf(attempt), outcome, endedAt);
    this.goOnAfter(outcome, classification, endedAt, attempt as Attempt, isAsked);
  }

  /** @param isAsked whether the user's function is to say what the outcome means */
  protected goOnAfter(
    outcome: Outcome | undefined,
    classification: Classification,
    endedAt: number,
    attempt: Attempt,
    isAsked: boolean,
  ): void {
    this.take(attempt);
    if (outcome && isAsked) void this.#ask(outcome, classification, endedAt, attempt);
    else this.judge(outcome, classification, endedAt, attempt, endedAt);
  }

  async #ask(outcome: Outcome, builtIn: Classification, endedAt: number, attempt: Attempt): Promise<void> {
    let classification: Classification;
    try {
      classification = await this.askShouldRetry(outcome, builtIn);
      const interruption = this.pendingInterruption();
      if (interruption) throw interruption;
    } catch (interruption) {
      this.transport.discard(attempt)?.cancel();
      this.end(interruption as Interruption);
      // The user's function may still read a clone of the body, which alone would keep the connection.
      attempt.abandon(new DOMException('The operation has ended', 'AbortError'));
      return;
    }
    this.judge(outcome, classification, endedAt, attempt);
  }

  protected judge(
    outcome: Outcome | undefined,
    classification: Classification,
    endedAt: number,
    attempt: AttemptContext,
    now: number = this.policy.clock.now(),
  ): void {
    if (outcome === undefined || classification.failureClass === undefined) {
      this.endWell(outcome, endedAt, attempt);
      this.transport.accept(attempt);
      return;
    }
    const decision = this.decide(outcome, classification, endedAt, now);
    if (decision.action === 'retry') {
      this.prepareRetry(decision, outcome, this.transport.discard(attempt));
      return;
    }
    const result = this.transport.result?.(attempt);
    const failure = this.giveUp(outcome, result);
    this.close();
    if (failure === undefined) {
      this.transport.accept(attempt);
      return;
    }
    // Otherwise the error holds it.
    if (outcome.kind === 'response' && result === undefined) this.transport.discard(attempt)?.cancel();
    this.transport.fail(failure.reason);
  }

  protected endWell(outcome: Outcome | undefined, endedAt: number, attempt: AttemptContext): void {
    this.succeed(this.transport.result?.(attempt), outcome, endedAt);
    this.close();
  }

  protected override rested(): void {
    this.#pass(this.policy.clock.now());
  }

  override ended(interruption: Interruption): void {
    this.end(interruption);
  }

  /** An abort within a callback, where nothing is under way that it could end. */
  protected endIfInterrupted(): boolean {
    const interruption = this.pendingInterruption();
    if (interruption) this.end(interruption);
    return interruption !== undefined;
  }

  protected end(interruption: Interruption): void {
    this.attempt = undefined;
    const reason = this.endInterrupted(interruption);
    this.close();
    this.transport.fail(reason);
  }
}

/** What an operation took for an answer may be the cause of an error: it has not failed with it. */
function failedWith(cause: object): Operation | undefined {
  const operation = operationOf(cause);
  const isEnded = operation?.result === 'success' || operation?.result === 'non_retryable_error';
  if (!isEnded || 'stack' in cause) return operation;
  const { error, failureClass = 'permanent' } = operation.currentAttempt;
  // What is thrown may be no Error, as that of some clients of databases. And a 503 is no answer: where it was not to be
  // retried, as that of a POST, it is not to be from outside.
  return error === undefined && failureClass === 'permanent' ? undefined : operation;
}
