/** What the statistics of an engine say: plain, frozen data that survives JSON. All durations are ms. */

import type { FailureClass, OperationResult } from '../outcome.ts';
import type { AttemptSums, OperationSums } from './operation-sums.ts';

/** The attempts of one number, over all operations. */
export interface RetryPattern {
  /** 1 for first attempts. The last entry holds all attempts from its number on. */
  readonly attemptNumber: number;
  readonly count: number;
  /** From 0 to 1. */
  readonly successRate: number;
  readonly averageResponseTime: number;
  /** Quantiles are within 1 % of a time that was really seen. */
  readonly p50ResponseTime: number;
  readonly p95ResponseTime: number;
  readonly p99ResponseTime: number;
}

/** What retries did and cost, over some operations. */
export interface StatisticsSummary {
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
  /** By attempt number, the first one's first. */
  readonly retryPatterns: readonly RetryPattern[];
  readonly performanceImpact: {
    /** Time spent beyond first attempts: waits and further attempts. */
    readonly totalRetryOverhead: number;
    readonly averageOverheadPerOperation: number;
  };
}

/** The operations that ended lately. */
export interface WindowSummary extends StatisticsSummary {
  /** The time that is looked at, in ms: 50,000 to 60,000, less after a start or a reset. For rates by the second. */
  readonly duration: number;
}

/** The operations of one destination. */
export interface KeyStatistics extends StatisticsSummary {
  /** The destination: the URL's origin unless `key` says otherwise; `''` for operations without either. */
  readonly key: string;
  readonly lastMinute: WindowSummary;
}

/** All operations of an engine since its start or the last reset. */
export interface StatisticsSnapshot extends StatisticsSummary {
  readonly lastMinute: WindowSummary;
  /**
   * The destinations whose state is kept (`maxKeys`), the most recently used one last. Those that were forgotten still
   * count in the total.
   */
  readonly keys: readonly KeyStatistics[];
}

/** The sums as people read them. */
export function summarize(sums: OperationSums): StatisticsSummary {
  const { failureClasses, results, retriedOperations, totalAttempts, totalRetryOverhead, totalRetryTime } =
    sums;
  const totalOperations = Object.values(results).reduce((sum, count) => sum + count, 0);
  return {
    totalOperations,
    totalAttempts,
    successRate: ratio(results.success, totalOperations),
    retryExhaustedRate: ratio(results.retry_exhausted, totalOperations),
    averageAttemptsPerOperation: ratio(totalAttempts, totalOperations),
    averageRetryTime: ratio(totalRetryTime, retriedOperations),
    results: Object.freeze({ ...results }),
    failureClasses: Object.freeze({ ...failureClasses }),
    retryPatterns: Object.freeze(sums.attempts.map(toPattern)),
    performanceImpact: Object.freeze({
      totalRetryOverhead,
      averageOverheadPerOperation: ratio(totalRetryOverhead, totalOperations),
    }),
  };
}

function toPattern({ responseTimes, successes }: AttemptSums, index: number): RetryPattern {
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
