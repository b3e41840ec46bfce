/** The server's hints: how long it asks a client to wait. */

import type { HeaderReader } from '../outcome.ts';
import { parseHttpDate } from './http-date.ts';
import { parseMilliseconds, parseRetryAfter } from './retry-after.ts';

/** In the order in which they are believed: the precise ones first. */
const MILLISECOND_HEADERS = ['retry-after-ms', 'x-ms-retry-after-ms', 'x-amz-retry-after'];
const RESET_HEADERS = [
  ['ratelimit-reset', 'ratelimit-remaining'],
  ['x-ratelimit-reset', 'x-ratelimit-remaining'],
] as const;
const UNSIGNED_NUMBER = /^[0-9]+(?:\.[0-9]+)?$/;
/** About three years in seconds: a reset that far ahead is a date. */
const LARGEST_RELATIVE_SECONDS = 1e8;
/** Year 5138 in seconds: an epoch that large is in ms. */
const LARGEST_EPOCH_SECONDS = 1e11;

/**
 * Reads how long the server asks to wait, in ms: `Retry-After-Ms`, `X-Ms-Retry-After-Ms`, `X-Amz-Retry-After`,
 * `Retry-After`, `RateLimit`, `RateLimit-Reset`, `X-RateLimit-Reset`, the first that can be read. A malformed one is
 * ignored.
 *
 * @param now epoch ms; the response's own `Date` is used instead where it has one.
 */
export function readHint(headers: HeaderReader, now: number): number | undefined {
  for (const name of MILLISECOND_HEADERS) {
    const value = headers.get(name);
    const hint = value ? parseMilliseconds(value) : undefined;
    if (hint !== undefined) return hint;
  }
  const date = headers.get('date');
  const serverNow = (date ? parseHttpDate(date, now) : undefined) ?? now;
  const retryAfter = headers.get('retry-after');
  return (
    (retryAfter ? parseRetryAfter(retryAfter, serverNow) : undefined) ??
    readRateLimit(headers.get('ratelimit')) ??
    readReset(headers, serverNow)
  );
}

/** Whether a response carries a Retry-After that can be read. */
export function hasRetryAfter(headers: HeaderReader): boolean {
  const value = headers.get('retry-after');
  return Boolean(value) && parseRetryAfter(value as string, 0) !== undefined;
}

/** `RateLimit: "default";r=0;t=30`: the longest reset among the quotas that are used up. */
function readRateLimit(value: string | null | undefined): number | undefined {
  if (!value) return undefined;
  let longest: number | undefined;
  for (const item of value.replace(/"(?:[^"\\]|\\.)*"/g, '').split(',')) {
    const remaining = /;[ \t]*r=([0-9]+)[ \t]*(?:;|$)/.exec(item)?.[1];
    const reset = /;[ \t]*t=([0-9]+)[ \t]*(?:;|$)/.exec(item)?.[1];
    if (remaining === undefined || reset === undefined || Number(remaining) > 0) continue;
    longest = Math.max(longest ?? 0, Math.min(Number(reset) * 1000, Number.MAX_SAFE_INTEGER));
  }
  return longest;
}

/** Some servers send the reset with every response: it is a hint only when nothing remains until then. */
function readReset(headers: HeaderReader, now: number): number | undefined {
  for (const [resetName, remainingName] of RESET_HEADERS) {
    const value = headers.get(resetName)?.trim();
    if (!value || !UNSIGNED_NUMBER.test(value)) continue;
    const remaining = headers.get(remainingName)?.trim();
    if (remaining && Number(remaining) > 0) continue;
    const reset = Number(value);
    if (reset < LARGEST_RELATIVE_SECONDS) return reset * 1000;
    const epoch = reset < LARGEST_EPOCH_SECONDS ? reset * 1000 : reset;
    return Math.min(Math.max(0, epoch - now), Number.MAX_SAFE_INTEGER);
  }
  return undefined;
}
