import { describe, expect, it } from 'vitest';

import { readQuota } from '../../src/http/rate-limit.ts';
import type { Quota } from '../../src/http/rate-limit.ts';
import { headersOf } from './outcomes.ts';

const NOW = Date.UTC(2026, 0, 1);
const SECONDS = NOW / 1000;
const read = (headers: Record<string, string>): Quota | undefined => readQuota(headersOf(headers), NOW);

describe('RateLimit', () => {
  it.each([
    ['"default";r=50;t=30', 50, 30_000],
    ['default;r=50;t=30', 50, 30_000],
    ['"default"; t=30 ;\tr=50', 50, 30_000],
    ['r=50;t=30', 50, 30_000],
    [' t=30;r=50', 50, 30_000],
    ['"default";r=0;t=0', 0, 0],
    ['"default";r=5;t=1;pk=:cHJpdmF0ZQ==:', 5, 1000],
    ['"a;r=1;t=1,b";r=7;t=2', 7, 2000],
    ['"with \\" quote;r=1;t=1";r=7;t=2', 7, 2000],
    ['"default";r=1;t=99999999999999999999', 1, Number.MAX_SAFE_INTEGER],
  ])('%j', (value, remaining, resetIn) => {
    expect(read({ RateLimit: value })).toEqual({ remaining, resetIn });
  });

  it.each([
    '',
    'soon',
    '"default"',
    '"default";r=5',
    '"default";t=5',
    '"default";r=-1;t=5',
    '"default";r=1.5;t=5',
    '"default";r=5;t=-5',
    '"default";r="5";t=5',
    '"default";r=?1;t=5',
    '"default";rr=5;tt=5',
    '"r=5;t=5"',
    'r=5, t=5',
    'limit=10, remaining=5, reset=5',
  ])('malformed: %j is ignored', (value) => {
    expect(read({ RateLimit: value })).toBeUndefined();
  });

  it.each([
    ['"minute";r=50;t=60, "day";r=1000;t=3600', { remaining: 1000, resetIn: 3_600_000 }],
    ['"day";r=1000;t=3600, "minute";r=5;t=60', { remaining: 5, resetIn: 60_000 }],
    ['"day";r=1000;t=3600, "minute";r=0;t=60', { remaining: 0, resetIn: 60_000 }],
    ['"minute";r=5;t=60, "day";r=1000;t=3600', { remaining: 5, resetIn: 60_000 }],
    ['"broken";r=x;t=1, "day";r=3;t=10', { remaining: 3, resetIn: 10_000 }],
    ['"over";r=5;t=0, "day";r=10;t=1', { remaining: 10, resetIn: 1000 }],
  ])('of several quotas the one that runs out first counts: %j', (value, quota) => {
    expect(read({ RateLimit: value })).toEqual(quota);
  });

  it.each([
    ['"second";r=0;t=1, "day";r=0;t=60', 60_000],
    ['"day";r=0;t=60, "second";r=0;t=1', 60_000],
    ['"over";r=0;t=0, "day";r=0;t=60', 60_000],
  ])('of several that are used up the one that lasts longest counts: %j', (value, resetIn) => {
    expect(read({ RateLimit: value })).toEqual({ remaining: 0, resetIn });
  });

  it.each([1, 16, 300, 309, 400])('a quota is finite numbers, with %d digits too', (digits) => {
    const number = '9'.repeat(digits);
    for (const quota of [
      read({ RateLimit: `"a";r=${number};t=${number}` }),
      read({ 'RateLimit-Remaining': number, 'RateLimit-Reset': number }),
    ]) {
      expect(Number.isFinite(quota?.remaining ?? 0)).toBe(true);
      expect(Number.isFinite(quota?.resetIn ?? 0)).toBe(true);
    }
  });
});

describe.each(['RateLimit', 'X-RateLimit'])('%s-Remaining and -Reset', (prefix) => {
  const pair = (remaining: string, reset: string): Record<string, string> => ({
    [`${prefix}-Remaining`]: remaining,
    [`${prefix}-Reset`]: reset,
  });

  it.each([
    ['5', '30', 5, 30_000],
    ['0', '0', 0, 0],
    [' 5 ', ' 1.5 ', 5, 1500],
    ['5', `${SECONDS + 20}`, 5, 20_000],
    ['5', `${NOW + 20_500}`, 5, 20_500],
    ['5', `${SECONDS - 20}`, 5, 0],
    ['5', '99999999', 5, 99_999_999_000],
  ])('%s until %s', (remaining, reset, left, resetIn) => {
    expect(read(pair(remaining, reset))).toEqual({ remaining: left, resetIn });
  });

  it.each([
    ['-1', '30'],
    ['1.5', '30'],
    ['many', '30'],
    ['', '30'],
    ['5, 4', '30'],
    ['5', '-30'],
    ['5', 'soon'],
    ['5', ''],
    ['5', 'Thu, 01 Jan 2026 00:00:10 GMT'],
  ])('malformed: %j until %j is ignored', (remaining, reset) => {
    expect(read(pair(remaining, reset))).toBeUndefined();
  });

  it("until a date: that counts against the response's own Date, for our clock may be wrong", () => {
    const headers = headersOf({ ...pair('0', `${SECONDS + 10}`), Date: new Date(NOW).toUTCString() });
    for (const ours of [NOW - 3_600_000, NOW + 3_600_000]) {
      expect(readQuota(headers, ours)).toEqual({ remaining: 0, resetIn: 10_000 });
    }
  });

  it.each(['Remaining', 'Reset'])('%s alone says nothing', (name) => {
    expect(read({ [`${prefix}-${name}`]: '5' })).toBeUndefined();
  });
});

describe('several forms', () => {
  const all: Record<string, string> = {
    RateLimit: '"default";r=1;t=1',
    'RateLimit-Remaining': '2',
    'RateLimit-Reset': '2',
    'X-RateLimit-Remaining': '3',
    'X-RateLimit-Reset': '3',
  };

  it.each([
    ['RateLimit comes first', {}, 1],
    ['then the pair without X-', { RateLimit: 'malformed' }, 2],
    ['then the pair with it', { RateLimit: 'malformed', 'RateLimit-Remaining': 'malformed' }, 3],
    [
      'halves of two pairs are no pair',
      { RateLimit: '', 'RateLimit-Reset': '', 'X-RateLimit-Remaining': '' },
      0,
    ],
  ])('%s', (_, replaced, remaining) => {
    expect(read({ ...all, ...replaced })?.remaining ?? 0).toBe(remaining);
  });

  it('no header, no quota', () => {
    expect(read({})).toBeUndefined();
    expect(readQuota({ get: () => null }, NOW)).toBeUndefined();
  });
});
