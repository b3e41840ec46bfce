/** What drives one operation, whatever the form of its client: its waits, its callbacks, its timers, its end. */

import { attachStatistics, operationOf } from './attached-statistics.ts';
import type { Attempt, AttemptOwner } from './attempt.ts';
import type { Timer } from './clock.ts';
import { boundDiscarding } from './discard.ts';
import { endError } from './end-error.ts';
import { AttemptTimeoutError, describeValue, OperationTimeoutError } from './errors.ts';
import type { CallOptions, Discarding, ExchangeDescription } from './exchange.ts';
import { reportAttempt, reportEnd, reportRetry, runBeforeRetry } from './hooks.ts';
import { IDEMPOTENCY_KEY, makeIdempotencyKey } from './http/idempotency-key.ts';
import { upperCaseMethod } from './http/methods.ts';
import { applyVerdict } from './http/verdict.ts';
import { Interruptible, Interruption } from './interruption.ts';
import { Operation } from './operation.ts';
import type { Classification, Decision, FailureClass, Outcome, RetryReason } from './outcome.ts';
import type { RetryPolicy } from './policy.ts';
import { describeRequest } from './request.ts';
import type { RequestDescription } from './request.ts';
import { subscribe, unsubscribe } from './signals.ts';
import type { SignalSubscriber } from './signals.ts';
import type { StatisticsAggregate } from './statistics/aggregate.ts';
import { warnOnce } from './warnings.ts';

/** A request whose URL is put together when somebody asks for it: most requests end without that. */
class ExchangeRequest implements RequestDescription {
  readonly method: string | undefined;
  readonly hasIdempotencyKey: boolean;
  readonly #exchange: ExchangeDescription;

  constructor(exchange: ExchangeDescription, method: string | undefined, hasIdempotencyKey: boolean) {
    this.#exchange = exchange;
    this.method = method;
    this.hasIdempotencyKey = hasIdempotencyKey;
  }

  get url(): string | undefined {
    return this.#exchange.url;
  }
}

/** One operation under way. A driver sends its attempts and asks here what follows from their ends. */
export abstract class Execution extends Interruptible implements AttemptOwner, SignalSubscriber {
  headers: Headers | undefined;
  readonly callerSignal: AbortSignal | undefined;
  readonly bounded: boolean;
  protected readonly policy: RetryPolicy;
  protected readonly operation: Operation;
  /** How the attempt before ended: for the next one, and for the cause of a timeout. */
  protected previous: Outcome | undefined;
  readonly #exchange: ExchangeDescription;
  readonly #aggregate: StatisticsAggregate;
  /** Set when the operation can't go on, whatever happens. */
  #interruption: Interruption | undefined;
  #operationTimer: Timer | undefined;

  constructor(exchange: ExchangeDescription, policy: RetryPolicy, aggregate: StatisticsAggregate) {
    super();
    const call: CallOptions = exchange.call;
    const method = call.method === undefined ? undefined : upperCaseMethod(call.method);
    const hasIdempotencyKey =
      method !== undefined && !policy.methods.includes(method) && (exchange.hasIdempotencyKey ?? false);
    let request = new ExchangeRequest(exchange, method, hasIdempotencyKey);
    const key = policy.idempotencyKey ? makeIdempotencyKey(request, policy) : undefined;
    if (key !== undefined) {
      this.headers = new Headers({ [IDEMPOTENCY_KEY]: key });
      request = new ExchangeRequest(exchange, method, true);
    }
    this.callerSignal = call.signal;
    this.bounded = policy.timeout !== undefined || policy.attemptTimeout !== undefined;
    this.policy = policy;
    this.operation = new Operation(policy, request, call, policy.clock.now());
    this.#exchange = exchange;
    this.#aggregate = aggregate;
  }

  remaining(): number {
    return this.operation.remaining(this.policy.clock.now());
  }

  signalAborted(reason: unknown): void {
    this.stop(new Interruption('caller_aborted', reason));
  }

