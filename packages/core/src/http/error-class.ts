/** Finds out what an error means, following its causes to the one that explains it. */

import type { FailureClass } from '../outcome.ts';
import { classOfCode, ERROR_CODES } from './error-codes.ts';

/** The fields that errors of various clients and realms have; none of them can be relied on. */
interface ErrorLike {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
  /** Tenax: of the operation. */
  readonly statistics?: { readonly attempts?: readonly unknown[]; readonly reason?: unknown };
  /** axios: of the request. */
  readonly config?: { readonly timeoutErrorMessage?: unknown };
}

const NODE_MESSAGE = /^fetch failed\b/;
/** What a fetch says when the network failed; any other `TypeError` is a fault of the program. */
const NETWORK_MESSAGES: readonly RegExp[] = [
  NODE_MESSAGE, // Deno too
  /^terminated$/, // Node, while a body is read
  /^Failed to fetch\b/, // Chromium
  /^network error$/i, // Chromium, while a body is read; msw, through node:http
  /^NetworkError when attempting to fetch resource\.?$/, // Firefox
  /^Load failed\b/, // Safari
  /^The Internet connection appears to be offline\.$/, // Safari
  /^The network connection was lost\.$/, // Safari
  /^Network request failed$/, // React Native
];
/** Runtimes that give no code, only a message, on the error or on its cause. The first that matches counts. */
const RUNTIME_MESSAGES: readonly (readonly [pattern: RegExp, failureClass: FailureClass])[] = [
  [/^error sending request\b.*(?:\bcertificate\b|\bcorrupt message\b)/s, 'permanent'], // Deno, TLS
  [/^error sending request\b.*\bclient error \(Connect\)/s, 'connection'], // Deno
  [/^(?:error sending request|error reading a body|connection error)\b/, 'transport'], // Deno
  [/\(os error \d+\)$/, 'transport'], // Deno
  [/^Network connection lost\.?$/, 'transport'], // workerd
];
/** What every one of them begins or ends with: most messages do not, and are looked at once. */
const RUNTIME_MESSAGE = /^(?:error|connection error|Network connection)\b|\(os error \d+\)$/;
/** HTTP/2: the server names what it did not process. undici gives such a code only to requests above the last one. */
const NOT_PROCESSED = /\bNGHTTP2_REFUSED_STREAM\b|"GOAWAY" frame received with code 0$/;
/** undici: the proxy did not open a tunnel. Its code is the one of an abort, which it is not. */
const TUNNEL_REFUSED = /^Proxy response \((\d{3})\) !== 200 when HTTP Tunneling$/;
/** Faults of the program, and what Deno's permissions do not allow. */
const PERMANENT_NAME = /^(?:(?:Type|Reference|Syntax|Range|Eval|URI)Error|NotCapable)$/;
/** When several errors explain one failure, the one that allows least is believed. */
const LEAST_ALLOWING_FIRST: readonly FailureClass[] = [
  'permanent',
  'aborted',
  'transport',
  'timeout',
  'throttled',
  'transient',
  'connection',
];
const DEEPEST_CAUSE = 16;
/** However errors refer to each other, no more of them are looked at. */
const MOST_ERRORS = 64;

/**
 * The failure class of anything that was thrown. What says nothing about itself is `transient`.
 *
 * @param table error code → failure class; the policy's `errorCodes`.
 * @param unexplained the class of an error that says nothing about itself
 *
 * @example
 * classOfError(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }), ERROR_CODES); // 'connection'
 */
export function classOfError(
  error: unknown,
  table: Readonly<Record<string, FailureClass>>,
  unexplained: FailureClass = 'transient',
): FailureClass {
  try {
    return (isObject(error) ? explainError(error, table, undefined) : undefined) ?? unexplained;
  } catch {
    // A getter or a proxy that throws when it is looked at.
    return unexplained;
  }
}

/** The first code that an error or one of its causes bears. */
export function codeOfError(error: unknown): string | undefined {
  return findInCauses(error, ({ code }) => (typeof code === 'string' ? code : undefined));
}

/** The first thing that is found in an error or in one of its causes; nothing where one throws when it is looked at. */
export function findInCauses<Found>(
  error: unknown,
  find: (error: ErrorLike) => Found | undefined,
): Found | undefined {
  let current = error;
  try {
    for (let depth = 0; depth < DEEPEST_CAUSE && isObject(current); depth += 1) {
      const found = find(current);
      if (found !== undefined) return found;
      current = current.cause ?? (Array.isArray(current.errors) ? current.errors[0] : undefined);
    }
  } catch {
    // A getter or a proxy.
  }
  return undefined;
}

/** What was found out about an error; `undefined` while it is being looked at, so that a circle ends. */
type Explained = Map<ErrorLike, FailureClass | undefined>;

/** Explains an error that `from` refers to. */
function explain(
  error: unknown,
  table: Readonly<Record<string, FailureClass>>,
  before: Explained | undefined,
  from: ErrorLike,
): FailureClass | undefined {
  if (!isObject(error)) return undefined;
  const explained: Explained = before ?? new Map([[from, undefined]]);
  if (explained.has(error) || explained.size >= MOST_ERRORS) return explained.get(error);
  explained.set(error, undefined);
  const failureClass = explainError(error, table, explained);
  explained.set(error, failureClass);
  return failureClass;
}

