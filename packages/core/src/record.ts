/** What is known of one operation after it ended: the shape is the same whatever client sent it. */

import type { FailureClass, OperationResult, RetryReason, StopReason } from './outcome.ts';

/** An error without what may be secret or large: no stack, no cause, URLs without credentials and query. */
export interface ErrorSummary {
  readonly name: string;
  readonly message: string;
  /** `error.code`, or the code of the cause that explains the error. */
  readonly code?: string;
}

/** One attempt. All durations are ms. */
export interface AttemptRecord {
  /** 1 for the first attempt. */
  readonly attemptNumber: number;
  /** How long the operation waited before this attempt, as measured. */
  readonly delayBefore: number;
  /** Epoch ms. */
  readonly startTime: number;
  /** Epoch ms: when the response's headers or the error came. */
  readonly endTime: number;
  /** From start to end. */
  readonly responseTime: number;
  readonly success: boolean;
  readonly status?: number;
  readonly failureClass?: FailureClass;
  /** Absent where the status is the whole failure. */
  readonly error?: ErrorSummary;
  /** Whether it was sent beside an attempt that had not ended yet. */
  readonly hedged: boolean;
  /** The wait that the server asked for. */
  readonly hint?: number;
  /** Why a retry followed, or why none did. */
  readonly reason: RetryReason | StopReason;
}

/** One operation with all its attempts. All durations are ms. */
export interface RequestStatistics {
  /** Unique within the process, or what the caller gave. */
  readonly id: string;
  /** The destination: the URL's origin unless `key` says otherwise; `''` for an operation without a URL. */
  readonly key: string;
  readonly result: OperationResult;
  readonly reason: StopReason;
  readonly attempts: readonly AttemptRecord[];
  /** From the call to its end, waits included. */
  readonly totalTime: number;
  /** The waits alone. */
  readonly totalDelay: number;
}

/** Up to the last `@` before the path: a password may hold one too. */
const CREDENTIALS = /([a-z][a-z0-9+.-]*:\/\/)[^\s/?#]*@/giu;
/** The same of a URL that is none, for the password is not escaped: what follows the colon is no port. */
const UNESCAPED_CREDENTIALS = /([a-z][a-z0-9+.-]*:\/\/)[^\s/?#:@]*:(?!\d*(?:[\s/?#]|$))[^\s@]*@/giu;
/** To the end of the word, without the quotes and brackets that close around a URL. */
const QUERY_OF_URL = /([a-z][a-z0-9+.-]*:\/\/[^\s?]*)\?\S*?(?=["')\]}>,;:]*(?:\s|$))/giu;
const QUERY_OF_PATH = /((?:^|[\s"'([{<])\/[^\s?]*)\?\S*?(?=["')\]}>,;:]*(?:\s|$))/gu;
const QUERY = /\?\S*=\S*?(?=["')\]}>,;:]*(?:\s|$))/gu;
/** The start of a URL or of a query whose end was cut off. */
const CUT_SECRET = /(?:\/\/|\?)\S*$/u;
/** What any of the others could match: most messages have none of it, and are looked through once. */
const SUSPECT = /:\/\/|[?#]|header value|authorization|cookie/iu;
const HEADER_VALUE = /\binvalid (?:http )?header value\b/iu;
/** What platforms say of a URL that they refuse. It may hold spaces, and where its parts end can't be told. */
const REFUSED_URL = /(?:parse|valid) url\b|url that includes/iu;
/** To the end of the line: a cookie has spaces, and so have credentials. */
const SECRET_HEADER = /((?:authorization|cookies?)(?:["']\s*,|\W*[:=])[\s[]*)\S.*/giu;
const LONGEST_MESSAGE = 500;

/**
 * Takes out of a text what may be secret: the credentials and queries of URLs, header values that a platform quotes
 * when it refuses them, and those that stand behind the name of a secret header. Cuts it to a readable length.
 *
 * @example
 * redact('GET https://me:pw@example.com/a?token=1 failed'); // 'GET https://example.com/a failed'
 */
export function redact(text: string): string {
  if (text.length <= LONGEST_MESSAGE && !SUSPECT.test(text)) return text;
  if (HEADER_VALUE.test(text)) return 'invalid header value';
  const short =
    text.length > LONGEST_MESSAGE ? `${text.slice(0, LONGEST_MESSAGE).replace(CUT_SECRET, '')}…` : text;
  if (REFUSED_URL.test(short)) return short.replace(/:\/\/.*@/su, '://').replace(/[?#].*/su, '…');
  return short
    .replace(CREDENTIALS, '$1')
    .replace(UNESCAPED_CREDENTIALS, '$1')
    .replace(QUERY_OF_URL, '$1')
    .replace(QUERY_OF_PATH, '$1')
    .replace(QUERY, '')
    .replace(SECRET_HEADER, '$1…');
}
