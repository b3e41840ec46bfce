/** HTTP dates, strictly: `Date.parse` takes too much, and reads the asctime form in the local time zone. */

import type { HeaderReader } from '../outcome.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const TIME = '(\\d{2}):(\\d{2}):(\\d{2})';
const MONTH = `(${MONTHS.join('|')})`;

/** `Mon, 03 Jun 2019 11:30:12 GMT`; a one-digit day and UTC are seen in the wild. */
const IMF_FIXDATE = new RegExp(
  `^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\\d{1,2}) ${MONTH} (\\d{4}) ${TIME} (?:GMT|UTC)$`,
);
/** `Monday, 03-Jun-19 11:30:12 GMT` */
const RFC_850 = new RegExp(
  `^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (\\d{2})-${MONTH}-(\\d{2}) ${TIME} (?:GMT|UTC)$`,
);
/** `Mon Jun  3 11:30:12 2019` */
const ASCTIME = new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${MONTH} ([ \\d]\\d) ${TIME} (\\d{4})$`);

/**
 * Reads any of the three forms of an HTTP date (RFC 9110 section 5.6.7) as epoch ms; `undefined` for anything else.
 *
 * @param now epoch ms: a two-digit year more than 50 years ahead of it belongs to the past century.
 *
 * @example
 * parseHttpDate('Mon, 03 Jun 2019 11:30:12 GMT', Date.now()); // 1559561412000
 */
export function parseHttpDate(value: string, now: number): number | undefined {
  let match = IMF_FIXDATE.exec(value);
  if (match) return utc(match[3], match[2], match[1], match.slice(4));
  match = ASCTIME.exec(value);
  if (match) return utc(match[6], match[1], match[2], match.slice(3));
  match = RFC_850.exec(value);
  if (match) return utc(fullYear(Number(match[3]), now), match[2], match[1], match.slice(4));
  return undefined;
}

function fullYear(twoDigits: number, now: number): number {
  const thisYear = new Date(now).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + twoDigits;
  return year > thisYear + 50 ? year - 100 : year;
}

function utc(
  year: string | number | undefined,
  month: string | undefined,
  day: string | undefined,
  time: string[],
): number | undefined {
  const monthIndex = MONTHS.indexOf(month ?? '');
  const [hours, minutes, seconds] = time.map(Number) as [number, number, number];
  if (hours > 23 || minutes > 59 || seconds > 60) return undefined;
  const midnight = new Date(0);
  // Not Date.UTC: it takes the years 0 to 99 for 1900 to 1999.
  midnight.setUTCFullYear(Number(year), monthIndex, Number(day));
  // The 31st of a shorter month would roll over into the next one.
  if (midnight.getUTCMonth() !== monthIndex) return undefined;
  return midnight.getTime() + ((hours * 60 + minutes) * 60 + seconds) * 1000;
}

/**
 * When the server answered, by its own clock, in epoch ms: the dates that it names are to be read against that.
 *
 * @param now epoch ms of ours, for a response without a Date that can be read
 */
export function serverTime(headers: HeaderReader, now: number): number {
  const date = headers.get('date');
  return (date ? parseHttpDate(date, now) : undefined) ?? now;
}
