/** The body of a request, and how it is sent more than once. */

import process from 'node:process';
import { Readable } from 'node:stream';

import { ReplayableStream, sourceOfIterable, sourceOfStream } from '@tenax/core';
import type { ByteSource, RetryPolicy } from '@tenax/core';
import { errors } from 'undici';

/** A body over the attempts of its operation. */
export interface RequestBody {
  readonly replayable: boolean;
  /** What its source has failed with. */
  readonly error?: unknown;
  /** Bytes, where undici would know them of the body itself. */
  readonly length?: number | undefined;
  /** The body for the next attempt. */
  next(): unknown;
  /** A retry was decided: the attempt before reads no more of it. */
  retrying?(): void;
  /** The operation has ended; with a failure, or once its response has been read, nobody reads on. */
  release?(failure?: { readonly reason: unknown }): void;
}

/**
 * Prepares a body. `undefined` for one that undici reads anew each time: text, bytes, a Blob, a FormData.
 *
 * A stream that was consumed is sent by undici as an empty body, without an error. So whatever can be read once is kept
 * while it is sent, or is sent once.
 *
 * @param failed hears at once of a stream that fails or is destroyed, even while the connection takes no more of it
 */
export function prepareBody(
  body: unknown,
  policy: Pick<RetryPolicy, 'maxAttempts' | 'replay'>,
  failed: (error: Error) => void,
): RequestBody | undefined {
  if (typeof body !== 'object' || body === null || isReadAnew(body)) return undefined;
  const replay = policy.maxAttempts > 1 && policy.replay;
  let sourceError: Error | undefined;
  const fail = (error: Error): void => {
    sourceError = error;
    failed(error);
  };
  const source = replay ? sourceOf(body, fail) : undefined;
  if (!replay || !source) {
    return { replayable: false, next: () => body };
  }
  const stream = new ReplayableStream(source, replay.maxBytes);
  return {
    length: isReadable(body) ? lengthOf(body) : undefined,
    get replayable() {
      return stream.replayable && !(isReadable(body) && body.destroyed && !hasEnded(body));
    },
    get error() {
      return sourceError ?? stream.sourceError;
    },
    next: () => stream.open(),
    retrying: () => {
      stream.giveUp();
    },
    release: (failure) => {
      stream.release(failure);
    },
  };
}

/** Of one that was written to its end already, or is when it is asked: undici sends that with a Content-Length. */
function lengthOf(readable: Readable): number | undefined {
  readable.read(0);
  const { encoding, ended, length, objectMode } = stateOf(readable);
  return ended && !objectMode && encoding === null ? length : undefined;
}

/**
 * One of the package `readable-stream` is no instance, and undici takes it for one as well. One of `streamx` has another
 * state, does not say there that it has ended, and its `read(0)` takes a part away: only its iterator is used.
 */
function isReadable(body: object): body is Readable {
  const isLikeIt = Symbol.asyncIterator in body && stateOf(body).endEmitted !== undefined;
  return body instanceof Readable || isLikeIt;
}

/** What undici looks at too. Before version 4, a Readable of that package says most of it nowhere else. */
interface ReadableState {
  readonly encoding?: string | null;
  readonly endEmitted?: boolean;
  readonly ended?: boolean;
  readonly length?: number;
  readonly objectMode?: boolean;
}

function stateOf(readable: object): ReadableState {
  // oxlint-disable-next-line eslint/no-underscore-dangle -- its name there
  return (readable as { _readableState?: ReadableState })._readableState ?? {};
}

function hasEnded(readable: Readable): boolean {
  return stateOf(readable).endEmitted === true;
}

function isReadAnew(body: object): boolean {
  if (Array.isArray(body) || ArrayBuffer.isView(body) || body instanceof ArrayBuffer || body instanceof Blob)
    return true;
  return (body as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === 'FormData';
}

/** `undefined` for a body that is gone, which has an error of its own, and for what is no body at all. */
function sourceOf(body: object, failed: (error: Error) => void): ByteSource | undefined {
  if (isReadable(body)) {
    // Of one of `readable-stream` before version 4 that was destroyed, undici would wait for the end.
    const isGone = body.destroyed && 'readableDidRead' in body;
    return isGone || body.readableDidRead || hasEnded(body) ? undefined : sourceOfReadable(body, failed);
  }
  if (body instanceof ReadableStream) return body.locked ? undefined : sourceOfStream(body);
  if (Symbol.asyncIterator in body) return sourceOfIterable(body as AsyncIterable<unknown>);
  if (Symbol.iterator in body) return sourceOfIterable(eachOf(body as Iterable<unknown>));
  return undefined;
}

/** Its iterator would end only after the part that it waits for, and hears of an error only once it has been read. */
function sourceOfReadable(readable: Readable, failed: (error: Error) => void): ByteSource {
  const source = sourceOfIterable(readable);
  let isCancelled = false;
  let hasFailed = false;
  readable.on('error', (error: Error) => {
    // All of it was read: what fails then is another half, such as that of a socket.
    if (hasEnded(readable) || isCancelled) return;
    hasFailed = true;
    failed(error);
  });
  /** Whether it was destroyed before its end, without an error. */
  const isCutOff = (): boolean =>
    readable.destroyed && !hasEnded(readable) && !hasFailed && !readable.errored;
  readable.on('close', () => {
    if (!isCancelled && isCutOff()) failed(new errors.RequestAbortedError());
  });
  return {
    next: async () => {
      try {
        const part = await source.next();
        // Before version 4, one of `readable-stream` that was destroyed seems to have ended.
        if (!part.done || !isCutOff()) return part;
      } catch (error) {
        if (!isCutOff()) throw error;
      }
      // As undici puts it.
      throw new errors.RequestAbortedError();
    },
    cancel: (reason) => {
      isCancelled = true;
      // As undici does: a server that forwards what it is sent still has to answer over that connection.
      if (isIncomingMessage(readable)) Reflect.set(readable, 'socket', null);
      // With the reason, as undici does: whoever writes it hears why nobody reads on.
      readable.destroy(reason as Error | undefined);
    },
  };
}

/** Not imported: an import of `node:http` loads the built-in WebSocket with it, and the fetch beside that. */
function isIncomingMessage(readable: Readable): boolean {
  const { IncomingMessage } = process.getBuiltinModule('node:http');
  return Object.getPrototypeOf(readable) === IncomingMessage.prototype;
}

async function* eachOf(iterable: Iterable<unknown>): AsyncGenerator<unknown> {
  yield* iterable;
}
