import { describe, expect, it } from 'vitest';

import { StatisticsAggregate } from '../../src/statistics/aggregate.ts';

const nothing = {
  totalOperations: 0,
  totalAttempts: 0,
  successRate: 0,
  retryExhaustedRate: 0,
  averageAttemptsPerOperation: 0,
  averageRetryTime: 0,
  results: {
    success: 0,
    retry_exhausted: 0,
    non_retryable_error: 0,
    circuit_breaker_open: 0,
    budget_exhausted: 0,
    bulkhead_full: 0,
    timeout: 0,
    aborted: 0,
  },
  failureClasses: {
    connection: 0,
    transport: 0,
    timeout: 0,
    throttled: 0,
    transient: 0,
    permanent: 0,
    aborted: 0,
  },
  retryPatterns: [],
  performanceImpact: { totalRetryOverhead: 0, averageOverheadPerOperation: 0 },
};

/** Four operations: at once, at the second attempt, never, and refused at once. */
const mixed = (): StatisticsAggregate => {
  const aggregate = new StatisticsAggregate();
  aggregate.attemptEnded(1, 10, undefined);
  aggregate.operationEnded('success', 1, 0);
  aggregate.attemptEnded(1, 20, 'transient');
  aggregate.attemptEnded(2, 30, undefined);
  aggregate.operationEnded('success', 2, 130);
  aggregate.attemptEnded(1, 40, 'connection');
  aggregate.attemptEnded(2, 50, 'transport');
  aggregate.attemptEnded(3, 60, 'throttled');
  aggregate.operationEnded('retry_exhausted', 3, 410);
  aggregate.attemptEnded(1, 70, 'permanent');
  aggregate.operationEnded('non_retryable_error', 1, 0);
  return aggregate;
};

describe('the aggregate of all operations', () => {
  it('is all 0 before anything has ended: no division by 0', () => {
    expect(new StatisticsAggregate().snapshot()).toEqual(nothing);
  });

  it('counts operations and attempts, and gives their rates', () => {
    expect(mixed().snapshot()).toMatchObject({
      totalOperations: 4,
      totalAttempts: 7,
      successRate: 0.5,
      retryExhaustedRate: 0.25,
      averageAttemptsPerOperation: 1.75,
    });
  });

  it('counts each result and each failure class', () => {
    const { failureClasses, results } = mixed().snapshot();
    expect(results).toEqual({ ...nothing.results, success: 2, retry_exhausted: 1, non_retryable_error: 1 });
    expect(failureClasses).toEqual({
      ...nothing.failureClasses,
      connection: 1,
      transport: 1,
      throttled: 1,
      transient: 1,
      permanent: 1,
    });
  });

  it('gives the time beyond first attempts, in all and for each operation', () => {
    const { averageRetryTime, performanceImpact } = mixed().snapshot();
    expect(performanceImpact).toEqual({ totalRetryOverhead: 540, averageOverheadPerOperation: 135 });
    // Of the two that were retried.
    expect(averageRetryTime).toBe(270);
  });

  it('an operation that was aborted in its first wait has an overhead, but was not retried', () => {
    const aggregate = new StatisticsAggregate();
    aggregate.attemptEnded(1, 10, 'transient');
    aggregate.operationEnded('aborted', 1, 60);
    aggregate.attemptEnded(1, 10, 'transient');
    aggregate.attemptEnded(2, 10, undefined);
    aggregate.operationEnded('success', 2, 110);
    const { averageRetryTime, performanceImpact } = aggregate.snapshot();
    expect(averageRetryTime).toBe(110);
    expect(performanceImpact.totalRetryOverhead).toBe(170);
  });
});

describe('the pattern of each attempt number', () => {
  it('has count, success rate and average response time', () => {
    const patterns = mixed().snapshot().retryPatterns;
    expect(patterns).toMatchObject([
      { attemptNumber: 1, count: 4, successRate: 0.25, averageResponseTime: 35 },
      { attemptNumber: 2, count: 2, successRate: 0.5, averageResponseTime: 40 },
      { attemptNumber: 3, count: 1, successRate: 0, averageResponseTime: 60 },
    ]);
  });

  it('has the quantiles of the response time within 1 %', () => {
    const aggregate = new StatisticsAggregate();
    for (let time = 1; time <= 1000; time += 1) aggregate.attemptEnded(1, time, undefined);
    const pattern = aggregate.snapshot().retryPatterns[0];
    expect(Math.abs((pattern?.p50ResponseTime ?? NaN) - 500)).toBeLessThan(6);
    expect(Math.abs((pattern?.p95ResponseTime ?? NaN) - 950)).toBeLessThan(11);
    expect(Math.abs((pattern?.p99ResponseTime ?? NaN) - 990)).toBeLessThan(11);
  });

  it('attempts from the 16th on share the last one: memory stays constant', () => {
    const aggregate = new StatisticsAggregate();
    for (let number = 1; number <= 1000; number += 1) aggregate.attemptEnded(number, 1, 'transient');
    const { retryPatterns, totalAttempts } = aggregate.snapshot();
    expect(retryPatterns).toHaveLength(16);
    expect(retryPatterns.at(-1)).toMatchObject({ attemptNumber: 16, count: 985 });
    expect(totalAttempts).toBe(1000);
  });
});

describe('reset', () => {
  it('forgets everything', () => {
    const aggregate = mixed();
    aggregate.reset();
    expect(aggregate.snapshot()).toEqual(nothing);
  });

  it('in the middle of an operation leaves no gap where its first attempts were', () => {
    const aggregate = new StatisticsAggregate();
    aggregate.attemptEnded(1, 10, 'transient');
    aggregate.reset();
    aggregate.attemptEnded(2, 20, undefined);
    aggregate.operationEnded('success', 2, 30);
    expect([...aggregate.snapshot().retryPatterns]).toMatchObject([
      { attemptNumber: 1, count: 0, successRate: 0, averageResponseTime: 0 },
      { attemptNumber: 2, count: 1, successRate: 1, averageResponseTime: 20 },
    ]);
  });

  it('a snapshot that was taken before stays as it is', () => {
    const aggregate = mixed();
    const snapshot = aggregate.snapshot();
    const copy = structuredClone(snapshot);
    aggregate.attemptEnded(1, 1, 'timeout');
    aggregate.operationEnded('timeout', 1, 0);
    aggregate.reset();
    expect(snapshot).toEqual(copy);
  });
});
