/** Drives one operation: sends its attempts, waits, and obeys the state machine's decisions. */

import { attachStatistics } from './attached-statistics.ts';
import { Attempt } from './attempt.ts';
import type { AttemptOwner } from './attempt.ts';
import type { Timer } from './clock.ts';
import { boundDiscarding } from './discard.ts';
import { endError } from './end-error.ts';
import { AttemptTimeoutError, OperationTimeoutError } from './errors.ts';
import type { Discarding, Exchange } from './exchange.ts';
import { reportAttempt, reportEnd, reportRetry, runBeforeRetry } from './hooks.ts';
import { IDEMPOTENCY_KEY, makeIdempotencyKey } from './http/idempotency-key.ts';
import { applyVerdict } from './http/verdict.ts';
import { Interruptible, Interruption } from './interruption.ts';
import { Operation } from './operation.ts';
import type { Classification, Decision, FailureClass, Outcome, RetryReason } from './outcome.ts';
import type { RetryPolicy } from './policy.ts';
import { subscribe, unsubscribe } from './signals.ts';
import type { SignalSubscriber } from './signals.ts';
import type { StatisticsAggregate } from './statistics/aggregate.ts';
import { describeValue } from './errors.ts';
import { warnOnce } from './warnings.ts';

/** Runs one exchange to its end. */
export class Execution<T> extends Interruptible implements AttemptOwner, SignalSubscriber {
  headers: Headers | undefined;
  readonly callerSignal: AbortSignal | undefined;
  readonly bounded: boolean;
  readonly #exchange: Exchange<T>;
  readonly #policy: RetryPolicy;
  readonly #aggregate: StatisticsAggregate;
  readonly #operation: Operation;
  /** Set when the operation can't go on, whatever happens. */
  #interruption: Interruption | undefined;
  /** How the attempt before ended: for the next one, and for the cause of a timeout. */
  #previous: Outcome | undefined;

  constructor(exchange: Exchange<T>, policy: RetryPolicy, aggregate: StatisticsAggregate) {
    super();
    const { call, url } = exchange;
    const method = call.method?.toUpperCase();
    const hasIdempotencyKey =
      method !== undefined && !policy.methods.includes(method) && (exchange.hasIdempotencyKey ?? false);
    const key = makeIdempotencyKey({ method, url, hasIdempotencyKey }, policy);
    if (key !== undefined) this.headers = new Headers({ [IDEMPOTENCY_KEY]: key });
    this.callerSignal = call.signal;
    this.bounded = policy.timeout !== undefined || policy.attemptTimeout !== undefined;
    this.#exchange = exchange;
    this.#policy = policy;
    this.#aggregate = aggregate;
    const request = { method, url, hasIdempotencyKey: hasIdempotencyKey || key !== undefined };
    this.#operation = new Operation(policy, request, call, policy.clock.now());
  }

  remaining(): number {
    return this.#operation.remaining(this.#policy.clock.now());
  }

  signalAborted(reason: unknown): void {
    this.#stop(new Interruption('caller_aborted', reason));
  }

