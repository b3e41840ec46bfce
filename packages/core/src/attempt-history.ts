/** What an operation remembers of its attempts, once one has failed or had to wait. */

import type { FailureClass, RetryReason, StopReason } from './outcome.ts';
import type { AttemptRecord, ErrorSummary } from './record.ts';

/** An attempt with monotonic times; the wall clock comes in when somebody reads it. */
export interface AttemptEntry {
  readonly attemptNumber: number;
  readonly hedged: boolean;
  readonly delayBefore: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly status: number | undefined;
  readonly failureClass: FailureClass | undefined;
  readonly error: ErrorSummary | undefined;
  readonly hint: number | undefined;
  readonly reason: RetryReason | StopReason;
}

/** An attempt that runs beside others, or did. */
export interface SentAttempt {
  readonly number: number;
  readonly startedAt: number;
  /** It was sent while another one had not ended yet. */
  readonly hedged: boolean;
}

/** The failed attempts and the waits of one operation. One that succeeds at once has none. */
export class AttemptHistory {
  entries: AttemptEntry[] = [];
  firstAttemptEndedAt: number | undefined;
  /** The start of the wait. */
  waitsSince: number;
  delayBefore = 0;
  totalDelay = 0;
  computedDelay = 0;
  /** What the last retry was charged. */
  charge = 0;
  /** The server has asked for a wait. */
  hinted = false;
  /** What it asked for in answer to attempts beside the one that is decided upon. */
  hintBeside: number | undefined;

  constructor(waitsSince: number) {
    this.waitsSince = waitsSince;
  }

  waitEnded(now: number): void {
    this.delayBefore = now - this.waitsSince;
    this.totalDelay += this.delayBefore;
  }

  add(entry: AttemptEntry): void {
    this.firstAttemptEndedAt ??= entry.endedAt;
    if (entry.hint !== undefined) this.hinted = true;
    // An empty list that is pushed to takes room for 17: too much for what waits by the thousand.
    if (this.entries.length === 0) this.entries = [entry];
    else this.entries.push(entry);
  }
}

/** The attempt as people read it. `epochOffset` is epoch ms minus monotonic ms. */
export function toRecord(entry: AttemptEntry, epochOffset: number): AttemptRecord {
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
    ...(error !== undefined && { error: Object.freeze(error) }),
    hedged: entry.hedged,
    ...(hint !== undefined && { hint }),
    reason: entry.reason,
  });
}
