/** What policy may know of a request: enough to decide, nothing that is secret. */

/** A request as `key`, `idempotencyKey` and the classification see it. */
export interface RequestDescription {
  /** Upper case; absent for an operation that is not one HTTP request. */
  readonly method?: string | undefined;
  /** The full URL; absent for an operation that is not one HTTP request. */
  readonly url?: string | undefined;
  /** The URL up to its path, where that is known apart. */
  readonly origin?: string | undefined;
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
  // Most requests go where the one before went, and parsing a URL is dear.
  if (url === lastPrefix || url === lastUrl) return lastOrigin;
  if (url === undefined) return '';
  if (!beginsWithLastPrefix(url)) {
    const origin = parseOrigin(url);
    const prefix = url.slice(0, endOfAuthority(url));
    // Credentials are not kept, and a backslash may end the authority too.
    if (prefix === '' || /[@\\]/.test(prefix)) return origin;
    lastPrefix = prefix;
    lastOrigin = origin;
  }
  lastUrl = url;
  return lastOrigin;
}

/**
 * The URL as it may be told: without credentials, query and fragment; `undefined` for what has no origin.
 *
 * @example
 * placeOf('https://user:secret@api.example.com/v1?token=x'); // 'https://api.example.com/v1'
 */
export function placeOf(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  try {
    const { origin, pathname } = new URL(url);
    return origin === 'null' ? undefined : origin + pathname;
  } catch {
    return undefined;
  }
}

let lastPrefix = '';
let lastOrigin = '';
/** A program that asks for the same URL again most often has the very same string for it. */
let lastUrl: string | undefined;

/** Without `slice` and `startsWith`, which take twice as long on a short string. */
function beginsWithLastPrefix(url: string): boolean {
  const { length } = lastPrefix;
  if (length === 0 || url.length < length) return false;
  for (let index = 0; index < length; index += 1) {
    if (url.charCodeAt(index) !== lastPrefix.charCodeAt(index)) return false;
  }
  return url.length === length || endsAuthority(url.charCodeAt(length));
}

/** Where the path begins; 0 where there is no authority. */
function endOfAuthority(url: string): number {
  const colon = url.indexOf('://');
  if (colon < 1) return 0;
  for (let index = colon + 3; index < url.length; index += 1) {
    // Of `https:///host/` a parser takes the host from further on.
    if (endsAuthority(url.charCodeAt(index))) return index === colon + 3 ? 0 : index;
  }
  return url.length;
}

function endsAuthority(code: number): boolean {
  return code === SLASH || code === QUESTION_MARK || code === HASH;
}

const SLASH = 0x2f;
const QUESTION_MARK = 0x3f;
const HASH = 0x23;

function parseOrigin(url: string): string {
  try {
    const { origin } = new URL(url);
    // What `data:` and the like have for an origin.
    return origin === 'null' ? '' : origin;
  } catch {
    return '';
  }
}
