/** The sums over all operations of an engine: constant memory, whatever the traffic. */

import type { FailureClass, OperationResult } from '../outcome.ts';
import { DurationHistogram } from './histogram.ts';

/** The attempts of one number, over all operations. All durations are ms. */
export interface RetryPattern {
  /** 1 for first attempts. The last entry holds all attempts from its number on. */
  readonly attemptNumber: number;
  readonly count: number;
  /** From 0 to 1. */
  readonly successRate: number;
  readonly averageResponseTime: number;
  readonly p50ResponseTime: number;
  readonly p95ResponseTime: number;
  readonly p99ResponseTime: number;
}

/** What retries did and cost, over all operations since the start or the last reset. All durations are ms. */
export interface StatisticsSnapshot {
  /** Operations that ended. */
  readonly totalOperations: number;
  readonly totalAttempts: number;
  /** From 0 to 1; 0 when nothing has ended yet, as all rates and averages. */
  readonly successRate: number;
  /** The share of operations that ended as `retry_exhausted`. */
  readonly retryExhaustedRate: number;
  readonly averageAttemptsPerOperation: number;
  /** The mean time beyond the first attempt, of the operations that were retried. */
  readonly averageRetryTime: number;
  readonly results: Readonly<Record<OperationResult, number>>;
  /** Failed attempts by class. */
  readonly failureClasses: Readonly<Record<FailureClass, number>>;
  readonly retryPatterns: readonly RetryPattern[];
  readonly performanceImpact: {
    /** Time spent beyond first attempts: waits and further attempts. */
    readonly totalRetryOverhead: number;
    readonly averageOverheadPerOperation: number;
  };
}

/** Attempts from this number on share one pattern, so that `maxAttempts: Infinity` stays in constant memory. */
const PATTERNS = 16;

class PatternCounter {
  successes = 0;
  readonly responseTimes: DurationHistogram = new DurationHistogram();
}

/** Counts attempts and operations as they end. */
export class StatisticsAggregate {
  #results = noResults();
  #failureClasses = noFailures();
  #patterns: PatternCounter[] = [];
  #totalAttempts = 0;
  #retriedOperations = 0;
  #totalRetryTime = 0;
  #totalRetryOverhead = 0;

  attemptEnded(attemptNumber: number, responseTime: number, failureClass: FailureClass | undefined): void {
    this.#totalAttempts += 1;
    const index = Math.min(attemptNumber, PATTERNS) - 1;
    // After a reset in the middle of an operation, the first attempt that is counted is a later one.
    while (this.#patterns.length <= index) this.#patterns.push(new PatternCounter());
    const pattern = this.#patterns[index] as PatternCounter;
    pattern.responseTimes.record(responseTime);
    if (failureClass === undefined) pattern.successes += 1;
    else this.#failureClasses[failureClass] += 1;
  }

  operationEnded(result: OperationResult, attempts: number, retryOverhead: number): void {
    this.#results[result] += 1;
    this.#totalRetryOverhead += retryOverhead;
    // One that was aborted during its first wait has an overhead, but was not retried.
    if (attempts > 1) {
      this.#retriedOperations += 1;
      this.#totalRetryTime += retryOverhead;
    }
  }

  reset(): void {
    this.#results = noResults();
    this.#failureClasses = noFailures();
    this.#patterns = [];
    this.#totalAttempts = 0;
    this.#retriedOperations = 0;
    this.#totalRetryTime = 0;
    this.#totalRetryOverhead = 0;
  }

  snapshot(): StatisticsSnapshot {
    const totalOperations = Object.values(this.#results).reduce((sum, count) => sum + count, 0);
    return Object.freeze({
      totalOperations,
      totalAttempts: this.#totalAttempts,
      successRate: ratio(this.#results.success, totalOperations),
      retryExhaustedRate: ratio(this.#results.retry_exhausted, totalOperations),
      averageAttemptsPerOperation: ratio(this.#totalAttempts, totalOperations),
      averageRetryTime: ratio(this.#totalRetryTime, this.#retriedOperations),
      results: Object.freeze({ ...this.#results }),
      failureClasses: Object.freeze({ ...this.#failureClasses }),
      retryPatterns: Object.freeze(this.#patterns.map(toPattern)),
      performanceImpact: Object.freeze({
        totalRetryOverhead: this.#totalRetryOverhead,
        averageOverheadPerOperation: ratio(this.#totalRetryOverhead, totalOperations),
      }),
    });
  }
}

function toPattern({ responseTimes, successes }: PatternCounter, index: number): RetryPattern {
  return Object.freeze({
    attemptNumber: index + 1,
    count: responseTimes.count,
    successRate: ratio(successes, responseTimes.count),
    averageResponseTime: responseTimes.mean(),
    p50ResponseTime: responseTimes.quantile(0.5),
    p95ResponseTime: responseTimes.quantile(0.95),
    p99ResponseTime: responseTimes.quantile(0.99),
  });
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function noResults(): Record<OperationResult, number> {
  return {
    success: 0,
    retry_exhausted: 0,
    non_retryable_error: 0,
    circuit_breaker_open: 0,
    timeout: 0,
    budget_exhausted: 0,
    bulkhead_full: 0,
    aborted: 0,
  };
}

function noFailures(): Record<FailureClass, number> {
  return { connection: 0, transport: 0, timeout: 0, throttled: 0, transient: 0, permanent: 0, aborted: 0 };
}
