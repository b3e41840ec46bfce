/**
 * One logical operation as a state machine: an outcome goes in, a decision comes out. It knows no timer, no promise
 * and no clock; time and randomness are arguments.
 */

import { AttemptEntry, toRecord } from './attempt-entry.ts';
import type { Clock } from './clock.ts';
import { decideAfterFailure } from './decision.ts';
import type { DecisionMoment } from './decision.ts';
import { RetryExhaustedError } from './errors.ts';
import { keyOf } from './guards/destination-key.ts';
import { classifyHttp, failedByStatus, isAmong, responseIn } from './http/classify.ts';
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
import type { AttemptRecord, RequestStatistics } from './record.ts';
import type { RequestDescription } from './request.ts';

/** Who an operation is. */
export interface OperationIdentity {
  readonly id?: string | undefined;
  readonly key?: string | undefined;
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
  /** Of its records, once one was read. */
  epochOffset: number | undefined;
  /** Attempts that were sent. */
  attemptNumber = 0;
  /** The last wait that the strategy gave. */
  computedDelay = 0;
  /** What the budget charged for the last retry; 0 when there was none. */
  charge = 0;
  #reason: StopReason = 'success';
  #endedAt: number | undefined;
  /** The attempt that is being told of: the last one, unless several run beside each other. */
  #current: AttemptEntry | undefined;
  /** The attempt that ended last. */
  #last: AttemptEntry | undefined;
  /** Operations that had been begun when the attempt was. */
  #begunBefore = 0;
  /** The start of the wait that is on. */
  #waitsSince: number | undefined;
  #totalDelay = 0;
  /** What the server asked for in answer to attempts beside the one that is decided upon; 0 for nothing. */
  #hintBeside = 0;
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

  /** The attempt that is being told of; one must have been begun. */
  get currentAttempt(): AttemptEntry {
    return this.#current as AttemptEntry;
  }

  /** When the last attempt ended, or the operation. */
  get endedAt(): number {
    return this.#endedAt ?? this.#last?.endedAt ?? 0;
  }

  /** ms of the last attempt, until its headers or its error. */
  get responseTime(): number {
    const { endedAt = 0, startedAt } = this.currentAttempt;
    return endedAt - startedAt;
  }

  /** ms since the first attempt ended: what retrying cost. */
  get retryOverhead(): number {
    let first = this.#last;
    // Not the one that ended first: that may be a hedge, which its first attempt outlived.
    while (first && first.number !== 1) first = first.previous;
    return first?.endedAt === undefined ? 0 : Math.max(0, this.endedAt - first.endedAt);
  }

  /** The server has asked for a wait. */
  get hinted(): boolean {
    return this.#entries().some(({ hint }) => hint !== undefined);
  }

