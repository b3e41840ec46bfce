/** What drives one operation, whatever the form of its client: its waits, its callbacks, its timers, its end. */

import { Admission } from './admission.ts';
import type { Admitted } from './admission.ts';
import { attachStatistics } from './attached-statistics.ts';
import { Attempt } from './attempt.ts';
import type { AttemptOwner } from './attempt.ts';
import type { Timer } from './clock.ts';
import { boundDiscarding } from './discard.ts';
import { endError, interruptionError } from './end-error.ts';
import { countAttempt, countOperation, tellOfAttempt, tellOfEnd } from './end-report.ts';
import type { EngineState } from './engine-state.ts';
import type { CallOptions, Discarding, ExchangeDescription } from './exchange.ts';
import { reportRetry, runBeforeRetry } from './hooks.ts';
import { IDEMPOTENCY_KEY, makeIdempotencyKey } from './http/idempotency-key.ts';
import { upperCaseMethod } from './http/methods.ts';
import type { Interruption, Next, Wait } from './interruption.ts';
import type { Observation } from './observation.ts';
import { Operation } from './operation.ts';
import type { Classification, Decision, FailureClass, Outcome, RetryReason } from './outcome.ts';
import type { ShouldRetryContext } from './options.ts';
import type { RetryPolicy } from './policy.ts';
import { askShouldRetry } from './should-retry.ts';
import type { AnswerWait } from './should-retry.ts';
import { describeRequest } from './request.ts';
import type { RequestDescription } from './request.ts';

/** An attempt that was sent before its execution was made. */
export interface BegunAttempt extends Admitted {
  /** The operation, whose first attempt this is. */
  toOperation(request: RequestDescription): Operation;
}

/**
 * One operation under way. A driver sends its attempts and asks here what follows from their ends. It is also the
 * description of its request: the URL is put together when somebody asks for it, and most requests end without that.
 */
export abstract class Execution extends Admission implements AttemptOwner, RequestDescription {
  headers: Headers | undefined;
  readonly callerSignal: AbortSignal | undefined;
  readonly method: string | undefined;
  /** Set where somebody observes operations. */
  observation: Observation | undefined;
  readonly operation: Operation;
  /** How the attempt before ended: for the next one, and for the cause of a timeout. */
  protected previous: Outcome | undefined;
  protected readonly exchange: ExchangeDescription;
  /** We have made an idempotency key. */
  #hasOwnKey = false;

  /** @param first its first attempt, where that was begun without it */
  constructor(exchange: ExchangeDescription, policy: RetryPolicy, engine: EngineState, first?: BegunAttempt) {
    super(policy, engine);
    const call: CallOptions = exchange.call;
    const method = call.method === undefined ? undefined : upperCaseMethod(call.method);
    this.method = method;
    this.exchange = exchange;
    if (policy.idempotencyKey) {
      const key = makeIdempotencyKey(this, policy);
      if (key !== undefined) {
        this.headers = new Headers({ [IDEMPOTENCY_KEY]: key });
        this.#hasOwnKey = true;
      }
    }
    this.callerSignal = call.signal;
    this.operation = first?.toOperation(this) ?? new Operation(policy, this, call, policy.clock.now());
    if (first) this.takeOver(first);
  }

  get bounded(): boolean {
    const { attemptTimeout, hedge, timeout } = this.policy;
    return timeout !== undefined || attemptTimeout !== undefined || hedge !== false;
  }

  /** Asked where it matters alone: some clients have to look through their headers. */
  get hasIdempotencyKey(): boolean {
    return this.#hasOwnKey || (this.exchange.hasIdempotencyKey ?? false);
  }

  get url(): string | undefined {
    return this.exchange.url;
  }

  get origin(): string | undefined {
    return this.exchange.origin;
  }

