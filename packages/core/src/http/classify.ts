/** What the outcome of an attempt means, before attempts, time and the body limit what can be done about it. */

import { RetryError } from '../errors.ts';
import { SUCCESS } from '../outcome.ts';
import type {
  Classification,
  ErrorOutcome,
  FailureClass,
  HeaderReader,
  Outcome,
  RetryReason,
} from '../outcome.ts';
import type { RetryPolicy } from '../policy.ts';
import type { RequestDescription } from '../request.ts';
import { classOfError, codeOfError, findInCauses, isObject } from './error-class.ts';
import { ERROR_CODES } from './error-codes.ts';
import { hasRetryAfter } from './hint.ts';
import { isIdempotent } from './methods.ts';

/** The part of a policy that the classification reads. */
export type ClassificationPolicy = Pick<
  RetryPolicy,
  'methods' | 'statusCodes' | 'errorCodes' | 'retryableErrors' | 'nonRetryableErrors'
>;

/** The server refused these before it did anything (RFC 8470, RFC 6585). */
const REFUSED_UNPROCESSED = [425, 429];
/** axios: nobody wants the answer any more. An `AbortError` may be the timeout of whatever was called. */
const CANCELLED = 'ERR_CANCELED';
/** What these say of a request that was under way, they do not say of one that was never sent. */
const LOST_ON_THE_WAY: readonly FailureClass[] = ['transport', 'timeout', 'transient'];

const RETRY_REASONS: Record<Exclude<FailureClass, 'permanent' | 'aborted'>, RetryReason> = {
  connection: 'connection_error',
  transport: 'transport_error',
  timeout: 'attempt_timeout',
  throttled: 'throttled',
  transient: 'transient_error',
};

/**
 * Says what class of failure an outcome is, and whether its request may be sent again.
 *
 * @example
 * const policy = createRetryEngine().policy;
 * classifyHttp({ kind: 'error', error: { code: 'ECONNRESET' } }, { method: 'POST' }, policy);
 * // { failureClass: 'transport', retryable: false, reason: 'method_not_idempotent' }
 */
export function classifyHttp(
  outcome: Outcome,
  request: RequestDescription,
  policy: ClassificationPolicy,
): Classification {
  if (outcome.kind === 'value' || (outcome.kind === 'response' && outcome.accepted)) return SUCCESS;
  if (outcome.kind === 'response') return classifyStatus(outcome, request, policy);
  return classifyError(outcome, request, policy);
}

function classifyStatus(
  response: ErrorResponse,
  request: RequestDescription,
  policy: ClassificationPolicy,
): Classification {
  const { status } = response;
  // The key is asked for where it matters alone: some clients have to look through their headers.
  if (status === 409 && request.hasIdempotencyKey) {
    return { failureClass: 'transient', retryable: true, reason: 'idempotent_request_in_progress' };
  }
  if (!policy.statusCodes.includes(status) || (status === 422 && request.hasIdempotencyKey)) {
    if (status < 400) return SUCCESS;
    return { failureClass: 'permanent', retryable: false, reason: 'permanent_failure' };
  }
  const throttled = status === 429 || status === 529 || (status === 503 && asksToWait(response));
  const failureClass = throttled ? 'throttled' : 'transient';
  if (!REFUSED_UNPROCESSED.includes(status) && !isIdempotent(request, policy.methods)) {
    return { failureClass, retryable: false, reason: 'method_not_idempotent' };
  }
  return { failureClass, retryable: true, reason: throttled ? 'throttled' : 'transient_status' };
}

/** Headers are read where they matter alone: some clients put them together then. */
function asksToWait({ headers }: ErrorResponse): boolean {
  return headers !== undefined && hasRetryAfter(headers);
}

function classifyError(
  outcome: ErrorOutcome,
  request: RequestDescription,
  policy: ClassificationPolicy,
): Classification {
  const { error } = outcome;
  const builtIn = classifyThrown(outcome, request, policy);
  const { failureClass = 'permanent' } = builtIn;
  if (isAmong(policy.nonRetryableErrors, error)) {
    return { failureClass, retryable: false, reason: 'non_retryable_error' };
  }
  if (!builtIn.retryable && isAmong(policy.retryableErrors, error) && codeOfError(error) !== CANCELLED) {
    return isIdempotent(request, policy.methods)
      ? { failureClass, retryable: true, reason: 'retryable_error' }
      : { failureClass, retryable: false, reason: 'method_not_idempotent' };
  }
  return builtIn;
}

/** Without a function made for it: most policies name no errors, and this is asked after every attempt that failed. */
export function isAmong(named: RetryPolicy['retryableErrors'], error: unknown): boolean {
  for (const matches of named) if (matches(error)) return true;
  return false;
}