  async run(): Promise<T> {
    this.#exchange.begin?.(this.#policy);
    if (this.callerSignal?.aborted) this.#endInterrupted(this.#abortion());
    const operationTimer = this.#open();
    const { clock } = this.#policy;
    // The first attempt starts with the operation: reading the clock is the dearest part of a quick success.
    let startedAt = this.#operation.startedAt;
    try {
      for (;;) {
        const attempt = new Attempt(this, this.#operation.attemptNumber + 1, this.#previous);
        if (this.#policy.attemptHeaders) this.#tellServer(attempt);
        this.#operation.beginAttempt(startedAt);
        let value: T | undefined;
        let outcome: Outcome | undefined;
        try {
          const sent = this.#exchange.send(attempt);
          // Without a signal or a timeout nothing can come first, and an attempt costs no further promise.
          value = await (this.bounded || this.callerSignal ? this.#bound(sent, attempt) : sent);
          outcome = this.#exchange.describe?.(value);
        } catch (error) {
          const own = this.#ownError(error, attempt);
          outcome = this.#exchange.describeError?.(own) ?? { kind: 'error', error: own };
        }
        const endedAt = clock.now();
        if (outcome === undefined) {
          if (this.#policy.shouldRetry === undefined) return this.#succeed(value as T, undefined, endedAt);
          outcome = { kind: 'value', value };
        }
        let classification = this.#operation.classify(outcome);
        if (this.#policy.shouldRetry && classification.failureClass !== 'aborted') {
          classification = await this.#askShouldRetry(outcome, classification, value);
        }
        if (classification.failureClass === undefined) {
          return this.#succeed(value as T, outcome.kind === 'response' ? outcome.status : undefined, endedAt);
        }
        const decision = this.#decide(outcome, classification, endedAt);
        if (decision.action === 'stop') return this.#giveUp(outcome, value);
        this.#previous = outcome;
        await this.#wait(decision.delay, this.#discardOutcome(outcome, value));
        await this.#beforeRetry(decision.reason, outcome);
        // The end may have come between the wait and here: nothing is sent after it.
        const interruption = this.#pendingInterruption();
        if (interruption) throw interruption;
        startedAt = clock.now();
      }
    } catch (error) {
      if (Interruption.is(error)) this.#endInterrupted(error);
      throw error;
    } finally {
      operationTimer?.cancel();
      if (this.callerSignal) unsubscribe(this.callerSignal, this);
    }
  }

  #open(): Timer | undefined {
    const { clock, timeout } = this.#policy;
    if (this.callerSignal) subscribe(this.callerSignal, this);
    if (timeout === undefined) return undefined;
    return clock.schedule(timeout, () => {
      this.#stop(new Interruption('operation_timeout'));
    });
  }

  #tellServer(attempt: Attempt): void {
    this.headers ??= new Headers();
    this.headers.set('x-retry-attempt', String(attempt.number));
    if (attempt.remaining !== Infinity) {
      this.headers.set('x-retry-remaining-ms', String(Math.floor(attempt.remaining)));
    }
  }

  /** Ends the operation: what is under way now, or what would be next. */
  #stop(interruption: Interruption): void {
    this.#interruption ??= interruption;
    this.interrupt(this.#interruption);
  }

  /** What ends the operation, if anything does; an abort is seen even before its event has been told. */
  #pendingInterruption(): Interruption | undefined {
    return this.#interruption ?? (this.callerSignal?.aborted ? this.#abortion() : undefined);
  }

  #abortion(): Interruption {
    return new Interruption('caller_aborted', this.callerSignal?.reason);
  }

