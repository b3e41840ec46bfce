/** What an operation remembers of an attempt, and how people read it. */

import type { FailureClass, RetryReason, StopReason } from './outcome.ts';
import type { AttemptRecord, ErrorSummary } from './record.ts';

/** An attempt with monotonic times; the wall clock comes in when somebody reads it. */
export class AttemptEntry {
  readonly number: number;
  readonly startedAt: number;
  /** ms of waiting before it was sent. */
  readonly delayBefore: number;
  /** It was sent while another one had not ended yet. */
  readonly hedged: boolean;
  endedAt: number | undefined;
  status: number | undefined;
  /** Stays away from a success. */
  failureClass: FailureClass | undefined;
  error: ErrorSummary | undefined;
  hint: number | undefined;
  reason: RetryReason | StopReason = 'success';
  /** The one that ended before: what waits by the thousand has no room for a list. */
  previous: AttemptEntry | undefined;

  constructor(number: number, startedAt: number, delayBefore: number, hedged: boolean) {
    this.number = number;
    this.startedAt = startedAt;
    this.delayBefore = delayBefore;
    this.hedged = hedged;
  }
}

/** The attempt as people read it. `epochOffset` is epoch ms minus monotonic ms. */
export function toRecord(entry: AttemptEntry, epochOffset: number): AttemptRecord {
  const { endedAt = entry.startedAt, error, failureClass, hint, status } = entry;
  return Object.freeze({
    attemptNumber: entry.number,
    delayBefore: entry.delayBefore,
    startTime: entry.startedAt + epochOffset,
    endTime: endedAt + epochOffset,
    responseTime: endedAt - entry.startedAt,
    success: failureClass === undefined,
    ...(status !== undefined && { status }),
    ...(failureClass !== undefined && { failureClass }),
    ...(error !== undefined && { error: Object.freeze(error) }),
    hedged: entry.hedged,
    ...(hint !== undefined && { hint }),
    reason: entry.reason,
  });
}