/** An error with a response counts by its status; where that was good, the fault came later, as a body that broke. */
function classifyThrown(
  { bodyError, error, unsent }: ErrorOutcome,
  request: RequestDescription,
  policy: ClassificationPolicy,
): Classification {
  const response = responseOf(error);
  if (response === undefined) {
    const failureClass = classOfError(error, policy.errorCodes);
    // Such as an upload that is passed on, whose sender has gone.
    const ofBody = bodyError !== undefined && findInCauses(error, (one) => one === bodyError || undefined);
    if (ofBody && failureClass !== 'aborted') return classifyByClass('permanent', request, policy);
    // The user's own word on a code comes first.
    const neverSent =
      unsent && LOST_ON_THE_WAY.includes(failureClass) && failureClass === classOfError(error, ERROR_CODES);
    return classifyByClass(neverSent ? 'connection' : failureClass, request, policy);
  }
  const byStatus = classifyStatus(response, request, policy);
  if (byStatus.failureClass !== undefined) return byStatus;
  return classifyByClass(classOfError(error, policy.errorCodes, 'permanent'), request, policy);
}

function classifyByClass(
  failureClass: FailureClass,
  request: RequestDescription,
  policy: ClassificationPolicy,
): Classification {
  if (failureClass === 'permanent') return { failureClass, retryable: false, reason: 'permanent_failure' };
  if (failureClass === 'aborted') return { failureClass, retryable: false, reason: 'attempt_aborted' };
  if (failureClass !== 'connection' && !isIdempotent(request, policy.methods)) {
    return { failureClass, retryable: false, reason: 'method_not_idempotent' };
  }
  return { failureClass, retryable: true, reason: RETRY_REASONS[failureClass] };
}

/** undici's own retries have given up. */
const UNDICI_EXHAUSTED = 'UND_ERR_REQ_RETRY';

/** A response that an error brings along, as those of ky, got, axios and the AWS SDKs do. */
export interface ErrorResponse {
  readonly status: number;
  readonly headers: HeaderReader | undefined;
}

/** The fields that clients give an error, or the response in it. */
interface ResponseLike {
  readonly response?: unknown;
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly headers?: unknown;
}

/** The response inside an error: `error.response`, or a status on the error itself. */
export function responseOf(error: unknown): ErrorResponse | undefined {
  try {
    // An operation within this one gave up on that response: doing it all again would multiply the attempts.
    if (error instanceof RetryError || codeOfError(error) === UNDICI_EXHAUSTED) return undefined;
    const candidate = error as ResponseLike | null | undefined;
    const response = isObject(candidate?.response) ? (candidate.response as ResponseLike) : undefined;
    const source = response ?? candidate;
    const status = source?.status ?? source?.statusCode;
    // Servers send others than those of HTTP, such as 999. On an error itself a number may be anything.
    const largest = response ? 999 : 599;
    if (typeof status !== 'number' || !Number.isInteger(status) || status < 100 || status > largest)
      return undefined;
    const headers = source?.headers;
    return { status, headers: isObject(headers) ? headerReader(headers) : undefined };
  } catch {
    return undefined;
  }
}

/** The response of an outcome, in its error too. */
export function responseIn(outcome: Outcome): ErrorResponse | undefined {
  if (outcome.kind === 'error') return responseOf(outcome.error);
  return outcome.kind === 'response' ? outcome : undefined;
}

/** Whether the status of the response that a client has put into its error is the whole failure. */
export function failedByStatus(outcome: Outcome, { statusCodes }: Pick<RetryPolicy, 'statusCodes'>): boolean {
  if (outcome.kind !== 'error' || outcome.response === undefined) return false;
  // Read where a response that throws when it is looked at does no harm.
  const status = responseOf(outcome.error)?.status;
  return status !== undefined && (status >= 400 || statusCodes.includes(status));
}

function headerReader(headers: object): HeaderReader {
  return {
    get: (name) => {
      try {
        const { get } = headers as Partial<HeaderReader>;
        const value: unknown = typeof get === 'function' ? get.call(headers, name) : valueOf(headers, name);
        // As `node:http` takes them where they are sent.
        if (typeof value === 'number' || Array.isArray(value)) return String(value);
        return typeof value === 'string' ? value : undefined;
      } catch {
        // Headers of a client that is not known: what can't be read is no hint.
        return undefined;
      }
    },
  };
}

/** Names are lower case where a client has read them, and as they were sent where somebody made the error by hand. */
function valueOf(headers: object, name: string): unknown {
  return (
    (headers as Record<string, unknown>)[name] ??
    Object.entries(headers).find(([each]) => each.toLowerCase() === name)?.[1]
  );
}
