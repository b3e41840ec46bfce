/** The body of a request, and how it is sent more than once. */

import { BodyNotReplayableError, ReplayableStream, sourceOfIterable, sourceOfStream } from '@tenax/core';
import type { RetryPolicy } from '@tenax/core';

/** What is handed to the platform's fetch for one attempt. */
export interface FetchArguments {
  readonly input: string | URL | Request;
  readonly init: RequestInit | undefined;
}

/** A body over the attempts of its operation. */
export interface RequestBody {
  /** Whether it can be sent once more. */
  readonly replayable: boolean;
  /** Whether it can be sent while another attempt sends it. */
  readonly concurrent: boolean;
  /** The arguments of the next attempt. */
  next(): FetchArguments;
  /** A retry was decided: the attempt before reads no more of it. */
  retrying?(): void;
  /** The operation has ended. */
  release?(failure?: { readonly reason: unknown }): void;
}

/** Bodies that are no streams, and no body at all: fetch reads them anew each time. */
class StaticBody implements RequestBody {
  readonly #arguments: FetchArguments;
  readonly #replayable: boolean;

  constructor(input: string | URL | Request, init: RequestInit | undefined, replayable = true) {
    this.#arguments = { input, init };
    this.#replayable = replayable;
  }

  get replayable(): boolean {
    return this.#replayable;
  }

  get concurrent(): boolean {
    return this.replayable;
  }

  next(): FetchArguments {
    return this.#arguments;
  }
}

/**
 * Bytes: too many to be copied for a retry that most requests do not need. Their owner may transfer them away meanwhile,
 * and fetch would send nothing, without a word.
 */
class Bytes extends StaticBody {
  readonly #bytes: ArrayBuffer | ArrayBufferView;
  readonly #length: number;

  constructor(
    input: string | URL | Request,
    init: RequestInit | undefined,
    bytes: ArrayBuffer | ArrayBufferView,
  ) {
    super(input, init);
    this.#bytes = bytes;
    this.#length = bytes.byteLength;
  }

  override get replayable(): boolean {
    return this.#bytes.byteLength === this.#length;
  }

  override next(): FetchArguments {
    if (!this.replayable)
      throw new BodyNotReplayableError('The body was transferred: it has no bytes any more');
    return super.next();
  }
}

/** A stream in `init.body`. */
class StreamBody implements RequestBody {
  readonly concurrent = false;
  readonly #input: string | URL | Request;
  readonly #init: RequestInit;
  readonly #stream: ReplayableStream;

  constructor(input: string | URL | Request, init: RequestInit, stream: ReplayableStream) {
    this.#input = input;
    this.#init = init;
    this.#stream = stream;
  }

  get replayable(): boolean {
    return this.#stream.replayable;
  }

  next(): FetchArguments {
    return { input: this.#input, init: { ...this.#init, body: this.#stream.open() } };
  }

  retrying(): void {
    this.#stream.giveUp();
  }

  release(failure?: { readonly reason: unknown }): void {
    this.#stream.release(failure);
  }
}

/**
 * The body of a Request. A clone is sent first, since it alone keeps the Content-Length that a Request knows, and the
 * original is read beside it. That tees the body, so it is read no further than the limit.
 */
class TeedBody implements RequestBody {
  readonly #request: Request;
  readonly #init: RequestInit | undefined;
  readonly #stream: ReplayableStream;
  #first: Request | undefined;

  constructor(request: Request, init: RequestInit | undefined, maxBytes: number) {
    this.#request = request;
    this.#init = init;
    this.#first = request.clone();
    this.#stream = new ReplayableStream(sourceOfStream(request.body as ReadableStream<unknown>), maxBytes);
    void this.#stream.readAhead();
  }

  get replayable(): boolean {
    return this.#stream.replayable;
  }

  get concurrent(): boolean {
    return this.#stream.bytes !== undefined;
  }

