/** What policy may know of a request: enough to decide, nothing that is secret. */

/** A request as `key`, `idempotencyKey` and the classification see it. */
export interface RequestDescription {
  /** Upper case; absent for an operation that is not one HTTP request. */
  readonly method?: string | undefined;
  /** The full URL; absent for an operation that is not one HTTP request. */
  readonly url?: string | undefined;
  /** Whether it carries an `Idempotency-Key`, the caller's or ours. */
  readonly hasIdempotencyKey?: boolean;
}

/** The request as the user's functions get it: a copy of its own. */
export function describeRequest({ hasIdempotencyKey, method, url }: RequestDescription): RequestDescription {
  return { method, url, ...(hasIdempotencyKey !== undefined && { hasIdempotencyKey }) };
}

/**
 * The key of requests to one destination: the URL's origin, or `''` where there is none.
 *
 * @example
 * originOf('https://user:secret@api.example.com/v1?token=x'); // 'https://api.example.com'
 */
export function originOf(url: string | undefined): string {
  if (url === undefined) return '';
  try {
    const { origin } = new URL(url);
    // What `data:` and the like have for an origin.
    return origin === 'null' ? '' : origin;
  } catch {
    return '';
  }
}
