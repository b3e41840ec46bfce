import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { hasRetryAfter, readHint } from '../../src/http/hint.ts';
import { CASES } from '../backoff/arbitraries.ts';
import { headersOf } from './outcomes.ts';

const NOW = Date.UTC(2019, 5, 3, 11);
const SECONDS = NOW / 1000;
const read = (headers: Record<string, string>): number | undefined => readHint(headersOf(headers), NOW);

describe('the hints are read in their order: the first that can be read counts', () => {
  const inOrder: readonly (readonly [name: string, value: string, milliseconds: number])[] = [
    ['Retry-After-Ms', '1', 1],
    ['X-Ms-Retry-After-Ms', '2', 2],
    ['X-Amz-Retry-After', '3', 3],
    ['Retry-After', '4', 4000],
    ['RateLimit', '"default";r=0;t=5', 5000],
    ['RateLimit-Reset', '6', 6000],
    ['X-RateLimit-Reset', '7', 7000],
  ];

  it.each(inOrder.map((row, index) => [row[0], index] as const))(
    '%s comes before those after it',
    (_, index) => {
      const rest = inOrder.slice(index);
      expect(read(Object.fromEntries(rest))).toBe(rest[0]?.[2]);
    },
  );

  it.each(inOrder.slice(0, -1).map((row, index) => [row[0], index] as const))(
    'a malformed %s is passed over',
    (name, index) => {
      const rest = Object.fromEntries(inOrder.slice(index));
      expect(read({ ...rest, [name]: 'soon' })).toBe(inOrder[index + 1]?.[2]);
    },
  );

  it('a hint of 0 is one', () => {
    expect(read({ 'Retry-After-Ms': '0', 'Retry-After': '4' })).toBe(0);
    expect(read({ 'Retry-After': '0', 'RateLimit-Reset': '6' })).toBe(0);
  });

  it('no header, no hint', () => {
    expect(read({})).toBeUndefined();
  });
});

describe.each(['Retry-After-Ms', 'X-Ms-Retry-After-Ms', 'X-Amz-Retry-After'])('%s: whole ms', (name) => {
  it.each([
    ['1500', 1500],
    [' 20 ', 20],
    ['9'.repeat(400), Number.MAX_SAFE_INTEGER],
  ])('%j', (value, wait) => {
    expect(read({ [name]: value })).toBe(wait);
  });

  it.each(['-100', '1.5', '1e3', '', 'invalid', '5, 6', 'Mon, 03 Jun 2019 11:30:12 GMT'])(
    'EDGE 7: %j is ignored',
    (value) => {
      expect(read({ [name]: value })).toBeUndefined();
    },
  );
});

describe("Retry-After against the response's own Date", () => {
  const inTenSeconds = 'Mon, 03 Jun 2019 11:00:10 GMT';

  it.each([
    ['without a Date, our own clock counts', undefined, 10_000],
    ['a server whose clock is right', 'Mon, 03 Jun 2019 11:00:00 GMT', 10_000],
    ['a server whose clock is behind ours', 'Mon, 03 Jun 2019 10:59:40 GMT', 30_000],
    ['a server whose clock is ahead of ours', 'Mon, 03 Jun 2019 11:00:09 GMT', 1000],
    ['a Date after the Retry-After', 'Mon, 03 Jun 2019 11:00:20 GMT', 0],
    ['a malformed Date is ignored', 'today', 10_000],
    ['a Date in the asctime form', 'Mon Jun  3 11:00:05 2019', 5000],
  ])('EDGE 8: %s', (_, date, wait) => {
    expect(read({ 'Retry-After': inTenSeconds, ...(date !== undefined && { Date: date }) })).toBe(wait);
  });

  it('EDGE 8: our clock may be years off', () => {
    const headers = headersOf({ 'Retry-After': inTenSeconds, Date: 'Mon, 03 Jun 2019 11:00:00 GMT' });
    expect(readHint(headers, 0)).toBe(10_000);
    expect(readHint(headers, Date.UTC(2050, 0))).toBe(10_000);
  });

  it('seconds need no Date', () => {
    expect(read({ 'Retry-After': '10', Date: 'Mon, 03 Jun 2010 11:00:00 GMT' })).toBe(10_000);
  });
});