  next(): FetchArguments {
    if (this.#first) {
      const first = this.#first;
      this.#first = undefined;
      return { input: first, init: this.#init };
    }
    const body = this.#stream.bytes ?? this.#stream.open();
    return { input: this.#request, init: { ...initOf(this.#request, this.#init), body, ...HALF_DUPLEX } };
  }

  retrying(): void {
    this.#stream.giveUp();
  }

  release(failure?: { readonly reason: unknown }): void {
    this.#stream.release(failure);
    // A source is cancelled when both branches are.
    if (failure) void this.#first?.body?.cancel(failure.reason).catch(() => undefined);
  }
}

/** A Request whose body can't be looked at (older Firefox): the platform clones it. */
class OpaqueBody implements RequestBody {
  readonly replayable = true;
  readonly concurrent = true;
  readonly #request: Request;
  readonly #init: RequestInit | undefined;

  constructor(request: Request, init: RequestInit | undefined) {
    this.#request = request;
    this.#init = init;
  }

  next(): FetchArguments {
    return { input: this.#request.clone(), init: this.#init };
  }
}

/** Required for every streamed body; the types of the DOM do not know it yet. */
const HALF_DUPLEX: object = { duplex: 'half' };

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
    if (!replay || !isUsable(body)) return new StaticBody(input, init, false);
    const stream = new ReplayableStream(sourceOfStream(body), replay.maxBytes);
    return new StreamBody(input, init as RequestInit, stream);
  }
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return new Bytes(input, init, body);
  if (!(Symbol.asyncIterator in body)) {
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
  if (!replay || destroyed || readableDidRead) return new StaticBody(input, init, false);
  const stream = new ReplayableStream(sourceOfIterable(body as AsyncIterable<unknown>), replay.maxBytes);
  return new StreamBody(input, init as RequestInit, stream);
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
  if (!isRequest(input) || input.body === null) return new StaticBody(input, init);
  // Refused by the platform, in its own words.
  if (input.bodyUsed) return new StaticBody(input, init, false);
  if (input.body === undefined) {
    return replay && !['GET', 'HEAD'].includes(input.method)
      ? new OpaqueBody(input, init)
      : new StaticBody(input, init);
  }
  if (!replay || !isUsable(input.body)) return new StaticBody(input, init, false);
  return new TeedBody(input, init, replay.maxBytes);
}

/** Ends the stream or the iterator of a request that will not be sent. A stream that somebody reads is theirs. */
export function cancelBody(
  input: string | URL | Request,
  init: RequestInit | undefined,
  reason: unknown,
): void {
  const body: unknown = init?.body ?? (isRequest(input) ? input.body : undefined);
  if (body instanceof ReadableStream) {
    if (!body.locked) void body.cancel(reason).catch(() => undefined);
    return;
  }
  const iterable = body as AsyncIterable<unknown> | null | undefined;
  if (!iterable?.[Symbol.asyncIterator] || consumed.has(iterable)) return;
  if ('next' in iterable) consumed.add(iterable);
  void (async () => iterable[Symbol.asyncIterator]().return?.())().catch(() => undefined);
}

/** What members of ours are added to: with any member beside it, the platform forgets a Request's own referrer. */
export function initOf(
  input: string | URL | Request,
  init: RequestInit | undefined,
): RequestInit | undefined {
  if (!isRequest(input) || Object.values(init ?? {}).some((member) => member !== undefined)) return init;
  return { referrer: input.referrer, referrerPolicy: input.referrerPolicy };
}

/** Whether a fetch input is a Request, of this realm or another package. */
export function isRequest(input: unknown): input is Request {
  return (
    typeof input === 'object' && input !== null && 'method' in input && 'clone' in input && 'url' in input
  );
}

/** Whether a stream is neither locked nor read from: nothing but a constructor that takes it tells. */
function isUsable(stream: ReadableStream<unknown>): boolean {
  try {
    return new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).body !== null;
  } catch {
    return false;
  }
}
