/**
 * One logical operation as a state machine: an outcome goes in, a decision comes out. It knows no timer, no promise
 * and no clock; time and randomness are arguments.
 */

import { AttemptHistory, toRecord } from './attempt-history.ts';
import type { AttemptEntry, SentAttempt } from './attempt-history.ts';
import type { Clock } from './clock.ts';
import { decideAfterFailure } from './decision.ts';
import type { DecisionMoment } from './decision.ts';
import { keyOf } from './guards/destination-key.ts';
import { classifyHttp, failedByStatus, responseIn } from './http/classify.ts';
import { summarizeError } from './http/error-summary.ts';
import { readHint } from './http/hint.ts';
import type {
  Classification,
  Decision,
  FailureClass,
  InterruptionKind,
  OperationResult,
  Outcome,
  RetryReason,
  StopReason,
} from './outcome.ts';
import type { RetryPolicy } from './policy.ts';
import type { AttemptRecord, ErrorSummary, RequestStatistics } from './record.ts';
import type { RequestDescription } from './request.ts';

/** Who an operation is. */
export interface OperationIdentity {
  readonly id?: string | undefined;
  readonly key?: string | undefined;
}

/** What is said of an attempt that failed. */
interface FailedAttempt {
  readonly failureClass: FailureClass;
  readonly reason: RetryReason | StopReason;
  readonly status?: number | undefined;
  readonly error?: ErrorSummary | undefined;
  readonly hint?: number | undefined;
}

/** Why an operation can be ended from outside, and what that makes of it. */
const INTERRUPTED: Readonly<Record<Exclude<InterruptionKind, 'attempt_timeout'>, OperationResult>> = {
  caller_aborted: 'aborted',
  operation_timeout: 'timeout',
  wait_exceeds_timeout: 'timeout',
  circuit_breaker_open: 'circuit_breaker_open',
  bulkhead_full: 'bulkhead_full',
  bulkhead_queue_timeout: 'bulkhead_full',
};

/** An operation within this attempt has given up on the error: doing it all again would multiply the attempts. */
const GIVEN_UP_WITHIN: Classification = Object.freeze({
  failureClass: 'permanent',
  retryable: false,
  reason: 'permanent_failure',
});

let lastId = 0;
/** How many operations have been begun. */
let begun = 0;

/** The place among all operations of one that begins. */
export function nextOrdinal(): number {
  begun += 1;
  return begun;
}

/** The state of one operation. Call `beginAttempt`, then `succeed` or `decide`, in turn; `interrupt` at any time. */
export class Operation {
  readonly policy: RetryPolicy;
  readonly request: RequestDescription;
  readonly startedAt: number;
  /** Its place among all operations: clocks can't tell, for each engine may have its own. */
  readonly ordinal: number;
  /** Set once the operation has ended. */
  result: OperationResult | undefined;
  /** Attempts that were sent. */
  attemptNumber = 0;
  #reason: StopReason = 'success';
  #endedAt = 0;
  #inAttempt = false;
  /** The attempt that is being told of: the last one, unless several run beside each other. */
  #current = 0;
  #hedged = false;
  #attemptStartedAt = 0;
  /** Operations that had been begun when the attempt was. */
  #begunBefore = 0;
  #status: number | undefined;
  #history: AttemptHistory | undefined;
  /** When `timeout` began to count, where that was not the start. */
  #admittedAt: number | undefined;
  #id: string | undefined;
  #key: string | undefined;
  #statistics: RequestStatistics | undefined;

  constructor(
    policy: RetryPolicy,
    request: RequestDescription,
    identity: OperationIdentity,
    now: number,
    ordinal: number = nextOrdinal(),
  ) {
    this.policy = policy;
    this.request = request;
    this.startedAt = now;
    this.#id = identity.id;
    this.#key = identity.key;
    this.ordinal = ordinal;
  }

  toOperation(): this {
    return this;
  }

  get id(): string {
    if (this.#id === undefined) {
      lastId += 1;
      this.#id = `op-${lastId}`;
    }
    return this.#id;
  }

