/**
 * One logical operation as a state machine: an outcome goes in, a decision comes out. It knows no timer, no promise
 * and no clock; time and randomness are arguments.
 */

import { nextDelay } from './backoff/delay.ts';
import type { Random } from './clock.ts';
import { describeValue } from './errors.ts';
import { classifyHttp, responseOf } from './http/classify.ts';
import { summarizeError } from './http/error-summary.ts';
import { readHint } from './http/hint.ts';
import type {
  Classification,
  Decision,
  FailureClass,
  OperationResult,
  Outcome,
  RetryReason,
  StopReason,
} from './outcome.ts';
import type { RetryPolicy } from './policy.ts';
import type { AttemptRecord, ErrorSummary, RequestStatistics } from './record.ts';
import { describeRequest, originOf } from './request.ts';
import type { RequestDescription } from './request.ts';
import { silence, warnOnce } from './warnings.ts';

/** Who an operation is. */
export interface OperationIdentity {
  readonly id?: string | undefined;
  readonly key?: string | undefined;
}

/** The moment of a decision. */
export interface DecisionMoment {
  /** Monotonic ms. */
  readonly now: number;
  /** Epoch ms, for hints that are dates. */
  readonly epoch: number;
  readonly random: Random;
  /** Whether the request's body can be sent once more. */
  readonly replayable: boolean;
  /** Whether the client is being closed. */
  readonly closing: boolean;
}

/** An attempt with monotonic times; the wall clock comes in when somebody reads it. */
interface AttemptEntry {
  readonly attemptNumber: number;
  readonly delayBefore: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly status: number | undefined;
  readonly failureClass: FailureClass | undefined;
  readonly error: ErrorSummary | undefined;
  readonly hint: number | undefined;
  readonly reason: RetryReason | StopReason;
}

/** A server's wait is stretched by up to this share, so that its clients do not come back all at once. */
const HINT_JITTER = 0.1;

/** An operation within this attempt has given up on the error: doing it all again would multiply the attempts. */
const GIVEN_UP_WITHIN: Classification = Object.freeze({
  failureClass: 'permanent',
  retryable: false,
  reason: 'permanent_failure',
});

let lastId = 0;
/** How many operations have been begun. */
let begun = 0;

/** The state of one operation. Call `beginAttempt`, then `succeed` or `decide`, in turn; `interrupt` at any time. */
export class Operation {
  readonly policy: RetryPolicy;
  readonly request: RequestDescription;
  readonly startedAt: number;
  /** Its place among all operations: clocks can't tell, for each engine may have its own. */
  readonly ordinal: number;
  /** Set once the operation has ended. */
  result: OperationResult | undefined;
  attemptNumber = 0;
  #reason: StopReason = 'success';
  #endedAt = 0;
  #firstAttemptEndedAt: number | undefined;
  #inAttempt = false;
  #attemptStartedAt = 0;
  /** Operations that had been begun when the attempt was. */
  #begunBefore = 0;
  #decidedAt = 0;
  #delayBefore = 0;
  #totalDelay = 0;
  #computedDelay = 0;
  #status: number | undefined;
  /** The last attempt succeeded: its entry is made when somebody reads the statistics. */
  #lastSucceeded = false;
  #entries: AttemptEntry[] | undefined;
  #id: string | undefined;
  #key: string | undefined;
  #statistics: RequestStatistics | undefined;

