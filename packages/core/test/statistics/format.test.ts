import { describe, expect, it } from 'vitest';

import type { AttemptRecord, RequestStatistics } from '../../src/record.ts';
import { StatisticsAggregate } from '../../src/statistics/aggregate.ts';
import { RecentSums } from '../../src/statistics/recent-sums.ts';
import { manualClock } from '../guards/manual-clock.ts';
import { formatSnapshot, formatStatistics } from '../../src/statistics/format.ts';

const START = Date.UTC(2020, 0, 1);
const record = (fields: Partial<AttemptRecord>): AttemptRecord => ({
  attemptNumber: 1,
  delayBefore: 0,
  startTime: START,
  endTime: START + 12,
  responseTime: 12,
  success: true,
  hedged: false,
  reason: 'success',
  ...fields,
});
const statistics = (fields: Partial<RequestStatistics>): RequestStatistics => ({
  id: 'op-1',
  key: 'https://api.example.com',
  result: 'success',
  reason: 'success',
  attempts: [record({ status: 200 })],
  totalTime: 12,
  totalDelay: 0,
  ...fields,
});

describe('statistics for people', () => {
  it('one line for the operation, one for its only attempt', () => {
    expect(formatStatistics(statistics({}))).toBe(
      [
        'op-1 https://api.example.com: success after 1 attempt in 12 ms',
        '  #1  +0 ms     200  12 ms  success',
      ].join('\n'),
    );
  });

  it('a retried operation says how long it waited, and why each retry followed', () => {
    const attempts = [
      record({ success: false, status: 503, failureClass: 'throttled', reason: 'throttled', hint: 1000 }),
      record({ attemptNumber: 2, startTime: START + 1099.4, responseTime: 18.6, status: 200 }),
    ];
    const text = formatStatistics(statistics({ attempts, totalTime: 1118, totalDelay: 1087.4 }));
    expect(text).toBe(
      [
        'op-1 https://api.example.com: success after 2 attempts in 1,118 ms, 1,087 ms of it waiting',
        '  #1  +0 ms     503  12 ms  throttled: throttled, server asks for 1,000 ms',
        '  #2  +1,099 ms 200  19 ms  success',
      ].join('\n'),
    );
  });

  it('a failure says its result and reason', () => {
    const text = formatStatistics(statistics({ result: 'retry_exhausted', reason: 'attempts_exhausted' }));
    expect(text).toContain('retry_exhausted (attempts_exhausted) after 1 attempt');
  });

  it.each([
    ['its code', { name: 'TypeError', message: 'fetch failed', code: 'ECONNREFUSED' }, 'ECONNREFUSED'],
    ['its name without a code', { name: 'TypeError', message: 'fetch failed' }, 'TypeError'],
  ])('an error is shown by %s', (_, error, shown) => {
    const failed = record({ success: false, error, failureClass: 'transport', reason: 'attempts_exhausted' });
    expect(formatStatistics(statistics({ attempts: [failed] }))).toContain(
      `  #1  +0 ms     ${shown}  12 ms  transport: attempts_exhausted`,
    );
  });

  it('an operation without a key, or one that ended before its first attempt', () => {
    const none = {
      key: '',
      attempts: [],
      result: 'aborted',
      reason: 'caller_aborted',
      totalTime: 0,
    } as const;
    expect(formatStatistics(statistics(none))).toBe(
      'op-1: aborted (caller_aborted) after 0 attempts in 0 ms',
    );
  });

  it('large times are grouped the same in every locale', () => {
    expect(formatStatistics(statistics({ totalTime: 1_234_567.8 }))).toContain('in 1,234,568 ms');
  });
});

describe('a snapshot for people', () => {
  const clock = manualClock();
  const aggregate = new StatisticsAggregate(clock);
  const [healthy, failing] = [
    { key: 'https://healthy.example', sums: new RecentSums() },
    { key: '', sums: new RecentSums() },
  ];
  for (let count = 0; count < 1200; count += 1) {
    const { sums } = count < 1000 ? healthy : failing;
    sums.attemptEnded(1, 10, count < 1150 ? undefined : 'transient', 0);
    if (count >= 1150) sums.attemptEnded(2, 20, count < 1190 ? undefined : 'timeout', 0);
    sums.operationEnded(
      count < 1190 ? 'success' : 'retry_exhausted',
      count < 1150 ? 1 : 2,
      count < 1150 ? 0 : 50,
      0,
    );
  }
  clock.time = 61_000;
  healthy.sums.attemptEnded(1, 10, undefined, 61_000);
  healthy.sums.operationEnded('success', 1, 0, 61_000);

  it('says what happened, what it cost, how each attempt fared, lately, and who fails', () => {
    expect(formatSnapshot(aggregate.snapshot([healthy, failing]))).toBe(
      [
        '1,201 operations, 99.2 % succeeded, 1.04 attempts each, 2,500 ms spent on retries',
        '  recovered 40 operations by a later attempt',
        '  results   success 1,191, retry_exhausted 10',
        '  failures  timeout 10, transient 50',
        '  #1   1,201 attempts, 95.8 % succeeded, p50 10 ms, p95 10 ms, p99 10 ms',
        '  #2   50 attempts, 80.0 % succeeded, p50 20 ms, p95 20 ms, p99 20 ms',
        '  last 51 s: 1 operation, 100.0 % succeeded, 1.00 attempts each, 0 ms spent on retries',
        '  (no destination): 200 operations, 95.0 % succeeded, 1.25 attempts each, 2,500 ms spent on retries',
        '  https://healthy.example: 1,001 operations, 100.0 % succeeded, 1.00 attempts each, 0 ms spent on retries',
      ].join('\n'),
    );
  });

  it('is a line when nothing has happened yet', () => {
    expect(formatSnapshot(new StatisticsAggregate(clock).snapshot([]))).toBe(
      '0 operations, 0.0 % succeeded, 0.00 attempts each, 0 ms spent on retries',
    );
  });
});