  /** Starts the operation's timer, and listens to the caller's signal. */
  protected open(): void {
    const { clock, timeout } = this.policy;
    if (this.callerSignal) subscribe(this.callerSignal, this);
    if (timeout === undefined) return;
    this.#operationTimer = clock.schedule(timeout, () => {
      this.stop(new Interruption('operation_timeout'));
    });
  }

  /** Lets go of timer and signal. */
  protected close(): void {
    this.#operationTimer?.cancel();
    if (this.callerSignal) unsubscribe(this.callerSignal, this);
  }

  protected tellServer(attempt: Attempt): void {
    this.headers ??= new Headers();
    this.headers.set('x-retry-attempt', String(attempt.number));
    if (attempt.remaining !== Infinity) {
      this.headers.set('x-retry-remaining-ms', String(Math.floor(attempt.remaining)));
    }
  }

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

  protected unlessInterrupted<V>(pending: PromiseLike<V>, late?: (value: V) => void): Promise<V> {
    const raced = this.race(pending, late);
    const interruption = this.pendingInterruption();
    if (interruption) this.interrupt(interruption);
    return raced;
  }

  /** The attempt's own timer, where it would end before the operation's. */
  protected attemptTimer(attempt: Attempt): Timer | undefined {
    const { attemptTimeout, clock } = this.policy;
    if (attemptTimeout === undefined || attemptTimeout >= attempt.remaining) return undefined;
    return clock.schedule(attemptTimeout, () => {
      this.interrupt(new Interruption('attempt_timeout'));
    });
  }

  /** Errors of ours are made here, where the caller waits, so that the stack shows who that is. */
  protected reasonOf({ kind, reason }: Interruption): unknown {
    if (kind === 'caller_aborted') return this.#exchange.abortError?.(reason) ?? reason;
    if (kind === 'attempt_timeout') return new AttemptTimeoutError(this.policy.attemptTimeout as number);
    if (reason !== undefined) return reason;
    const cause = this.previous?.kind === 'error' ? { cause: this.previous.error } : {};
    return new OperationTimeoutError(this.policy.timeout as number, cause);
  }

  /** The error of an attempt, in words. */
  protected describeError(error: unknown): Outcome {
    return this.#exchange.describeError?.(error) ?? { kind: 'error', error };
  }

  /** The built-in verdict. */
  protected classify(outcome: Outcome): Classification {
    const inner = outcome.kind === 'error' ? operationOf(outcome.error) : undefined;
    return this.operation.classify(outcome, inner);
  }

  /**
   * The built-in verdict, or the user's. The end may come while this is on its way back, so ask `throwIfInterrupted`
   * then.
   *
   * @throws Interruption when the operation ends while the user's function thinks
   */
  protected async askShouldRetry(outcome: Outcome, builtIn: Classification): Promise<Classification> {
    const { shouldRetry } = this.policy;
    if (shouldRetry === undefined) return builtIn;
    let classification = builtIn;
    try {
      const { attemptNumber } = this.operation;
      const request = describeRequest(this.operation.request);
      const { failureClass, retryable } = builtIn;
      const context = { attemptNumber, request, failureClass, retryable, remaining: this.remaining() };
      const answer = shouldRetry(outcome, context);
      const verdict: unknown = isPromiseLike(answer) ? await this.unlessInterrupted(answer) : answer;
      if (verdict === undefined || typeof verdict === 'boolean') {
        classification = applyVerdict(builtIn, verdict);
      } else {
        const given = describeValue(verdict);
        warnOnce(shouldRetry, `shouldRetry returned ${given}, accepted: true, false or undefined`);
      }
    } catch (error) {
      if (Interruption.is(error)) throw error;
      warnOnce(shouldRetry, 'shouldRetry failed; the built-in verdict stands', error);
    }
    return classification;
  }

  protected decide(outcome: Outcome, classification: Classification, endedAt: number): Decision {
    const { clock, random } = this.policy;
    const decision = this.operation.decide(outcome, classification, endedAt, {
      now: clock.now(),
      epoch: clock.epoch(),
      random,
      replayable: this.#exchange.replayable ?? true,
      closing: this.#exchange.closing ?? false,
    });
    this.#attemptEnded(classification.failureClass);
    if (decision.action === 'retry') reportRetry(this.operation, decision, classification.failureClass);
    return decision;
  }

  /**
   * Everything between the decision for a retry and its sending. The end may come while this is on its way back, so
   * ask `throwIfInterrupted` then.
   *
   * @throws Interruption when the operation ends instead
   */
  protected async prepareRetry(
    { delay, reason }: Decision & { action: 'retry' },
    outcome: Outcome,
    discarding: Discarding | undefined,
  ): Promise<void> {
    this.previous = outcome;
    await this.#wait(delay, discarding);
    await this.#beforeRetry(reason, outcome);
  }

  /** Nothing is sent after the end. */
  protected throwIfInterrupted(): void {
    const interruption = this.pendingInterruption();
    if (interruption) throw interruption;
  }

  async #wait(delay: number, discarding: Discarding | undefined): Promise<void> {
    const { clock } = this.policy;
    const discarded = discarding && boundDiscarding(discarding, clock);
    let timer: Timer | undefined;
    try {
      const elapsed = new Promise<void>((resolve) => {
        timer = clock.schedule(delay, resolve);
        this.waitBegan(resolve);
      });
      await this.unlessInterrupted(elapsed);
      if (discarded) await this.unlessInterrupted(discarded.finished);
    } catch (error) {
      discarded?.cancel();
      throw error;
    } finally {
      timer?.cancel();
    }
  }

  /** For a driver whose waits can be cut short. */
  protected waitBegan(_end: () => void): void {}

  async #beforeRetry(reason: RetryReason, outcome: Outcome): Promise<void> {
    if (this.policy.hooks.beforeRetry === undefined) return;
    this.headers ??= new Headers();
    const pending = runBeforeRetry(this.operation, reason, outcome, this.headers);
    if (pending) await this.unlessInterrupted(pending);
  }

  /** The operation ends with this response or value of the client. */
  protected succeed(value: unknown, status: number | undefined, endedAt: number): void {
    this.operation.succeed(status, endedAt);
    this.#attemptEnded(undefined);
    this.#ended(value);
    this.#exchange.release?.();
  }

  /**
   * The operation ends with its last failure.
   *
   * @param value the client's own response, where the outcome is one
   * @returns what the caller gets thrown; `undefined` when the caller gets the value
   */
  protected giveUp(outcome: Outcome, value: unknown): { readonly reason: unknown } | undefined {
    const ownError = endError(this.operation, outcome, value);
    if (outcome.kind === 'error') {
      attachStatistics(outcome.error, this.operation);
      return this.fail(ownError ?? outcome.error);
    }
    if (ownError) return this.fail(ownError);
    this.#ended(value);
    this.#exchange.release?.();
    return undefined;
  }

  /** The operation ends from outside. */
  protected endInterrupted(interruption: Interruption): { readonly reason: unknown } {
    const reason = this.reasonOf(interruption);
    const kind = interruption.kind === 'caller_aborted' ? 'caller_aborted' : 'operation_timeout';
    const inAttempt = this.operation.interrupt(kind, reason, this.policy.clock.now());
    if (inAttempt) this.#attemptEnded(kind === 'caller_aborted' ? 'aborted' : 'timeout');
    return this.fail(reason);
  }

  protected fail(reason: unknown): { readonly reason: unknown } {
    const failure = { reason };
    this.#ended(reason);
    this.#exchange.release?.(failure);
    return failure;
  }

  #attemptEnded(failureClass: FailureClass | undefined): void {
    this.#aggregate.attemptEnded(this.operation.attemptNumber, this.operation.responseTime, failureClass);
    reportAttempt(this.operation);
  }

  #ended(result: unknown): void {
    const { attemptNumber, result: ending, retryOverhead } = this.operation;
    this.#aggregate.operationEnded(ending ?? 'aborted', attemptNumber, retryOverhead);
    attachStatistics(result, this.operation);
    reportEnd(this.operation);
  }
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}
