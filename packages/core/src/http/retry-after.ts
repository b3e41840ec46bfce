/** The Retry-After header (RFC 9110 section 10.2.3). */

import { parseHttpDate } from './http-date.ts';

const DIGITS = /^[0-9]+$/;
const OUTER_SPACE = /^[ \t]+|[ \t]+$/g;

/**
 * Reads a Retry-After value as ms from now: whole seconds, or any of the three forms of an HTTP date. A date in the
 * past is 0. `undefined` for anything else: signs, fractions, two values, an empty string.
 *
 * @param now epoch ms; the response's own `Date` where it has one, so that the server's clock does not matter.
 *
 * @example
 * parseRetryAfter('120', Date.now()); // 120000
 * parseRetryAfter('soon', Date.now()); // undefined
 */
export function parseRetryAfter(value: string, now: number): number | undefined {
  const trimmed = value.replace(OUTER_SPACE, '');
  if (DIGITS.test(trimmed)) return finite(Number(trimmed) * 1000);
  const date = parseHttpDate(trimmed, now);
  return date === undefined ? undefined : Math.max(0, date - now);
}

/** Reads a header of whole ms, such as `Retry-After-Ms`. */
export function parseMilliseconds(value: string): number | undefined {
  const trimmed = value.replace(OUTER_SPACE, '');
  return DIGITS.test(trimmed) ? finite(Number(trimmed)) : undefined;
}

/** What a server sends may have any number of digits, and is no reason for an `Infinity`. */
export function finite(value: number): number {
  return Math.min(value, Number.MAX_SAFE_INTEGER);
}
