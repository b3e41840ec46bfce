import { readFileSync } from 'node:fs';

import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { parseMilliseconds, parseRetryAfter } from '../../src/http/retry-after.ts';
import { CASES } from '../backoff/arbitraries.ts';

interface Vectors {
  readonly now: string;
  readonly cases: readonly (readonly [value: string, seconds: number | string])[];
  readonly run_in_timezones: readonly string[];
}

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/retry_after_parse.json', import.meta.url), 'utf8'),
) as Vectors;
const NOW = Date.parse(vectors.now);

/** What a vector expects, in ms. Where its sources disagree ("1.0"), the value is invalid. */
const expected = (seconds: number | string): number | undefined => {
  if (typeof seconds === 'number') return seconds * 1000;
  return seconds.startsWith('past') ? 0 : undefined;
};

describe.each(vectors.run_in_timezones)('Retry-After vectors of urllib3 and smithy, with TZ=%s', (zone) => {
  const before = process.env['TZ'];
  beforeAll(() => {
    process.env['TZ'] = zone;
  });
  afterAll(() => {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  });

  it('the zone is really another one', () => {
    expect(new Date(NOW).getTimezoneOffset()).toBe(zone === 'UTC' ? 0 : -180);
  });

  it.each(vectors.cases)('%j: %s', (value, seconds) => {
    expect(parseRetryAfter(value, NOW)).toBe(expected(seconds));
  });
});

describe('a Retry-After of seconds', () => {
  it.each([
    ['0', 0],
    ['00', 0],
    ['1', 1000],
    ['120', 120_000],
    ['  5', 5000],
    ['5\t', 5000],
    ['9999999', 9_999_999_000],
  ])('%j is %d ms', (value, milliseconds) => {
    expect(parseRetryAfter(value, NOW)).toBe(milliseconds);
  });

  it('has a largest value, however many digits', () => {
    expect(parseRetryAfter('9'.repeat(400), NOW)).toBe(Number.MAX_SAFE_INTEGER);
  });
});

describe('EDGE 7: a Retry-After that is no wait is ignored', () => {
  it.each([
    ['negative', '-1'],
    ['fractional', '1.5'],
    ['two values', '5, 10'],
    ['two dates', 'Mon, 03 Jun 2019 11:30:12 GMT, Mon, 03 Jun 2019 11:30:12 GMT'],
    ['an exponent', '1e308'],
    ['Infinity', 'Infinity'],
    ['NaN', 'NaN'],
    ['an empty string', ''],
    ['blanks', '   '],
    ['hexadecimal', '0x10'],
    ['a unit', '5s'],
    ['a line break', '\n5'],
    ['digits of another script', '٣'],
    ['an ISO date', '2019-06-03T11:30:12Z'],
    ['words', 'in a minute'],
  ])('%s', (_, value) => {
    expect(parseRetryAfter(value, NOW)).toBeUndefined();
  });
});

describe('EDGE 7: a Retry-After date', () => {
  it.each([
    ['in the past is 0', 'Sun, 02 Jun 2019 11:00:00 GMT', 0],
    ['of this moment is 0', 'Mon, 03 Jun 2019 11:00:00 GMT', 0],
    ['far ahead is a long wait', 'Fri, 31 Dec 9999 23:59:59 GMT', Date.UTC(9999, 11, 31, 23, 59, 59) - NOW],
  ])('%s', (_, value, milliseconds) => {
    expect(parseRetryAfter(value, NOW)).toBe(milliseconds);
  });
});

describe('whatever a header holds', () => {
  const hostile = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.double().map(String));

  it.each([
    ['parseRetryAfter', (value: string) => parseRetryAfter(value, NOW)],
    ['parseMilliseconds', parseMilliseconds],
  ])('%s gives a safe wait, or nothing', (_, parse) => {
    fc.assert(
      fc.property(hostile, (value) => {
        const wait = parse(value);
        expect(wait === undefined || (wait >= 0 && wait <= Number.MAX_SAFE_INTEGER)).toBe(true);
      }),
      CASES,
    );
  });

  it('every whole number of seconds is read', () => {
    fc.assert(
      fc.property(fc.nat(), (seconds) => {
        expect(parseRetryAfter(String(seconds), NOW)).toBe(seconds * 1000);
      }),
      CASES,
    );
  });

  it('every moment, written as an HTTP date, is read back', () => {
    const moments = fc.integer({ min: 0, max: Date.UTC(9999, 0) / 1000 });
    fc.assert(
      fc.property(moments, (seconds) => {
        const date = new Date(seconds * 1000).toUTCString();
        expect(parseRetryAfter(date, NOW)).toBe(Math.max(0, seconds * 1000 - NOW));
      }),
      CASES,
    );
  });
});