  constructor(policy: RetryPolicy, request: RequestDescription, identity: OperationIdentity, now: number) {
    this.policy = policy;
    this.request = request;
    this.startedAt = now;
    begun += 1;
    this.ordinal = begun;
    this.#id = identity.id;
    this.#key = identity.key;
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

  /** ms of the last attempt, until its headers or its error. */
  get responseTime(): number {
    return this.#endedAt - this.#attemptStartedAt;
  }

  /** ms since the first attempt ended: what retrying cost. */
  get retryOverhead(): number {
    return this.#firstAttemptEndedAt === undefined ? 0 : this.#endedAt - this.#firstAttemptEndedAt;
  }

  /** ms until `timeout`; `Infinity` without one. */
  remaining(now: number): number {
    const { timeout } = this.policy;
    return timeout === undefined ? Infinity : Math.max(0, this.startedAt + timeout - now);
  }

  beginAttempt(now: number): void {
    this.attemptNumber += 1;
    this.#inAttempt = true;
    this.#begunBefore = begun;
    this.#attemptStartedAt = now;
    this.#waitEnded(now);
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
    this.#lastSucceeded = true;
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
    const response =
      outcome.kind === 'error'
        ? responseOf(outcome.error)
        : outcome.kind === 'response'
          ? outcome
          : undefined;
    if (classification.failureClass === undefined) {
      this.succeed(response?.status, endedAt);
      return { action: 'stop', result: 'success', reason: 'success' };
    }
    const headers = response?.headers;
    const hint = this.policy.retryAfter && headers ? readHint(headers, moment.epoch) : undefined;
    const decision = this.#afterFailure(classification, hint, moment);
    this.#record(classification.failureClass, decision.reason, endedAt, {
      status: response?.status,
      error: outcome.kind === 'error' ? summarizeError(outcome.error) : undefined,
      hint,
    });
    this.#decidedAt = moment.now;
    if (decision.action === 'stop') this.#finish(decision.result, decision.reason, endedAt);
    return decision;
  }

  /**
   * Ends the operation from outside, before the first attempt, during one, or during a wait.
   *
   * @returns whether an attempt was under way
   */
  interrupt(reason: 'caller_aborted' | 'operation_timeout', error: unknown, now: number): boolean {
    const aborted = reason === 'caller_aborted';
    const inAttempt = this.#inAttempt;
    if (inAttempt) {
      this.#record(aborted ? 'aborted' : 'timeout', reason, now, { error: summarizeError(error) });
    } else {
      this.#waitEnded(now);
    }
    this.#finish(aborted ? 'aborted' : 'timeout', reason, now);
    return inAttempt;
  }

  /** The record of the attempt that ended last. */
  lastRecord(epochOffset: number): AttemptRecord | undefined {
    const entry = this.#lastSucceeded ? this.#successEntry() : this.#entries?.at(-1);
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
      totalDelay: this.#totalDelay,
    });
  }

  /** Whether the other one ran during the last attempt. An error may have been thrown before, by another operation. */
  #isWithin(other: Operation): boolean {
    return other.ordinal > this.#begunBefore && other.result !== 'aborted';
  }

  #afterFailure(classification: Classification, hint: number | undefined, moment: DecisionMoment): Decision {
    const { failureClass, reason, retryable } = classification;
    const { maxAttempts, retryAfter, timeout } = this.policy;
    if (!retryable) {
      const result = failureClass === 'aborted' ? 'aborted' : 'non_retryable_error';
      return { action: 'stop', result, reason: reason as StopReason };
    }
    if (this.attemptNumber >= maxAttempts) {
      return { action: 'stop', result: 'retry_exhausted', reason: 'attempts_exhausted' };
    }
    if (moment.closing) {
      return { action: 'stop', result: 'retry_exhausted', reason: 'client_closing' };
    }
    if (!moment.replayable) {
      return { action: 'stop', result: 'non_retryable_error', reason: 'body_not_replayable' };
    }
    if (hint !== undefined && retryAfter && hint > retryAfter.max && retryAfter.beyond === 'stop') {
      return { action: 'stop', result: 'retry_exhausted', reason: 'retry_after_exceeds_max' };
    }
    const remaining = this.remaining(moment.now);
    const obeyed = hint === undefined || !retryAfter ? 0 : Math.min(hint, retryAfter.max);
    const delay = obeyed < remaining ? this.#delay(failureClass, obeyed, moment) : remaining;
    if (timeout !== undefined && delay >= remaining) {
      return { action: 'stop', result: 'timeout', reason: 'wait_exceeds_timeout' };
    }
    return { action: 'retry', delay, reason: reason as RetryReason, ...(hint !== undefined && { hint }) };
  }

  #delay(failureClass: FailureClass | undefined, hint: number, moment: DecisionMoment): number {
    const { baseDelay, throttledBaseDelay } = this.policy;
    const computed = nextDelay(this.policy, {
      attemptNumber: this.attemptNumber,
      baseDelay: failureClass === 'throttled' ? throttledBaseDelay : baseDelay,
      previousDelay: this.#computedDelay,
      failureClass,
      random: moment.random,
    });
    this.#computedDelay = computed;
    // Only a hint is stretched: a computed delay has its own jitter, and never passes maxDelay.
    return hint > 0 && hint >= computed ? hint * (1 + HINT_JITTER * moment.random()) : computed;
  }

  #waitEnded(now: number): void {
    this.#delayBefore = this.#entries === undefined ? 0 : now - this.#decidedAt;
    this.#totalDelay += this.#delayBefore;
  }

  #record(
    failureClass: FailureClass,
    reason: RetryReason | StopReason,
    endedAt: number,
    ending: { status?: number | undefined; error?: ErrorSummary | undefined; hint?: number | undefined },
  ): void {
    this.#inAttempt = false;
    this.#firstAttemptEndedAt ??= endedAt;
    this.#endedAt = endedAt;
    (this.#entries ??= []).push({
      attemptNumber: this.attemptNumber,
      delayBefore: this.#delayBefore,
      startedAt: this.#attemptStartedAt,
      endedAt,
      status: ending.status,
      failureClass,
      error: ending.error,
      hint: ending.hint,
      reason,
    });
  }

  #finish(result: OperationResult, reason: StopReason, now: number): void {
    this.result = result;
    this.#reason = reason;
    this.#endedAt = now;
  }

  #allEntries(): AttemptEntry[] {
    const entries = this.#entries ?? [];
    return this.#lastSucceeded ? [...entries, this.#successEntry()] : entries;
  }

  #successEntry(): AttemptEntry {
    return {
      attemptNumber: this.attemptNumber,
      delayBefore: this.#delayBefore,
      startedAt: this.#attemptStartedAt,
      endedAt: this.#endedAt,
      status: this.#status,
      failureClass: undefined,
      error: undefined,
      hint: undefined,
      reason: 'success',
    };
  }
}

function toRecord(entry: AttemptEntry, epochOffset: number): AttemptRecord {
  const { error, failureClass, hint, status } = entry;
  return Object.freeze({
    attemptNumber: entry.attemptNumber,
    delayBefore: entry.delayBefore,
    startTime: entry.startedAt + epochOffset,
    endTime: entry.endedAt + epochOffset,
    responseTime: entry.endedAt - entry.startedAt,
    success: failureClass === undefined,
    ...(status !== undefined && { status }),
    ...(failureClass !== undefined && { failureClass }),
    ...(error !== undefined && { error }),
    hedged: false,
    ...(hint !== undefined && { hint }),
    reason: entry.reason,
  });
}

function keyOf(policy: RetryPolicy, request: RequestDescription): string {
  const { key } = policy;
  if (key) {
    try {
      const own: unknown = key(describeRequest(request));
      if (typeof own === 'string') return own;
      silence(own);
      warnOnce(key, `key returned ${describeValue(own)}, accepted: a string; the origin of the URL is used`);
    } catch (error) {
      warnOnce(key, 'key threw; the origin of the URL is used', error);
    }
  }
  return originOf(request.url);
}