  /** An attempt is sent that is no hedge. */
  protected beginAttempt(now: number): Attempt {
    const { operation } = this;
    if (operation.attemptNumber === 0) {
      this.budget?.requested(now);
      this.guards?.requested(now);
    }
    this.guards?.attemptBegan(now);
    const attempt = new Attempt(this, operation.attemptNumber + 1, this.previous);
    this.announce(attempt, false);
    operation.beginAttempt(now);
    return attempt;
  }

  /** Says of an attempt what is to be known before it is sent: to the server, and to those who observe. */
  protected announce(attempt: Attempt, hedged: boolean): void {
    if (this.policy.attemptHeaders) {
      const headers = this.#addedHeaders();
      headers.set('x-retry-attempt', String(attempt.number));
      if (attempt.remaining !== Infinity) {
        headers.set('x-retry-remaining-ms', String(Math.floor(attempt.remaining)));
      }
    }
    this.observation?.attemptStarted(attempt.number, hedged, () => this.#addedHeaders());
    if (this.policy.hedge) attempt.keepHeaders();
  }

  #addedHeaders(): Headers {
    return (this.headers ??= new Headers());
  }

  /** What an interruption is to the caller: the caller's own reason, or an error of ours. */
  protected reasonOf({ kind, reason }: Interruption): unknown {
    if (kind === 'caller_aborted') return this.exchange.abortError?.(reason) ?? reason;
    if (reason !== undefined) return reason;
    const previous = this.previous ?? this.exchange.previous;
    return interruptionError(kind, this.operation, previous, this.guards?.circuit);
  }

  /** The error of an attempt, in words. */
  protected describeError(error: unknown): Outcome {
    return this.exchange.describeError?.(error) ?? { kind: 'error', error };
  }

  /**
   * The built-in verdict, or the user's. The end may come while this is on its way back, so ask `pendingInterruption`
   * then.
   *
   * @param wait waits for a promise of the user's function
   * @throws Interruption when the operation ends while the function thinks
   */
  protected async askShouldRetry(
    outcome: Outcome,
    builtIn: Classification,
    attemptNumber: number = this.operation.attemptNumber,
    wait: AnswerWait = (pending) => this.unlessInterrupted(pending),
  ): Promise<Classification> {
    const { shouldRetry } = this.policy;
    if (shouldRetry === undefined) return builtIn;
    this.limitOperation();
    const context: ShouldRetryContext = {
      attemptNumber,
      request: describeRequest(this.operation.request),
      failureClass: builtIn.failureClass,
      retryable: builtIn.retryable,
      remaining: this.remaining(),
    };
    return askShouldRetry(shouldRetry, outcome, builtIn, context, wait);
  }

  /** @param now later than the end, where somebody was asked about it */
  protected decide(outcome: Outcome, classification: Classification, endedAt: number, now: number): Decision {
    const { clock, random } = this.policy;
    const guards = this.guards;
    const { failureClass, retryable } = classification;
    if (retryable) this.budget?.failed(failureClass === 'throttled');
    guards?.attemptEnded(outcome, failureClass, endedAt);
    const decision = this.operation.decide(outcome, classification, endedAt, {
      now,
      clock,
      random,
      replayable: this.exchange.replayable ?? true,
      closing: this.exchange.closing ?? false,
      budget: this.budget,
      circuitOpen: guards?.circuit?.state === 'open',
    });
    this.#attemptEnded(failureClass);
    if (decision.action === 'retry') reportRetry(this.operation, decision, failureClass);
    return decision;
  }

  /** Nothing stands before the retry any more but the guards. */
  protected abstract rested(): void;

  /** Everything between the decision for a retry and its sending. */
  protected prepareRetry(
    { delay, reason }: Decision & { action: 'retry' },
    outcome: Outcome,
    discarding: Discarding | undefined,
  ): void {
    this.previous = outcome;
    this.exchange.retrying?.();
    const rested = this.policy.hooks.beforeRetry ? this.#hook(reason, outcome) : Execution.#rested;
    if (discarding) this.#waitForConnection(delay, rested, boundDiscarding(discarding, this.policy.clock));
    else this.waitWhileClosed(this.guards?.circuit, this.#delay(delay), rested);
  }

  static readonly #rested: Next = (execution) => {
    (execution as Execution).rested();
  };

