import { describe, expect, it } from 'vitest';

import { parseHttpDate } from '../../src/http/http-date.ts';

const NOW = Date.UTC(2019, 5, 3, 11);
const HALF_PAST = Date.UTC(2019, 5, 3, 11, 30, 12);

describe('the forms of an HTTP date', () => {
  it.each([
    ['IMF-fixdate', 'Mon, 03 Jun 2019 11:30:12 GMT', HALF_PAST],
    ['IMF-fixdate with a one-digit day', 'Mon, 3 Jun 2019 11:30:12 GMT', HALF_PAST],
    ['IMF-fixdate in UTC', 'Mon, 03 Jun 2019 11:30:12 UTC', HALF_PAST],
    ['RFC 850', 'Monday, 03-Jun-19 11:30:12 GMT', HALF_PAST],
    ['asctime', 'Mon Jun  3 11:30:12 2019', HALF_PAST],
    ['asctime with a two-digit day', 'Thu Jun 13 11:30:12 2019', Date.UTC(2019, 5, 13, 11, 30, 12)],
    ['a leap day', 'Sat, 29 Feb 2020 00:00:00 GMT', Date.UTC(2020, 1, 29)],
    ['a leap second', 'Sat, 31 Dec 2016 23:59:60 GMT', Date.UTC(2017, 0, 1)],
    ['a year before 100', 'Mon, 01 Jan 0001 00:00:00 GMT', -62_135_596_800_000],
  ])('%s', (_, value, epoch) => {
    expect(parseHttpDate(value, NOW)).toBe(epoch);
  });

  it.each(
    ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'].map(
      (name, index) => [name, index] as const,
    ),
  )('%s is month %d', (name, index) => {
    expect(parseHttpDate(`Mon, 01 ${name} 2019 00:00:00 GMT`, NOW)).toBe(Date.UTC(2019, index, 1));
  });
});

describe('the two-digit year of RFC 850', () => {
  it.each([
    ['of this year', '19', 2019],
    ['of the last year', '18', 2018],
    ['50 years ahead', '69', 2069],
    ['more than 50 years ahead belongs to the past century', '70', 1970],
    ['99 belongs to the past century', '99', 1999],
    ['00 belongs to this century', '00', 2000],
  ])('%s', (_, digits, year) => {
    expect(parseHttpDate(`Monday, 01-Jan-${digits} 00:00:00 GMT`, NOW)).toBe(Date.UTC(year, 0, 1));
  });
});

describe('what is no HTTP date', () => {
  it.each([
    ['a day that the month has not', 'Mon, 31 Jun 2019 11:30:12 GMT'],
    ['29 February of a common year', 'Fri, 29 Feb 2019 11:30:12 GMT'],
    ['day 0', 'Mon, 00 Jun 2019 11:30:12 GMT'],
    ['hour 24', 'Mon, 03 Jun 2019 24:00:00 GMT'],
    ['minute 60', 'Mon, 03 Jun 2019 11:60:12 GMT'],
    ['second 61', 'Mon, 03 Jun 2019 11:30:61 GMT'],
    ['an unknown month', 'Mon, 03 Jux 2019 11:30:12 GMT'],
    ['an unknown day of the week', 'Xyz, 03 Jun 2019 11:30:12 GMT'],
    ['lower case', 'mon, 03 jun 2019 11:30:12 gmt'],
    ['another zone', 'Mon, 03 Jun 2019 11:30:12 PST'],
    ['an offset', 'Mon, 03 Jun 2019 11:30:12 +0300'],
    ['no zone', 'Mon, 03 Jun 2019 11:30:12'],
    ['ISO 8601', '2019-06-03T11:30:12Z'],
    ['text after it', 'Mon, 03 Jun 2019 11:30:12 GMT.'],
    ['text before it', 'at Mon, 03 Jun 2019 11:30:12 GMT'],
    ['asctime with a zone', 'Mon Jun  3 11:30:12 2019 GMT'],
    ['an empty string', ''],
  ])('%s', (_, value) => {
    expect(parseHttpDate(value, NOW)).toBeUndefined();
  });
});