function explainError(
  error: ErrorLike,
  table: Readonly<Record<string, FailureClass>>,
  explained: Explained | undefined,
): FailureClass | undefined {
  const { name, code, message } = error;
  const text = typeof message === 'string' ? message : '';
  if (typeof code === 'string') {
    // Some codes of axios and undici stand for several faults each. The user's own word on a code comes first.
    const ofUser = table[code] !== ERROR_CODES[code];
    const byMessage = ofUser
      ? undefined
      : (explainTunnel(code, text) ?? explainAxios(error, code, text, table, explained));
    const isOfCause = !ofUser && isOfSingleAttempt(error);
    const failureClass = isOfCause ? undefined : (byMessage ?? classOfCode(code, table));
    if (failureClass === 'transport' && !ofUser && neverSent(error, text)) return 'connection';
    if (failureClass !== undefined) return failureClass;
  }
  // undici: the answer was no HTTP, and the parser's code may be missing.
  if (name === 'HTTPParserError') return 'transport';
  if (name === 'TimeoutError') return 'timeout';
  if (name === 'AbortError') return 'aborted';
  return (
    explainErrors(error, table, explained) ??
    explain(error.cause, table, explained, error) ??
    explainByMessage(name, text, error.cause)
  );
}

/** A single attempt has retried nothing: what it failed with is what counts. */
function isOfSingleAttempt({ code, statistics }: ErrorLike): boolean {
  return (
    code === 'TENAX_EXHAUSTED' &&
    statistics?.reason === 'attempts_exhausted' &&
    statistics.attempts?.length === 1
  );
}

/** The other order is that of the fetch adapter of axios 1.7. */
const AXIOS_TIMEOUT = /^timeout (?:of \d+ ?ms |\d+ of ms )?exceeded$/;
/** axios 1.7 names a limit of -1, which is none, when the stream was cut off. */
const AXIOS_TRUNCATED = /^(?:stream has been aborted|aborted|maxContentLength size of -1 exceeded)$/;
const AXIOS_LIMIT = /^max(?:Content|Body)Length size of \d+ exceeded$/;

function explainAxios(
  error: ErrorLike,
  code: string,
  message: string,
  table: Readonly<Record<string, FailureClass>>,
  explained: Explained | undefined,
): FailureClass | undefined {
  if (code === 'ERR_BAD_RESPONSE') {
    if (AXIOS_TRUNCATED.test(message)) return 'transport';
    return AXIOS_LIMIT.test(message) ? 'permanent' : undefined;
  }
  if (code === 'ERR_NETWORK') {
    // A plain error without a code is a rule of fetch, as in explainByMessage.
    return (
      explain(error.cause, table, explained, error) ?? (isPlainError(error.cause) ? 'permanent' : undefined)
    );
  }
  const isTimeout =
    (code === 'ECONNABORTED' || code === 'ETIMEDOUT') &&
    (AXIOS_TIMEOUT.test(message) || message === error.config?.timeoutErrorMessage);
  return isTimeout ? 'timeout' : undefined;
}

/** Nothing went to the server yet. A proxy that refuses the client itself refuses it again. */
function explainTunnel(code: string, message: string): FailureClass | undefined {
  const status = code === 'UND_ERR_ABORTED' ? TUNNEL_REFUSED.exec(message)?.[1] : undefined;
  if (status === undefined) return undefined;
  return status.startsWith('4') && status !== '408' && status !== '429' ? 'permanent' : 'connection';
}

/** The code alone says "lost on the way"; these say that there was no way yet. */
function neverSent(error: ErrorLike, message: string): boolean {
  const { cause, code, syscall } = error;
  // axios copies the code of its cause. What names a call itself may have any other error as its cause.
  const copied = syscall === undefined && isObject(cause) && cause.code === code && wasConnecting(cause);
  return copied || wasConnecting(error) || (code !== 'UND_ERR_SOCKET' && NOT_PROCESSED.test(message));
}

/** Node's error of several addresses has the code of the first. */
function wasConnecting(error: ErrorLike): boolean {
  const each: unknown[] = Array.isArray(error.errors) ? error.errors : [error];
  return each.length > 0 && each.every((one) => isObject(one) && one.syscall === 'connect');
}

/** An `AggregateError`, as a connection to several addresses throws it. */
function explainErrors(
  error: ErrorLike,
  table: Readonly<Record<string, FailureClass>>,
  explained: Explained | undefined,
): FailureClass | undefined {
  if (!Array.isArray(error.errors)) return undefined;
  const known: Explained = explained ?? new Map([[error, undefined]]);
  const classes = error.errors.map((each) => explain(each, table, known, error));
  return LEAST_ALLOWING_FIRST.find((failureClass) => classes.includes(failureClass));
}

function explainByMessage(name: unknown, message: string, cause: unknown): FailureClass | undefined {
  if (RUNTIME_MESSAGE.test(message)) {
    const byRuntime = RUNTIME_MESSAGES.find(([pattern]) => pattern.test(message))?.[1];
    if (byRuntime) return byRuntime;
  }
  if (name !== 'TypeError') return PERMANENT_NAME.test(String(name)) ? 'permanent' : undefined;
  if (!NETWORK_MESSAGES.some((pattern) => pattern.test(message))) return 'permanent';
  // Node names every fault of the network by a code. A cause without one is a rule of fetch: a blocked port, an
  // unknown scheme, a redirect that is not allowed, a body that can't be read again.
  const named = isObject(cause) && typeof cause.message === 'string' && typeof cause.code !== 'string';
  return named && NODE_MESSAGE.test(message) ? 'permanent' : 'transport';
}

function isPlainError(cause: unknown): boolean {
  return isObject(cause) && cause.name === 'Error' && cause.code === undefined;
}

export function isObject(value: unknown): value is ErrorLike {
  return typeof value === 'object' && value !== null;
}
