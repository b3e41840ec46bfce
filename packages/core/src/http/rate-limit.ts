/** The RateLimit headers: how many requests a server will still take, and until when. */

import type { HeaderReader } from '../outcome.ts';
import { serverTime } from './http-date.ts';
import { finite } from './retry-after.ts';

/** What a server says of its quota. */
export interface Quota {
  /** Requests that are left. */
  readonly remaining: number;
  /** ms until there are more. */
  readonly resetIn: number;
}

const UNSIGNED_NUMBER = /^[0-9]+(?:\.[0-9]+)?$/;
/** About three years in seconds: a reset that far ahead is a date. */
const LARGEST_RELATIVE_SECONDS = 1e8;
/** Year 5138 in seconds: an epoch that large is in ms. */
const LARGEST_EPOCH_SECONDS = 1e11;
const UNSIGNED_INTEGER = /^[0-9]+$/;
const PREFIXES = ['ratelimit', 'x-ratelimit'] as const;

/**
 * Reads `RateLimit: "default";r=50;t=30`, or `RateLimit-Remaining` and `RateLimit-Reset` with or without `X-`. Of
 * several quotas the one that runs out first counts. `undefined` where there is none, or it can't be read.
 *
 * @param now epoch ms, for resets that are dates; the response's own `Date` is used instead where it has one
 */
export function readQuota(headers: HeaderReader, now: number): Quota | undefined {
  const combined = headers.get('ratelimit');
  const tightest = combined ? tightestOf(combined) : undefined;
  if (tightest) return tightest;
  for (const { remaining, resetIn } of resets(headers, now)) {
    if (remaining && UNSIGNED_INTEGER.test(remaining))
      return { remaining: finite(Number(remaining)), resetIn };
  }
  return undefined;
}

/** What `RateLimit-Reset` and `X-RateLimit-Reset` say, each with the `-Remaining` beside it as it stands there. */
export function* resets(
  headers: HeaderReader,
  now: number,
): Generator<{ readonly resetIn: number; readonly remaining: string | undefined }> {
  for (const prefix of PREFIXES) {
    const reset = headers.get(`${prefix}-reset`)?.trim();
    const resetIn = reset ? readReset(reset, headers, now) : undefined;
    if (resetIn !== undefined) yield { resetIn, remaining: headers.get(`${prefix}-remaining`)?.trim() };
  }
}

function tightestOf(combined: string): Quota | undefined {
  let tightest: Quota | undefined;
  for (const { remaining, resetIn: wait } of rateLimits(combined)) {
    const perMs = rateOf(remaining, wait);
    const tightestPerMs = tightest ? rateOf(tightest.remaining, tightest.resetIn) : Infinity;
    // Of those that are used up, the one that lasts longest.
    const lastsLonger = perMs === tightestPerMs && wait > (tightest?.resetIn ?? 0);
    if (!tightest || perMs < tightestPerMs || lastsLonger) tightest = { remaining, resetIn: wait };
  }
  return tightest;
}

/** A window that is over limits nothing. */
function rateOf(remaining: number, resetIn: number): number {
  return resetIn === 0 ? Infinity : remaining / resetIn;
}

/** The items of a RateLimit header that say both what remains and for how long. Not every server names its policy. */
export function* rateLimits(value: string): Generator<Quota> {
  for (const item of value.replace(/"(?:[^"\\]|\\.)*"/g, '').split(',')) {
    const remaining = /(?:^|;)[ \t]*r=([0-9]+)[ \t]*(?:;|$)/.exec(item)?.[1];
    const reset = /(?:^|;)[ \t]*t=([0-9]+)[ \t]*(?:;|$)/.exec(item)?.[1];
    if (remaining === undefined || reset === undefined) continue;
    yield { remaining: finite(Number(remaining)), resetIn: finite(Number(reset) * 1000) };
  }
}

/** A reset in ms from now: seconds from now, or an epoch when too large for that. */
function readReset(value: string, headers: HeaderReader, now: number): number | undefined {
  if (!UNSIGNED_NUMBER.test(value)) return undefined;
  const reset = Number(value);
  if (reset < LARGEST_RELATIVE_SECONDS) return reset * 1000;
  const epoch = reset < LARGEST_EPOCH_SECONDS ? reset * 1000 : reset;
  return finite(Math.max(0, epoch - serverTime(headers, now)));
}
