import { describe, expect, it } from 'vitest';

import { OperationSums } from '../../src/statistics/operation-sums.ts';
import { summarize } from '../../src/statistics/snapshot.ts';

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
const mixed = (sums: OperationSums = new OperationSums()): OperationSums => {
  sums.attemptEnded(1, 10, undefined);
  sums.operationEnded('success', 1, 0);
  sums.attemptEnded(1, 20, 'transient');
  sums.attemptEnded(2, 30, undefined);
  sums.operationEnded('success', 2, 130);
  sums.attemptEnded(1, 40, 'connection');
  sums.attemptEnded(2, 50, 'transport');
  sums.attemptEnded(3, 60, 'throttled');
  sums.operationEnded('retry_exhausted', 3, 410);
  sums.attemptEnded(1, 70, 'permanent');
  sums.operationEnded('non_retryable_error', 1, 0);
  return sums;
};

describe('the sums over operations', () => {
  it('is all 0 before anything has ended: no division by 0', () => {
    expect(summarize(new OperationSums())).toEqual(nothing);
  });

  it('counts operations and attempts, and gives their rates', () => {
    expect(summarize(mixed())).toMatchObject({
      totalOperations: 4,
      totalAttempts: 7,
      successRate: 0.5,
      retryExhaustedRate: 0.25,
      averageAttemptsPerOperation: 1.75,
    });
  });

  it('counts each result and each failure class', () => {
    const { failureClasses, results } = summarize(mixed());
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
    const { averageRetryTime, performanceImpact } = summarize(mixed());
    expect(performanceImpact).toEqual({ totalRetryOverhead: 540, averageOverheadPerOperation: 135 });
    // Of the two that were retried.
    expect(averageRetryTime).toBe(270);
  });

  it('an operation that was aborted in its first wait has an overhead, but was not retried', () => {
    const sums = new OperationSums();
    sums.attemptEnded(1, 10, 'transient');
    sums.operationEnded('aborted', 1, 60);
    sums.attemptEnded(1, 10, 'transient');
    sums.attemptEnded(2, 10, undefined);
    sums.operationEnded('success', 2, 110);
    const { averageRetryTime, performanceImpact } = summarize(sums);
    expect(averageRetryTime).toBe(110);
    expect(performanceImpact.totalRetryOverhead).toBe(170);
  });
});

describe('the pattern of each attempt number', () => {
  it('has count, success rate and average response time', () => {
    const patterns = summarize(mixed()).retryPatterns;
    expect(patterns).toMatchObject([
      { attemptNumber: 1, count: 4, successRate: 0.25, averageResponseTime: 35 },
      { attemptNumber: 2, count: 2, successRate: 0.5, averageResponseTime: 40 },
      { attemptNumber: 3, count: 1, successRate: 0, averageResponseTime: 60 },
    ]);
  });

  it('has the quantiles of the response time within 1 %', () => {
    const sums = new OperationSums();
    for (let time = 1; time <= 1000; time += 1) sums.attemptEnded(1, time, undefined);
    const pattern = summarize(sums).retryPatterns[0];
    expect(Math.abs((pattern?.p50ResponseTime ?? NaN) - 500)).toBeLessThan(6);
    expect(Math.abs((pattern?.p95ResponseTime ?? NaN) - 950)).toBeLessThan(11);
    expect(Math.abs((pattern?.p99ResponseTime ?? NaN) - 990)).toBeLessThan(11);
  });

  it('attempts from the 16th on share the last one: memory stays constant', () => {
    const sums = new OperationSums();
    for (let number = 1; number <= 1000; number += 1) sums.attemptEnded(number, 1, 'transient');
    const { retryPatterns, totalAttempts } = summarize(sums);
    expect(retryPatterns).toHaveLength(16);
    expect(retryPatterns.at(-1)).toMatchObject({ attemptNumber: 16, count: 985 });
    expect(totalAttempts).toBe(1000);
  });
});

describe('sums of sums', () => {
  it('are what one would have counted that saw it all', () => {
    const both = mixed();
    both.add(mixed());
    const once = mixed(mixed());
    expect(summarize(both)).toEqual(summarize(once));
  });

  it('leave what is added as it was', () => {
    const part = mixed();
    new OperationSums().add(part);
    expect(summarize(part)).toEqual(summarize(mixed()));
  });

  it('have no gap where first attempts ended before the count began', () => {
    const sums = new OperationSums();
    sums.attemptEnded(2, 20, undefined);
    sums.operationEnded('success', 2, 30);
    const all = new OperationSums();
    all.add(sums);
    expect([...summarize(all).retryPatterns]).toMatchObject([
      { attemptNumber: 1, count: 0, successRate: 0, averageResponseTime: 0 },
      { attemptNumber: 2, count: 1, successRate: 1, averageResponseTime: 20 },
    ]);
  });
});