describe('RateLimit', () => {
  it.each([
    ['a quota that is used up', '"default";r=0;t=30', 30_000],
    ['its parameters in another order', '"default";t=30;r=0', 30_000],
    ['parameters of no name', 'r=0;t=30', 30_000],
    ['parameters of no name among others', '"burst";r=0;t=5, t=60;r=0', 60_000],
    ['blanks around its parameters', '"default" ; r=0 ; t=30', 30_000],
    ['the longest of several quotas that are used up', '"burst";r=0;t=5, "daily";r=0;t=60', 60_000],
    ['the longest, whichever is named first', '"daily";r=0;t=60, "burst";r=0;t=5', 60_000],
    ['only those that are used up', '"burst";r=0;t=5, "daily";r=10;t=60', 5000],
    ['a name that looks like parameters', '"a;r=0;t=9,b";r=0;t=2', 2000],
    ['a reset of 0', '"default";r=0;t=0', 0],
    ['a reset of very many digits', `"default";r=0;t=${'9'.repeat(400)}`, Number.MAX_SAFE_INTEGER],
    ['something remains', '"default";r=1;t=30', undefined],
    ['no remaining', '"default";t=30', undefined],
    ['no reset', '"default";r=0', undefined],
    ['a negative reset', '"default";r=0;t=-30', undefined],
    ['a fractional reset', '"default";r=0;t=1.5', undefined],
    ['longer names of parameters', '"default";xr=0;xt=30', undefined],
    ['the older form', 'limit=100, remaining=0, reset=30', undefined],
    ['an empty string', '', undefined],
  ])('%s', (_, value, wait) => {
    expect(read({ RateLimit: value })).toBe(wait);
  });
});

describe.each([
  ['RateLimit-Reset', 'RateLimit-Remaining'],
  ['X-RateLimit-Reset', 'X-RateLimit-Remaining'],
])('%s', (name, remaining) => {
  it.each([
    ['seconds from now', '30', 30_000],
    ['a fraction of a second', '0.5', 500],
    ['0', '0', 0],
    ['epoch seconds', String(SECONDS + 30), 30_000],
    ['epoch seconds with a fraction', String(SECONDS + 30.5), 30_500],
    ['epoch ms', String(NOW + 30_000), 30_000],
    ['epoch seconds in the past', String(SECONDS - 30), 0],
    ['epoch ms in the past', String(NOW - 30_000), 0],
    ['very many digits', '9'.repeat(400), Number.MAX_SAFE_INTEGER],
  ])('%s', (_, value, wait) => {
    expect(read({ [name]: value })).toBe(wait);
  });

  it.each(['-1', '1e9', 'Infinity', '', 'soon', '1,2'])('EDGE 7: %j is ignored', (value) => {
    expect(read({ [name]: value })).toBeUndefined();
  });

  it('is no hint while something remains', () => {
    expect(read({ [name]: '30', [remaining]: '1' })).toBeUndefined();
    expect(read({ [name]: '30', [remaining]: '0' })).toBe(30_000);
  });

  it("an epoch is read against the response's own Date", () => {
    expect(read({ [name]: String(SECONDS + 30), Date: 'Mon, 03 Jun 2019 11:00:20 GMT' })).toBe(10_000);
  });
});

describe('whatever the headers hold', () => {
  const names = [
    'retry-after-ms',
    'x-amz-retry-after',
    'retry-after',
    'ratelimit',
    'x-ratelimit-reset',
    'date',
  ];

  it('a hint is a safe wait, or none', () => {
    const pieces = fc.constantFrom(
      ';',
      'r=0',
      't=',
      '"',
      '\\',
      ',',
      '9',
      '-',
      '.',
      'Mon, 03 Jun 2019 11:30:12 GMT',
    );
    const values = fc.oneof(
      fc.string(),
      fc.array(pieces).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), values), (headers) => {
        const hint = readHint({ get: (name) => headers[name] }, NOW);
        expect(hint === undefined || (hint >= 0 && hint <= Number.MAX_SAFE_INTEGER)).toBe(true);
      }),
      CASES,
    );
  });
});

describe('hasRetryAfter', () => {
  it.each([
    ['2', true],
    ['0', true],
    ['Mon, 03 Jun 2019 11:30:12 GMT', true],
    ['soon', false],
    ['', false],
  ])('%j: %s', (value, has) => {
    expect(hasRetryAfter(headersOf({ 'Retry-After': value }))).toBe(has);
  });

  it('no other header counts', () => {
    expect(hasRetryAfter(headersOf({ 'Retry-After-Ms': '5', 'RateLimit-Reset': '5' }))).toBe(false);
  });
});