  #delay(delay: number): (wait: Wait) => Timer {
    return (wait) => {
      this.waitBegan(wait);
      return this.policy.clock.schedule(delay, wait.granted);
    };
  }

  #hook(reason: RetryReason, outcome: Outcome): Next {
    return () => {
      const pending = runBeforeRetry(this.operation, reason, outcome, this.#addedHeaders());
      if (pending) void this.follow(pending, Execution.#rested);
      else this.goOn(Execution.#rested);
    };
  }

  /** Waits, and then until the connection of the response before is free. */
  #waitForConnection(delay: number, rested: Next, discarded: Discarding): void {
    const giveUp = (): void => {
      discarded.cancel();
    };
    const waited = (): void => {
      void this.follow(discarded.finished, rested, giveUp);
    };
    this.waitWhileClosed(this.guards?.circuit, this.#delay(delay), waited, giveUp);
  }

  protected override close(): void {
    super.close();
    // The statistics of a result know its request, which this is, and are not to hold a response or an error.
    this.previous = undefined;
  }

  /** For a driver whose waits can be cut short. */
  protected waitBegan(_wait: Wait): void {}

  /** The operation ends with this response or value of the client. */
  protected succeed(value: unknown, outcome: Outcome | undefined, endedAt: number): void {
    const { operation } = this;
    operation.succeed(outcome?.kind === 'response' ? outcome.status : undefined, endedAt);
    this.budget?.succeeded(operation.charge);
    this.guards?.succeeded(outcome, endedAt);
    if (operation.attemptNumber === 1) {
      this.sums.succeededAtOnce(operation.responseTime, endedAt);
    } else {
      countAttempt(this, undefined);
      countOperation(this);
    }
    tellOfAttempt(this);
    tellOfEnd(this, value, false);
    this.exchange.release?.();
  }

  /**
   * The operation ends with its last failure.
   *
   * @param value the client's own response, where the outcome is one
   * @returns what the caller gets thrown; `undefined` when the caller gets the value
   */
  protected giveUp(outcome: Outcome, value: unknown): { readonly reason: unknown } | undefined {
    const ownError = endError(this.operation, outcome, value, this.guards?.circuit);
    if (outcome.kind === 'error') {
      attachStatistics(outcome.error, this.operation);
      return { reason: this.#failed(ownError ?? outcome.error) };
    }
    if (ownError) return { reason: this.#failed(ownError) };
    this.#ended(value, false);
    this.exchange.release?.();
    return undefined;
  }

  /**
   * The operation ends from outside.
   *
   * @returns what the caller gets thrown
   */
  protected endInterrupted(interruption: Interruption): unknown {
    const reason = this.reasonOf(interruption);
    // An attempt's own timeout ends an attempt, so it never gets here.
    const kind = interruption.kind === 'attempt_timeout' ? 'operation_timeout' : interruption.kind;
    const inAttempt = this.operation.interrupt(kind, reason, this.policy.clock.now());
    if (inAttempt && kind !== 'caller_aborted') this.guards?.attemptTimedOut();
    if (inAttempt) this.#attemptEnded(kind === 'caller_aborted' ? 'aborted' : 'timeout');
    return this.#failed(reason);
  }

  #failed(reason: unknown): unknown {
    this.#ended(reason, true);
    this.exchange.release?.({ reason });
    return reason;
  }

  #attemptEnded(failureClass: FailureClass | undefined): void {
    countAttempt(this, failureClass);
    tellOfAttempt(this);
  }

  #ended(result: unknown, failed: boolean): void {
    countOperation(this);
    tellOfEnd(this, result, failed);
  }
}
