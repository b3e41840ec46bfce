/** Which kind of body a request has, so that it can be sent more than once. */

import { BodyNotReplayableError, ReplayableStream, sourceOfIterable, sourceOfStream } from '@tenax/core';
import type { ByteSource, RetryPolicy } from '@tenax/core';

import { isRequest } from './fetch-arguments.ts';
import type { RequestBody } from './request-body.ts';
import { Bytes, OpaqueBody, StaticBody, unkeptBody, unkeptRequest } from './static-body.ts';
import { StreamBody, TeedBody } from './streamed-body.ts';

/** Iterators that have been read: sent again they would be an empty body, without a word. */
const consumed = new WeakSet<object>();

/**
 * Prepares a request's body for as many attempts as the policy allows. A stream is only wrapped when a retry is
 * possible; else it is the platform's own business.
 *
 * @throws BodyNotReplayableError for an iterator that was sent before
 */
export function prepareBody(
  input: string | URL | Request,
  init: RequestInit | undefined,
  policy: Pick<RetryPolicy, 'maxAttempts' | 'replay'>,
): RequestBody {
  const body: unknown = init?.body;
  const replay = policy.maxAttempts > 1 && policy.replay;
  if (body === undefined || body === null) return requestBody(input, init, replay);
  if (typeof body !== 'object') return new StaticBody(input, init);
  if (body instanceof ReadableStream) {
    if (!replay || !isUsable(body)) return unkeptBody(input, init);
    if (isBunDenoOrWorker()) return TeedBody.ofStream(input, init as RequestInit, replay.maxBytes);
    const stream = new ReplayableStream(sourceOfStream(body), replay.maxBytes);
    return new StreamBody(input, init as RequestInit, stream);
  }
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return new Bytes(input, init, body);
  if (!(Symbol.asyncIterator in body)) {
    // Deno and workerd read any iterator, once.
    if (isReadOnce(body)) return unkeptBody(input, init);
    const copy = copyOf(body);
    return new StaticBody(input, copy === body ? init : { ...init, body: copy });
  }
  if (isReadOnce(body) && consumed.has(body)) {
    throw new BodyNotReplayableError(
      'This body is an iterator that was sent before: sent again it would be empty',
    );
  }
  consumed.add(body);
  const { destroyed, readableDidRead } = body as { destroyed?: boolean; readableDidRead?: boolean };
  // A Node stream that is gone, or some of it, has an error of its own.
  if (!replay || destroyed || readableDidRead) return unkeptBody(input, init);
  const source = sourceOfIterable(body as AsyncIterable<unknown>);
  const stream = new ReplayableStream(isBunDenoOrWorker() ? source : bytesOf(source), replay.maxBytes);
  return new StreamBody(input, init as RequestInit, stream);
}

/** Node's fetch makes bytes of whatever `Buffer.from` takes, and hangs over a stream that gives anything but bytes. */
function bytesOf(source: ByteSource): ByteSource {
  const { Buffer } = globalThis as { Buffer?: { from(value: unknown): Uint8Array } };
  return {
    next: async () => {
      const { done, value } = await source.next();
      const isTaken = done || value instanceof Uint8Array || Buffer === undefined;
      return { done, value: isTaken ? value : Buffer.from(value) };
    },
    cancel: (reason) => source.cancel(reason),
  };
}

/** There a stream may know its length, as that of a request to a worker does. Some servers take none without. */
function isBunDenoOrWorker(): boolean {
  const { navigator } = globalThis as { navigator?: { readonly userAgent?: string } };
  return /^(?:Bun|Deno|Cloudflare-Workers)\b/.test(navigator?.userAgent ?? '');
}

/** What the platform would read once, at the call: the caller may change it while a wait is on. */
function copyOf(body: object): BodyInit {
  // Node sends what `toString` says, which may be somebody's own.
  if (body instanceof URLSearchParams && body.toString === URLSearchParams.prototype.toString) {
    return copyPairs(body, new URLSearchParams());
  }
  // React Native's can't be read.
  return body instanceof FormData && Symbol.iterator in body
    ? copyPairs(body, new FormData())
    : (body as BodyInit);
}

function copyPairs<T extends URLSearchParams | FormData>(from: T, to: T): T {
  for (const [name, value] of from as Iterable<[string, string]>) to.append(name, value);
  return to;
}

/** Iterators and streams of Node; what is no more than iterable gives another iterator each time. */
function isReadOnce(body: object): boolean {
  return 'next' in body || 'destroyed' in body;
}

function requestBody(
  input: string | URL | Request,
  init: RequestInit | undefined,
  replay: RetryPolicy['replay'],
): RequestBody {
  if (!isRequest(input) || (isBodiless(input.method) && !input.body)) return new StaticBody(input, init);
  if (!replay) return unkeptRequest(input, init);
  const clone = cloneOf(input);
  if (clone === undefined) return unkeptBody(input, init);
  if (input.body === null) return new StaticBody(input, init);
  if (input.body === undefined) return new OpaqueBody(input, init);
  return TeedBody.ofRequest(input, clone, init, replay.maxBytes);
}

function isBodiless(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/**
 * Made before anything looks at the body: after that, Deno sends it without its length, and Bun can't clone a copy of
 * another request any more. A body that was read has no clone: the platform refuses it, in its own words.
 */
function cloneOf(request: Request): Request | undefined {
  try {
    return request.clone();
  } catch {
    return undefined;
  }
}

/**
 * Ends the stream or the iterator of a request that will not be sent. One that somebody reads is theirs: it refuses.
 *
 * @param isOurs whether it was prepared for this request, so that an iterator is nobody else's
 */
export function cancelBody(
  input: string | URL | Request,
  init: RequestInit | undefined,
  reason: unknown,
  isOurs: boolean,
): void {
  const body: unknown = init?.body ?? (isRequest(input) ? input.body : undefined);
  if (body instanceof ReadableStream) {
    void body.cancel(reason).catch(() => undefined);
    return;
  }
  const iterable = body as AsyncIterable<unknown> | null | undefined;
  if (!iterable?.[Symbol.asyncIterator] || (consumed.has(iterable) && !isOurs)) return;
  if ('next' in iterable) consumed.add(iterable);
  void (async () => iterable[Symbol.asyncIterator]().return?.())().catch(() => undefined);
}

/** Whether a stream is neither locked nor read from: nothing but a constructor that takes it tells. */
function isUsable(stream: ReadableStream<unknown>): boolean {
  try {
    return new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).body !== null;
  } catch {
    return false;
  }
}
