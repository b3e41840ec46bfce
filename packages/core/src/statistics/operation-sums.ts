/** Sums over operations that ended, in constant memory. */

import type { FailureClass, OperationResult } from '../outcome.ts';
import { DurationHistogram } from './histogram.ts';

/** Attempts from this number on share one pattern, so that `maxAttempts: Infinity` stays in constant memory. */
const PATTERNS = 16;

/** The attempts of one number. */
export class AttemptSums {
  successes = 0;
  readonly responseTimes: DurationHistogram = new DurationHistogram();
}

/** Counts attempts and operations as they end. */
export class OperationSums {
  readonly results: Record<OperationResult, number> = {
    success: 0,
    retry_exhausted: 0,
    non_retryable_error: 0,
    circuit_breaker_open: 0,
    timeout: 0,
    budget_exhausted: 0,
    bulkhead_full: 0,
    aborted: 0,
  };
  readonly failureClasses: Record<FailureClass, number> = {
    connection: 0,
    transport: 0,
    timeout: 0,
    throttled: 0,
    transient: 0,
    permanent: 0,
    aborted: 0,
  };
  /** By attempt number, the first one's at 0. */
  readonly attempts: AttemptSums[] = [];
  totalAttempts = 0;
  /** Operations that had more than one attempt. */
  retriedOperations = 0;
  /** Their time beyond the first attempt. */
  totalRetryTime = 0;
  /** The time beyond the first attempt of all operations. */
  totalRetryOverhead = 0;

  /** Whether nothing has ended yet. */
  get isEmpty(): boolean {
    return this.totalAttempts === 0 && Object.values(this.results).every((count) => count === 0);
  }

  attemptEnded(attemptNumber: number, responseTime: number, failureClass: FailureClass | undefined): void {
    this.totalAttempts += 1;
    const sums = this.#attempts(Math.min(attemptNumber, PATTERNS) - 1);
    sums.responseTimes.record(responseTime);
    if (failureClass === undefined) sums.successes += 1;
    else this.failureClasses[failureClass] += 1;
  }

  operationEnded(result: OperationResult, attempts: number, retryOverhead: number): void {
    this.results[result] += 1;
    this.totalRetryOverhead += retryOverhead;
    // One that was aborted during its first wait has an overhead, but was not retried.
    if (attempts > 1) {
      this.retriedOperations += 1;
      this.totalRetryTime += retryOverhead;
    }
  }

  /** Counts what another one has counted. */
  add(other: OperationSums): void {
    addCounts(this.results, other.results);
    addCounts(this.failureClasses, other.failureClasses);
    for (const [index, { responseTimes, successes }] of other.attempts.entries()) {
      const sums = this.#attempts(index);
      sums.successes += successes;
      sums.responseTimes.add(responseTimes);
    }
    this.totalAttempts += other.totalAttempts;
    this.retriedOperations += other.retriedOperations;
    this.totalRetryTime += other.totalRetryTime;
    this.totalRetryOverhead += other.totalRetryOverhead;
  }

  #attempts(index: number): AttemptSums {
    // A window, or the time after a reset, may begin with a later attempt.
    while (this.attempts.length <= index) this.attempts.push(new AttemptSums());
    return this.attempts[index] as AttemptSums;
  }
}

function addCounts<Name extends string>(counts: Record<Name, number>, more: Record<Name, number>): void {
  for (const name of Object.keys(more) as Name[]) counts[name] += more[name];
}