  #unlessInterrupted<V>(pending: PromiseLike<V>, late?: (value: V) => void): Promise<V> {
    const raced = this.race(pending, late);
    const interruption = this.#pendingInterruption();
    if (interruption) this.interrupt(interruption);
    return raced;
  }

  async #bound(sent: T | PromiseLike<T>, attempt: Attempt): Promise<T> {
    const { attemptTimeout, clock } = this.#policy;
    const timer =
      attemptTimeout !== undefined && attemptTimeout < attempt.remaining
        ? clock.schedule(attemptTimeout, () => {
            this.interrupt(new Interruption('attempt_timeout'));
          })
        : undefined;
    try {
      return await this.#unlessInterrupted(Promise.resolve(sent), (late) => this.#discard(late)?.cancel());
    } finally {
      timer?.cancel();
    }
  }

  /** The error of an attempt as the state machine is to see it. Throws what ends the whole operation. */
  #ownError(error: unknown, attempt: Attempt): unknown {
    const interruption = this.#pendingInterruption() ?? (Interruption.is(error) ? error : undefined);
    if (interruption === undefined) return error;
    const reason = this.#reasonOf(interruption);
    attempt.abort(reason);
    if (interruption.kind === 'attempt_timeout') return reason;
    throw new Interruption(interruption.kind, reason);
  }

  /** Errors of ours are made here, where the caller waits, so that the stack shows who that is. */
  #reasonOf({ kind, reason }: Interruption): unknown {
    if (kind === 'caller_aborted') return this.#exchange.abortError?.(reason) ?? reason;
    if (kind === 'attempt_timeout') return new AttemptTimeoutError(this.#policy.attemptTimeout as number);
    if (reason !== undefined) return reason;
    const cause = this.#previous?.kind === 'error' ? { cause: this.#previous.error } : {};
    return new OperationTimeoutError(this.#policy.timeout as number, cause);
  }

  async #askShouldRetry(
    outcome: Outcome,
    builtIn: Classification,
    value: T | undefined,
  ): Promise<Classification> {
    const { shouldRetry } = this.#policy;
    if (shouldRetry === undefined) return builtIn;
    try {
      const { attemptNumber, request } = this.#operation;
      const { failureClass, retryable } = builtIn;
      const context = { attemptNumber, request, failureClass, retryable, remaining: this.remaining() };
      const answer = shouldRetry(outcome, context);
      const verdict: unknown = isPromiseLike(answer) ? await this.#unlessInterrupted(answer) : answer;
      if (verdict === undefined || typeof verdict === 'boolean') return applyVerdict(builtIn, verdict);
      warnOnce(
        shouldRetry,
        `shouldRetry returned ${describeValue(verdict)}, accepted: true, false or undefined`,
      );
    } catch (error) {
      if (Interruption.is(error)) {
        this.#discardOutcome(outcome, value)?.cancel();
        throw error;
      }
      warnOnce(shouldRetry, 'shouldRetry failed; the built-in verdict stands', error);
    }
    return builtIn;
  }

  #decide(outcome: Outcome, classification: Classification, endedAt: number): Decision {
    const { clock, random } = this.#policy;
    const decision = this.#operation.decide(outcome, classification, endedAt, {
      now: clock.now(),
      epoch: clock.epoch(),
      random,
      replayable: this.#exchange.replayable ?? true,
    });
    this.#attemptEnded(classification.failureClass);
    if (decision.action === 'retry') reportRetry(this.#operation, decision, classification.failureClass);
    return decision;
  }

  async #wait(delay: number, discarding: Discarding | undefined): Promise<void> {
    const { clock } = this.#policy;
    const discarded = discarding && boundDiscarding(discarding, clock);
    let timer: Timer | undefined;
    try {
      const elapsed = new Promise<void>((resolve) => {
        timer = clock.schedule(delay, resolve);
      });
      await this.#unlessInterrupted(elapsed);
      if (discarded) await this.#unlessInterrupted(discarded.finished);
    } catch (error) {
      timer?.cancel();
      discarded?.cancel();
      throw error;
    }
  }

  async #beforeRetry(reason: RetryReason, outcome: Outcome): Promise<void> {
    if (this.#policy.hooks.beforeRetry === undefined) return;
    this.headers ??= new Headers();
    const pending = runBeforeRetry(this.#operation, reason, outcome, this.headers);
    if (pending) await this.#unlessInterrupted(pending);
  }

  #discard(value: T): Discarding | undefined {
    return this.#exchange.discard?.(value);
  }

  #discardOutcome(outcome: Outcome, value: T | undefined): Discarding | undefined {
    return outcome.kind === 'error'
      ? this.#exchange.discardError?.(outcome.error)
      : this.#discard(value as T);
  }

  #succeed(value: T, status: number | undefined, endedAt: number): T {
    this.#operation.succeed(status, endedAt);
    this.#attemptEnded(undefined);
    this.#ended(value);
    this.#exchange.release?.();
    return value;
  }

  #giveUp(outcome: Outcome, value: T | undefined): T {
    const ownError = endError(this.#operation, outcome, value);
    if (outcome.kind === 'error') {
      attachStatistics(outcome.error, this.#operation);
      return this.#fail(ownError ?? outcome.error);
    }
    if (ownError) return this.#fail(ownError);
    this.#ended(value);
    this.#exchange.release?.();
    return value as T;
  }

  #endInterrupted(interruption: Interruption): never {
    const reason = this.#reasonOf(interruption);
    const kind = interruption.kind === 'caller_aborted' ? 'caller_aborted' : 'operation_timeout';
    const inAttempt = this.#operation.interrupt(kind, reason, this.#policy.clock.now());
    if (inAttempt) this.#attemptEnded(kind === 'caller_aborted' ? 'aborted' : 'timeout');
    return this.#fail(reason);
  }

  #fail(reason: unknown): never {
    this.#ended(reason);
    this.#exchange.release?.({ reason });
    throw reason;
  }

  #attemptEnded(failureClass: FailureClass | undefined): void {
    this.#aggregate.attemptEnded(this.#operation.attemptNumber, this.#operation.responseTime, failureClass);
    reportAttempt(this.#operation);
  }

  #ended(result: unknown): void {
    const { attemptNumber, result: ending, retryOverhead } = this.#operation;
    this.#aggregate.operationEnded(ending ?? 'aborted', attemptNumber, retryOverhead);
    attachStatistics(result, this.#operation);
    reportEnd(this.#operation);
  }
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}
