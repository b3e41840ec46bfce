/** The server's hints: how long it asks a client to wait. */

import type { HeaderReader } from '../outcome.ts';
import { serverTime } from './http-date.ts';
import { rateLimits, resets } from './rate-limit.ts';
import { parseMilliseconds, parseRetryAfter } from './retry-after.ts';

/** In the order in which they are believed: the precise ones first. */
const MILLISECOND_HEADERS = ['retry-after-ms', 'x-ms-retry-after-ms', 'x-amz-retry-after'];

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
  const retryAfter = headers.get('retry-after');
  return (
    (retryAfter ? parseRetryAfter(retryAfter, serverTime(headers, now)) : undefined) ??
    readRateLimit(headers.get('ratelimit')) ??
    readUsedUp(headers, now)
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
  for (const { remaining, resetIn } of rateLimits(value)) {
    if (remaining === 0) longest = Math.max(longest ?? 0, resetIn);
  }
  return longest;
}

/** Some servers send the reset with every response: it is a hint only when nothing remains until then. */
function readUsedUp(headers: HeaderReader, now: number): number | undefined {
  for (const { remaining, resetIn } of resets(headers, now)) {
    if (!(Number(remaining) > 0)) return resetIn;
  }
  return undefined;
}