  /** ms until `timeout`; `Infinity` without one. */
  remaining(now: number): number {
    const { timeout } = this.policy;
    if (timeout === undefined) return Infinity;
    return Math.max(0, (this.#admittedAt ?? this.startedAt) + timeout - now);
  }

  /** A guard makes the operation wait. */
  waitBegan(): void {
    this.#waitsSince ??= this.startedAt;
  }

  /** A place in the bulkhead has come: `timeout` begins to count. */
  admitted(now: number): void {
    this.#admittedAt = now;
  }

  /** @param begunBefore how many operations had been begun by then */
  beginAttempt(now: number, begunBefore: number = begun): void {
    this.attemptNumber += 1;
    this.#current = new AttemptEntry(this.attemptNumber, now, this.#waitEnded(now), false);
    this.#begunBefore = begunBefore;
  }

  /** Sends one more attempt beside those under way. */
  beginHedge(now: number): AttemptEntry {
    this.attemptNumber += 1;
    return new AttemptEntry(this.attemptNumber, now, 0, true);
  }

  /** An attempt was answered. It has ended by then, however long somebody is asked about it, and whatever ends that. */
  answered(attempt: AttemptEntry, outcome: Outcome, now: number): void {
    attempt.endedAt = now;
    attempt.status = responseIn(outcome)?.status;
  }

  /** Of several attempts, this is the one that what follows is about. */
  focus(attempt: AttemptEntry): void {
    this.#current = attempt;
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
    this.#attemptFailed(outcome, failureClass, reason, moment.now, hint);
    if (hint !== undefined) this.#hintBeside = Math.max(hint, this.#hintBeside);
  }

  /**
   * What the outcome means.
   *
   * @param inner the operation that ended with this error before, if one did
   */
  classify(outcome: Outcome, inner?: Operation): Classification {
    const { request, policy } = this;
    if (inner === undefined || !this.#isWithin(inner)) return classifyHttp(outcome, request, policy);
    if (outcome.kind !== 'error') {
      // What it took for an answer may be a failure here.
      const hasGivenUp = inner.result !== 'success' && inner.result !== 'non_retryable_error';
      return hasGivenUp && inner.policy.maxAttempts > 1
        ? GIVEN_UP_WITHIN
        : classifyHttp(outcome, request, policy);
    }
    const { error } = outcome;
    const isAsked = isAmong(policy.retryableErrors, error);
    if (inner.policy.maxAttempts > 1 && !isAsked) return GIVEN_UP_WITHIN;
    // A single attempt has retried nothing: what it failed with is what counts.
    const cause = error instanceof RetryExhaustedError && !isAsked ? error.cause : error;
    return classifyHttp({ ...outcome, error: cause }, request, policy);
  }

  /** The attempt succeeded, and so did the operation. */
  succeed(status: number | undefined, now: number): void {
    this.currentAttempt.status = status;
    this.#attemptEnded(now);
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
    const asked = Math.max(hint ?? 0, this.#hintBeside);
    this.#hintBeside = 0;
    const decision = decideAfterFailure(this, classification, asked > 0 ? asked : hint, moment);
    this.#attemptFailed(outcome, failureClass, decision.reason, endedAt, hint);
    this.#waitsSince = moment.now;
    if (decision.action === 'stop') this.#finish(decision.result, decision.reason, endedAt);
    return decision;
  }

  /**
   * Ends the operation from outside, before the first attempt, during one, or during a wait.
   *
   * @returns whether an attempt was under way
   */
  interrupt(reason: Exclude<InterruptionKind, 'attempt_timeout'>, error: unknown, now: number): boolean {
    const attempt = this.#current;
    const inAttempt = attempt !== undefined && attempt !== this.#last;
    if (inAttempt) {
      attempt.failureClass = reason === 'caller_aborted' ? 'aborted' : 'timeout';
      attempt.reason = reason;
      attempt.error = summarizeError(error);
      this.#attemptEnded(now);
    } else {
      this.#waitEnded(now);
    }
    this.#finish(INTERRUPTED[reason], reason, now);
    return inAttempt;
  }

  /** The record of the attempt that ended last. */
  lastRecord(epochOffset: number): AttemptRecord | undefined {
    return this.#last && toRecord(this.#last, epochOffset);
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
    // Those that ran beside each other ended in any order.
    const entries = this.#entries().toSorted((one, other) => one.number - other.number);
    return Object.freeze({
      id: this.id,
      key: this.key,
      result: this.result ?? 'aborted',
      reason: this.#reason,
      attempts: Object.freeze(entries.map((entry) => toRecord(entry, epochOffset))),
      totalTime: Math.max(0, this.endedAt - this.startedAt),
      totalDelay: this.#totalDelay,
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

  #attemptFailed(
    outcome: Outcome | undefined,
    failureClass: FailureClass,
    reason: RetryReason | StopReason,
    endedAt: number,
    hint: number | undefined,
  ): void {
    const attempt = this.currentAttempt;
    attempt.failureClass = failureClass;
    attempt.reason = reason;
    attempt.hint = hint;
    if (outcome) attempt.status = responseIn(outcome)?.status;
    // A client that throws for statuses leaves the same record as one that does not.
    const hasError = outcome?.kind === 'error' && !failedByStatus(outcome, this.policy);
    if (hasError) attempt.error = summarizeError(outcome.error);
    this.#attemptEnded(endedAt);
  }

  #attemptEnded(now: number): void {
    const attempt = this.currentAttempt;
    // A clock that was set back makes no duration negative.
    attempt.endedAt = Math.max(attempt.endedAt ?? now, attempt.startedAt);
    attempt.previous = this.#last;
    this.#last = attempt;
  }

  /** How long the wait was that is over now. */
  #waitEnded(now: number): number {
    if (this.#waitsSince === undefined) return 0;
    const delay = Math.max(0, now - this.#waitsSince);
    this.#waitsSince = undefined;
    this.#totalDelay += delay;
    return delay;
  }

  /** The attempts that have ended, the last one first. */
  #entries(): AttemptEntry[] {
    const entries: AttemptEntry[] = [];
    for (let entry = this.#last; entry; entry = entry.previous) entries.push(entry);
    return entries;
  }

  #finish(result: OperationResult, reason: StopReason, now: number): void {
    this.result = result;
    this.#reason = reason;
    this.#endedAt = now;
  }
}
