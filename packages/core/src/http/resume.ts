/**
 * A download that goes on where it broke off (RFC 9110 sections 13.1.5 and 14): whether it may, and whether what the
 * server answers is really the rest, so that the bytes of two versions are never mixed.
 */

import { RetryError } from '../errors.ts';
import type { RetryErrorDetails } from '../errors.ts';
import type { HeaderReader } from '../outcome.ts';

/** A response whose body can be continued. */
export interface ResumableDownload {
  /** For `If-Range`: a strong ETag, or a Last-Modified that is strong enough. */
  readonly validator: string;
  /** The length of the whole body, where the server has said it. */
  readonly length: number | undefined;
}

/** The part of a response that the rules of a download look at. */
export interface DownloadResponse {
  readonly status: number;
  readonly headers: HeaderReader;
}

/** How the response could be continued; `undefined` for one without a validator, with an encoding, or not a 200. */
export function resumableDownload({ headers, status }: DownloadResponse): ResumableDownload | undefined {
  const encoding = headers.get('content-encoding') ?? 'identity';
  const validator = strongValidator(headers);
  if (status !== 200 || encoding !== 'identity' || validator === undefined) return undefined;
  // Chunks make it void. Some runtimes join what a server says twice.
  const length = headers.get('transfer-encoding') ? undefined : headers.get('content-length');
  return { validator, length: /^\d+$/.test(length ?? '') ? Number(length) : undefined };
}

/** The part of an entity that a 206 gives: its first byte, the byte after its last one, and the length of the whole. */
export interface ContentRange {
  readonly start: number;
  readonly end: number;
  readonly total: number | undefined;
}

/** Reads `Content-Range` (RFC 9110 section 14.4); `undefined` where there is none that names bytes, or it is invalid. */
export function readContentRange(headers: HeaderReader): ContentRange | undefined {
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers.get('content-range') ?? '');
  if (match === null) return undefined;
  const [start, end] = [Number(match[1]), Number(match[2]) + 1];
  const total = match[3] === '*' ? undefined : Number(match[3]);
  return start < end && end <= (total ?? end) ? { start, end, total } : undefined;
}

/** The headers that ask for the rest of a download. */
export function rangeHeaders({ validator }: ResumableDownload, offset: number): Record<string, string> {
  return { range: `bytes=${offset}-`, 'if-range': validator };
}

/**
 * Whether a 416 says that nothing is missing: the whole body had come before the connection broke. Another version may
 * happen to be as long as what has come.
 */
export function isComplete(
  { length, validator }: ResumableDownload,
  offset: number,
  { headers, status }: DownloadResponse,
): boolean {
  const isWhole = length === undefined ? anotherVersion(validator, headers) === undefined : length === offset;
  return isWhole && status === 416 && headers.get('content-range') === `bytes */${offset}`;
}

/**
 * What keeps a response from being the rest of a download, as the error that the caller gets; `undefined` when it is
 * the rest.
 *
 * @param details what the download broke off with, and the operation that asked for the rest
 */
export function refuseContinuation(
  { length, validator }: ResumableDownload,
  offset: number,
  { headers, status }: DownloadResponse,
  details?: RetryErrorDetails,
): RetryError | undefined {
  const range = readContentRange(headers);
  const total = range?.total ?? Math.max(range?.end ?? 0, length ?? 0);
  const problem =
    status !== 206
      ? `status ${status}`
      : range?.start !== offset
        ? `Content-Range ${headers.get('content-range') ?? 'missing'}`
        : length !== undefined && total !== length
          ? `a length of ${total} instead of ${length}`
          : (anotherVersion(validator, headers) ??
            ((headers.get('content-encoding') ?? 'identity') === 'identity'
              ? undefined
              : 'a content encoding'));
  return problem === undefined ? undefined : resumeRefused(offset, problem, details);
}

/** What says that the entity is another by now; `undefined` where nothing does. */
function anotherVersion(validator: string, headers: HeaderReader): string | undefined {
  const [name, title] = validator.startsWith('"') ? ['etag', 'ETag'] : ['last-modified', 'Last-Modified'];
  return (headers.get(name) || validator) === validator ? undefined : `another ${title}`;
}

/** The error of a download that can't be continued. */
export function resumeRefused(offset: number, problem: string, details?: RetryErrorDetails): RetryError {
  return new RetryError(
    'TENAX_RESUME_REFUSED',
    `The download broke off at byte ${offset} and can't be continued: the server answered with ${problem}`,
    details,
  );
}

function strongValidator(headers: HeaderReader): string | undefined {
  const etag = headers.get('etag');
  if (etag) return etag.startsWith('"') ? etag : undefined;
  const [modified, date] = [headers.get('last-modified'), headers.get('date')];
  if (!modified || !date) return undefined;
  // Two versions within one second would have the same date (RFC 9110 section 8.8.2.2).
  return Date.parse(date) - Date.parse(modified) >= 1000 ? modified : undefined;
}
