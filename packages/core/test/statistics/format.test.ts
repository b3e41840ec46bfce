import { describe, expect, it } from 'vitest';

import type { AttemptRecord, RequestStatistics } from '../../src/record.ts';
import { formatStatistics } from '../../src/statistics/format.ts';

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
