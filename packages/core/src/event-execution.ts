/** Drives an operation by the events of its client. */

import { operationOf, statisticsOf } from './attached-statistics.ts';
import { ANY_CONTEXT } from './async-context.ts';
import type { AsyncContext } from './async-context.ts';
import type { Attempt } from './attempt.ts';
import type { AttemptEntry } from './attempt-entry.ts';
import type { AttemptContext, EventOperation, ExchangeDescription, Transport } from './exchange.ts';
import { Execution } from './execution.ts';
import type { BegunAttempt } from './execution.ts';
import type { EngineState } from './engine-state.ts';
import { findInCauses } from './http/error-class.ts';
import { Interruption } from './interruption.ts';
import type { Wait } from './interruption.ts';
import { isObserved, observe } from './observation.ts';
import type { Operation } from './operation.ts';
import { SUCCESS } from './outcome.ts';
import type { Classification, Decision, InterruptionKind, Outcome, ResponseOutcome } from './outcome.ts';
import type { RetryPolicy } from './policy.ts';
import type { RequestStatistics } from './record.ts';

/** Runs one exchange to its end. Where nothing has to be waited for, everything happens within the client's event. */
export class EventExecution extends Execution implements EventOperation {
  protected readonly transport: Transport;
  /** The attempt that has not ended yet; of several, the first that was sent. */
  protected attempt: Attempt | undefined;
  /** The wait for a retry. */
  #wait: Wait | undefined;
  readonly #context: AsyncContext;

  /**
   * @param first its first attempt, where that was begun without it
   * @param context what it goes on in, where the client's events come in that of somebody else
   */
  constructor(
    exchange: ExchangeDescription,
    transport: Transport,
    policy: RetryPolicy,
    engine: EngineState,
    first?: Attempt & BegunAttempt,
    context: AsyncContext = ANY_CONTEXT,
  ) {
    super(exchange, policy, engine, first);
    this.#context = context;
    this.transport = transport;
    this.attempt = first;
  }

  get statistics(): RequestStatistics {
    return statisticsOf(this.operation);
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
    if (!this.policy.bulkhead || this.#mayEnter()) this.entered(this.operation.startedAt);
  }

  /** Whether there is a place at once; where none will come, the operation ends. */
  #mayEnter(): boolean {
    try {
      return this.enter();
    } catch (error) {
      return this.#refused(error);
    }
  }

  protected override entered(now: number): void {
    this.begin(now);
    this.#pass(now);
  }

  responded(outcome: ResponseOutcome, attempt: AttemptContext): void {
    this.#resume(() => {
      this.#attemptEnded(outcome, attempt);
    });
  }

  /** What follows from an event of the client. */
  #resume(goOn: () => void): void {
    const { observation } = this;
    const resumed = observation
      ? () => {
          observation.resume(goOn);
        }
      : goOn;
    this.#context.runInAsyncScope(resumed);
  }

  /** The same for a client whose answers may be anything; `undefined` is a success that needs no words. */
  answered(outcome: Outcome | undefined, attempt: AttemptContext): void {
    // Only what is asked about needs words.
    const isAsked = outcome === undefined && this.policy.shouldRetry !== undefined;
    const value = isAsked ? this.transport.result?.(attempt) : undefined;
    this.#attemptEnded(isAsked ? { kind: 'value', value } : outcome, attempt);
  }

  succeeded(status: number, attempt: AttemptContext): void {
    this.#resume(() => {
      if (!this.take(attempt)) return;
      this.#succeed({ kind: 'response', status } as ResponseOutcome, this.policy.clock.now(), attempt);
    });
  }

  failed(error: unknown, attempt: AttemptContext): void {
    this.#resume(() => {
      this.#failed(error, attempt);
    });
  }

  #failed(error: unknown, attempt: AttemptContext): void {
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

  abort(reason: unknown): void {
    this.stop(new Interruption('caller_aborted', reason));
  }

  hurry(): void {
    this.#wait?.grant();
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

  protected override waitBegan(wait: Wait): void {
    this.#wait = wait;
  }

  /** Sends the next attempt, as soon as the guards let it through. */
  #pass(now: number): void {
    if (this.isGuarded) {
      if (!this.#mayPass(now)) return;
      // A change of the circuit is told within this.
      if (this.endIfInterrupted()) return;
    }
    this.passed(now);
  }

  /** Whether the guards let the next attempt through at once; where they never will, the operation ends. */
  #mayPass(now: number): boolean {
    try {
      return this.pass(now);
    } catch (error) {
      return this.#refused(error);
    }
  }

  #refused(error: unknown): false {
    if (!Interruption.is(error)) throw error;
    this.end(error);
    return false;
  }

  protected override passed(startedAt: number): void {
    const attempt = this.beginAttempt(startedAt);
    // Who observes attempts may abort within this.
    if (this.endIfInterrupted()) return;
    this.attempt = attempt;
    if (this.policy.attemptTimeout !== undefined) this.limitAttempt(startedAt);
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
      this.#succeed(outcome, endedAt, attempt);
      this.transport.accept(attempt);
      return;
    }
    const decision = this.decide(outcome, classification, endedAt, now);
    if (decision.action === 'retry') {
      this.#retry(decision, outcome, attempt);
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

  #succeed(outcome: Outcome | undefined, endedAt: number, attempt: AttemptContext): void {
    this.succeed(this.transport.result?.(attempt), outcome, endedAt);
    this.close();
  }

  #retry(decision: Decision & { action: 'retry' }, outcome: Outcome, attempt: AttemptContext): void {
    this.prepareRetry(decision, outcome, this.transport.discard(attempt));
  }

  protected override rested(): void {
    this.#wait = undefined;
    this.#pass(this.policy.clock.now());
  }

  override ended(interruption: Interruption): void {
    this.#wait = undefined;
    this.end(interruption);
  }

  protected override close(): void {
    super.close();
    this.#context.emitDestroy();
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
