/** The errors of Tenax. Each has a stable `code`, the original as `cause`, and the statistics of its operation. */

import { redact } from './record.ts';
import type { RequestStatistics } from './record.ts';

/** The stable codes of Tenax' errors. */
export type RetryErrorCode =
  | 'TENAX_CONFIG'
  | 'TENAX_EXHAUSTED'
  | 'TENAX_ATTEMPT_TIMEOUT'
  | 'TENAX_OPERATION_TIMEOUT'
  | 'TENAX_CIRCUIT_OPEN'
  | 'TENAX_BULKHEAD_FULL'
  | 'TENAX_BODY_NOT_REPLAYABLE'
  | 'TENAX_RESUME_REFUSED';

/** What every error of Tenax may carry. */
export interface RetryErrorDetails {
  readonly cause?: unknown;
  readonly response?: unknown;
  readonly statistics?: RequestStatistics | undefined;
}

/**
 * The base of every error that Tenax makes.
 *
 * @example
 * try {
 *   await engine.execute(work);
 * } catch (error) {
 *   if (error instanceof RetryError) console.error(error.code, error.statistics?.attempts.length);
 * }
 */
export class RetryError extends Error {
  override name = 'RetryError';
  readonly code: RetryErrorCode;
  /** The attempts of the operation that ended so; absent where none had begun. */
  readonly statistics: RequestStatistics | undefined;
  /** The client's own last response, when that was the failure: unread, so read or cancel its body. */
  readonly response: unknown;

  constructor(code: RetryErrorCode, message: string, details: RetryErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.statistics = details.statistics;
    this.response = details.response;
  }
}

/** Completes an error that was made before its operation ended. Statistics that it has stay. */
export function completeError(error: RetryError, statistics: RequestStatistics): void {
  if (error.statistics === undefined) Object.assign(error, { statistics });
}

/** Options or arguments that can't be used. It says what was given and what is accepted. */
export class RetryConfigError extends RetryError {
  override name = 'RetryConfigError';
  /** The option, such as `retryAfter.max`. */
  readonly path: string;
  /** The value as text. */
  readonly given: string;
  /** What would have been right. */
  readonly accepted: string;

  constructor(path: string, given: unknown, accepted: string, details?: RetryErrorDetails) {
    const text = SECRET_NAME.test(path) ? '…' : describeValue(given);
    super('TENAX_CONFIG', `${path || 'options'}: given ${text}, accepted: ${accepted}`, details);
    this.path = path;
    this.given = text;
    this.accepted = accepted;
  }
}

/** All attempts failed. `cause` is the last error; `response` the last response, when that was the failure. */
export class RetryExhaustedError extends RetryError {
  override name = 'RetryExhaustedError';

  constructor(message: string, details?: RetryErrorDetails) {
    super('TENAX_EXHAUSTED', message, details);
  }
}

/** One attempt took longer than `attemptTimeout`. */
export class AttemptTimeoutError extends RetryError {
  override name = 'AttemptTimeoutError';

  constructor(milliseconds: number, details?: RetryErrorDetails) {
    super('TENAX_ATTEMPT_TIMEOUT', `No response within the attempt timeout of ${milliseconds} ms`, details);
  }
}

/** The operation took longer than `timeout`, or its next wait would have. */
export class OperationTimeoutError extends RetryError {
  override name = 'OperationTimeoutError';

  constructor(milliseconds: number, details?: RetryErrorDetails) {
    super(
      'TENAX_OPERATION_TIMEOUT',
      `No success within the operation timeout of ${milliseconds} ms`,
      details,
    );
  }
}

/** The circuit breaker lets nothing through. `cause` is the error of the attempt before, if there was one. */
export class CircuitOpenError extends RetryError {
  override name = 'CircuitOpenError';
  /** The destination. */
  readonly key: string;
  /** ms until the breaker lets probes through; `Infinity` when it was opened by hand, 0 when probes are under way. */
  readonly opensFor: number;

  constructor(key: string, opensFor: number, details?: RetryErrorDetails) {
    const until =
      opensFor === Infinity
        ? 'until it is closed by hand'
        : opensFor > 0
          ? `for another ${Math.ceil(opensFor)} ms`
          : 'until its probes have answered';
    super('TENAX_CIRCUIT_OPEN', `The circuit ${key ? `of ${key} ` : ''}is open ${until}`, details);
    this.key = key;
    this.opensFor = opensFor;
  }
}

/** The bulkhead had no place for the operation, so nothing was sent. */
export class BulkheadFullError extends RetryError {
  override name = 'BulkheadFullError';

  constructor(message: string, details?: RetryErrorDetails) {
    super('TENAX_BULKHEAD_FULL', message, details);
  }
}

/** The body was a stream that can't be sent again. */
export class BodyNotReplayableError extends RetryError {
  override name = 'BodyNotReplayableError';

  constructor(message: string, details?: RetryErrorDetails) {
    super('TENAX_BODY_NOT_REPLAYABLE', message, details);
  }
}

const LONGEST_VALUE = 80;
const SECRET_NAME = /auth|cookie|credential|passw|secret|token|api[-_]?key/iu;
const CREDENTIALS = /^(?:basic|bearer|digest) /iu;

/** A value as a reader of an error message wants it: short, and never failing. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return shorten(JSON.stringify(withoutSecrets('', value)));
  if (typeof value === 'function') {
    // A class may have a static `name` of its own, which is anything.
    const name: unknown = value.name;
    return typeof name === 'string' && name ? `function ${shorten(name)}` : 'a function';
  }
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : String(value);
  try {
    const { constructor } = value;
    if (typeof constructor === 'function' && constructor !== Object && constructor !== Array) {
      return `an instance of ${constructor.name}`;
    }
    return shorten(JSON.stringify(value, withoutSecrets));
  } catch {
    return 'an object';
  }
}

/** Options of a client may be given where ours are meant, its headers among them. */
function withoutSecrets(name: string, value: unknown): unknown {
  // Headers may be pairs, or names and values in turn.
  const texts: unknown[] = Array.isArray(value) ? value : [];
  if ([name, ...texts].some((text) => SECRET_NAME.test(String(text)))) return '…';
  if (typeof value !== 'string') return value;
  return CREDENTIALS.test(value) ? '…' : redact(value);
}

function shorten(text: string): string {
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}