  get key(): string {
    return (this.#key ??= keyOf(this.policy, this.request));
  }

  get reason(): StopReason {
    return this.#reason;
  }

  /** When the attempt that is being told of began. */
  get attemptStartedAt(): number {
    return this.#attemptStartedAt;
  }

  /** When the last attempt ended, or the operation. */
  get endedAt(): number {
    return this.#endedAt;
  }

  /** ms of the last attempt, until its headers or its error. */
  get responseTime(): number {
    return this.#endedAt - this.#attemptStartedAt;
  }

  /** ms since the first attempt ended: what retrying cost. */
  get retryOverhead(): number {
    const firstAttemptEndedAt = this.#history?.firstAttemptEndedAt;
    return firstAttemptEndedAt === undefined ? 0 : this.#endedAt - firstAttemptEndedAt;
  }

  /** What the budget charged for the last retry; 0 when there was none. */
  get lastCharge(): number {
    return this.#history?.charge ?? 0;
  }

  /** The server has asked for a wait. */
  get hinted(): boolean {
    return this.#history?.hinted ?? false;
  }

  /** The number of the attempt that is being told of. */
  get currentAttempt(): number {
    return this.#current;
  }

  /** ms until `timeout`; `Infinity` without one. */
  remaining(now: number): number {
    const { timeout } = this.policy;
    if (timeout === undefined) return Infinity;
    return Math.max(0, (this.#admittedAt ?? this.startedAt) + timeout - now);
  }

  /** A guard makes the operation wait. */
  waitBegan(): void {
    this.#history ??= new AttemptHistory(this.startedAt);
  }

  /** A place in the bulkhead has come: `timeout` begins to count. */
  admitted(now: number): void {
    this.#admittedAt = now;
  }

  /** @param begunBefore how many operations had been begun by then */
  beginAttempt(now: number, begunBefore: number = begun): void {
    this.attemptNumber += 1;
    this.#current = this.attemptNumber;
    this.#hedged = false;
    this.#inAttempt = true;
    this.#begunBefore = begunBefore;
    this.#attemptStartedAt = now;
    this.#history?.waitEnded(now);
  }

  /** Sends one more attempt beside those under way. */
  beginHedge(now: number): SentAttempt {
    this.attemptNumber += 1;
    return { number: this.attemptNumber, startedAt: now, hedged: true };
  }

  /** Of several attempts, this is the one that what follows is about. */
  focus(attempt: SentAttempt): void {
    this.#current = attempt.number;
    this.#attemptStartedAt = attempt.startedAt;
    this.#hedged = attempt.hedged;
  }

  /**
   * An attempt ended, and others go on.
   *
   * @param reason why it does not matter any more, or why another one was sent
   */
  endBeside(
    outcome: Outcome | undefined,
    failureClass: FailureClass,
    reason: RetryReason | StopReason,
    moment: Pick<DecisionMoment, 'now' | 'clock'>,
  ): void {
    const hint = this.hintOf(outcome, moment.clock);
    this.#recordFailure(outcome, failureClass, reason, moment.now, hint);
    if (this.#history && hint !== undefined) {
      this.#history.hintBeside = Math.max(hint, this.#history.hintBeside ?? 0);
    }
    this.#inAttempt = true;
  }

  /**
   * What the outcome means.
   *
   * @param inner the operation that ended with this error before, if one did
   */
  classify(outcome: Outcome, inner?: Operation): Classification {
    const { request, policy } = this;
    const givenUpWithin = inner && this.#isWithin(inner) && inner.policy.maxAttempts > 1;
    if (givenUpWithin && outcome.kind === 'error') {
      const asked = policy.retryableErrors.some((matches) => matches(outcome.error));
      if (!asked) return GIVEN_UP_WITHIN;
    }
    return classifyHttp(outcome, request, policy);
  }

  /** The attempt succeeded, and so did the operation. */
  succeed(status: number | undefined, now: number): void {
    this.#status = status;
    this.#finish('success', 'success', now);
  }

  /**
   * Decides what follows the attempt that ended with `outcome`.
   *
   * @param classification of `classify`, or of it and `shouldRetry`
   * @param endedAt when the attempt ended, monotonic ms
   */
  decide(
    outcome: Outcome,
    classification: Classification,
    endedAt: number,
    moment: DecisionMoment,
  ): Decision {
    const { failureClass } = classification;
    if (failureClass === undefined) {
      this.succeed(responseIn(outcome)?.status, endedAt);
      return { action: 'stop', result: 'success', reason: 'success' };
    }
    const hint = this.hintOf(outcome, moment.clock);
    this.#history ??= new AttemptHistory(this.startedAt);
    const asked = Math.max(hint ?? 0, this.#history.hintBeside ?? 0);
    this.#history.hintBeside = undefined;
    const decision = decideAfterFailure(
      this,
      this.#history,
      classification,
      asked > 0 ? asked : hint,
      moment,
    );
    this.#recordFailure(outcome, failureClass, decision.reason, endedAt, hint);
    this.#history.waitsSince = moment.now;
    if (decision.action === 'stop') this.#finish(decision.result, decision.reason, endedAt);
    return decision;
  }

  /**
   * Ends the operation from outside, before the first attempt, during one, or during a wait.
   *
   * @returns whether an attempt was under way
   */
  interrupt(reason: Exclude<InterruptionKind, 'attempt_timeout'>, error: unknown, now: number): boolean {
    const inAttempt = this.#inAttempt;
    if (inAttempt) {
      const failureClass = reason === 'caller_aborted' ? 'aborted' : 'timeout';
      this.#record(now, { failureClass, reason, error: summarizeError(error) });
    } else {
      this.#history?.waitEnded(now);
    }
    this.#finish(INTERRUPTED[reason], reason, now);
    return inAttempt;
  }

  /** The record of the attempt that ended last. */
  lastRecord(epochOffset: number): AttemptRecord | undefined {
    const entry = this.result === 'success' ? this.#entry() : this.#history?.entries.at(-1);
    return entry && toRecord(entry, epochOffset);
  }

  /**
   * Everything about the operation; until it has ended, what is known so far.
   *
   * @param epochOffset epoch ms minus monotonic ms
   */
  statistics(epochOffset: number): RequestStatistics {
    if (this.result === undefined) return this.#statisticsSoFar(epochOffset);
    return (this.#statistics ??= this.#statisticsSoFar(epochOffset));
  }

  #statisticsSoFar(epochOffset: number): RequestStatistics {
    return Object.freeze({
      id: this.id,
      key: this.key,
      result: this.result ?? 'aborted',
      reason: this.#reason,
      attempts: Object.freeze(this.#allEntries().map((entry) => toRecord(entry, epochOffset))),
      totalTime: Math.max(0, this.#endedAt - this.startedAt),
      totalDelay: this.#history?.totalDelay ?? 0,
    });
  }

  /** Whether the other one ran during the last attempt. An error may have been thrown before, by another operation. */
  #isWithin(other: Operation): boolean {
    return other.ordinal > this.#begunBefore && other.result !== 'aborted';
  }

  /** The wait that the server asks for, in ms. */
  hintOf(outcome: Outcome | undefined, clock: Pick<Clock, 'epoch'>): number | undefined {
    if (!this.policy.retryAfter || outcome === undefined) return undefined;
    const headers = responseIn(outcome)?.headers;
    return headers && readHint(headers, clock.epoch());
  }

  #recordFailure(
    outcome: Outcome | undefined,
    failureClass: FailureClass,
    reason: RetryReason | StopReason,
    endedAt: number,
    hint: number | undefined,
  ): void {
    // A client that throws for statuses leaves the same record as one that does not.
    const hasError = outcome?.kind === 'error' && !failedByStatus(outcome, this.policy);
    this.#record(endedAt, {
      failureClass,
      reason,
      status: outcome && responseIn(outcome)?.status,
      error: hasError ? summarizeError(outcome.error) : undefined,
      hint,
    });
  }

  #record(endedAt: number, failure: FailedAttempt): void {
    this.#inAttempt = false;
    this.#endedAt = endedAt;
    this.#history ??= new AttemptHistory(this.startedAt);
    this.#history.add(this.#entry(failure));
  }

  #finish(result: OperationResult, reason: StopReason, now: number): void {
    this.result = result;
    this.#reason = reason;
    this.#endedAt = now;
  }

  #allEntries(): AttemptEntry[] {
    const entries = [...(this.#history?.entries ?? [])];
    if (this.result === 'success') entries.push(this.#entry());
    // Those that ran beside each other ended in any order.
    return entries.toSorted((one, other) => one.attemptNumber - other.attemptNumber);
  }

  /** The current attempt, as a success unless it failed. */
  #entry(failure?: FailedAttempt): AttemptEntry {
    return {
      attemptNumber: this.#current,
      hedged: this.#hedged,
      delayBefore: this.#hedged ? 0 : (this.#history?.delayBefore ?? 0),
      startedAt: this.#attemptStartedAt,
      endedAt: this.#endedAt,
      status: failure ? failure.status : this.#status,
      failureClass: failure?.failureClass,
      error: failure?.error,
      hint: failure?.hint,
      reason: failure?.reason ?? 'success',
    };
  }
}
