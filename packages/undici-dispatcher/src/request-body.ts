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
      return stream.replayable && !(isReadable(body) && body.destroyed && !body.readableEnded);
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
  // oxlint-disable-next-line eslint/no-underscore-dangle -- where undici looks too
  const { ended } = (readable as { _readableState?: { ended?: boolean } })._readableState ?? {};
  const isWhole = ended && !readable.readableObjectMode && readable.readableEncoding === null;
  return isWhole ? readable.readableLength : undefined;
}

/** One of the package `readable-stream` is no instance, and undici takes it for one as well. */
function isReadable(body: object): body is Readable {
  return body instanceof Readable || 'readableDidRead' in body;
}

function isReadAnew(body: object): boolean {
  if (Array.isArray(body) || ArrayBuffer.isView(body) || body instanceof ArrayBuffer || body instanceof Blob)
    return true;
  return (body as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === 'FormData';
}

/** `undefined` for a body that is gone, which has an error of its own, and for what is no body at all. */
function sourceOf(body: object, failed: (error: Error) => void): ByteSource | undefined {
  if (isReadable(body)) {
    return body.destroyed || body.readableDidRead ? undefined : sourceOfReadable(body, failed);
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
  readable.on('error', (error: Error) => {
    // All of it was read: what fails then is another half, such as that of a socket.
    if (!readable.readableEnded && !isCancelled) failed(error);
  });
  readable.on('close', () => {
    if (!isCancelled && isCutOff(readable)) failed(new errors.RequestAbortedError());
  });
  return {
    next: async () => {
      try {
        return await source.next();
      } catch (error) {
        // As undici puts it.
        throw isCutOff(readable) ? new errors.RequestAbortedError() : error;
      }
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

/** Whether it was destroyed before its end, without an error. */
function isCutOff(readable: Readable): boolean {
  return readable.destroyed && !readable.readableEnded && readable.errored === null;
}

/** Not imported: an import of `node:http` loads the built-in WebSocket with it, and the fetch beside that. */
function isIncomingMessage(readable: Readable): boolean {
  const { IncomingMessage } = process.getBuiltinModule('node:http');
  return Object.getPrototypeOf(readable) === IncomingMessage.prototype;
}

async function* eachOf(iterable: Iterable<unknown>): AsyncGenerator<unknown> {
  yield* iterable;
}
