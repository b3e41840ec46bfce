/** A streamed body that can be sent again: what was read from its source is kept, up to a limit. */

import { BodyNotReplayableError } from './errors.ts';

/** Where the bytes come from: a stream's reader, or an iterator. */
export interface ByteSource {
  next(): Promise<{ readonly done?: boolean | undefined; readonly value?: unknown }>;
  /** Tells the source that nobody reads on. */
  cancel(reason: unknown): unknown;
}

type Chunk = { readonly done: true } | { readonly done: false; readonly value: unknown };

const END: Chunk = { done: true };

/** The source of a stream. It must be unlocked. */
export function sourceOfStream(stream: ReadableStream<unknown>): ByteSource {
  const reader = stream.getReader();
  return {
    next: () => reader.read(),
    cancel: (reason) => reader.cancel(reason),
  };
}

/** The source of an async iterable. Strings become UTF-8, as Node's fetch makes them. */
export function sourceOfIterable(iterable: AsyncIterable<unknown>): ByteSource {
  const iterator = iterable[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  return {
    next: async () => {
      const { done, value } = (await iterator.next()) as IteratorResult<unknown, unknown>;
      return { done: done === true, value: typeof value === 'string' ? encoder.encode(value) : value };
    },
    cancel: () => iterator.return?.(),
  };
}

/**
 * Opens one stream after another over one source; each begins at the first byte. While more than `maxBytes` have not
 * been read, all of it is kept; beyond that the open stream goes on and no further one can be opened.
 */
export class ReplayableStream {
  readonly #source: ByteSource;
  readonly #maxBytes: number;
  #kept: Uint8Array[] | undefined = [];
  #size = 0;
  /** Chunks that the source has given. */
  #count = 0;
  /** The source's end. */
  #end: Promise<Chunk> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #pending: Promise<Chunk> | undefined;
  #released = false;
  /** Of the stream that is being sent. */
  #open: ReadableStreamDefaultController | undefined;
  #openStreamCancelled = false;
  /** How often a stream was given up for the next one. */
  #givenUp = 0;

  constructor(source: ByteSource, maxBytes: number) {
    this.#source = source;
    this.#maxBytes = maxBytes;
  }

  /** Whether everything that was read so far is kept. */
  get replayable(): boolean {
    return this.#kept !== undefined;
  }

  /** What the source has failed with by itself, and not because it was cancelled. */
  get sourceError(): unknown {
    return this.#end ? undefined : this.#failure?.error;
  }

  /** The whole body, once the source has ended within the limit. */
  get bytes(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#kept === undefined || this.#end === undefined) return undefined;
    const bytes = new Uint8Array(this.#size);
    let offset = 0;
    for (const chunk of this.#kept) {
      bytes.set(chunk, offset);
      offset += chunk.byteLength;
    }
    return bytes;
  }

  /**
   * A stream of the body from its first byte. The one opened before is given up.
   *
   * @throws BodyNotReplayableError when some of what was read is kept no more
   */
  open(): ReadableStream<Uint8Array<ArrayBuffer>> {
    if (!this.replayable && !this.#failure) throw notReplayable();
    let position = 0;
    this.giveUp();
    this.#openStreamCancelled = false;
    return new ReadableStream(
      {
        start: (controller) => {
          this.#open = controller;
        },
        pull: async (controller) => {
          const chunk = await this.#chunkAt(position);
          if (this.#open !== controller) return;
          position += 1;
          if (chunk.done) controller.close();
          else controller.enqueue(chunk.value as Uint8Array<ArrayBuffer>);
        },
        cancel: (reason) => {
          this.#openStreamCancelled = true;
          if (this.#released || !this.replayable) this.#cancelSource(reason);
        },
      },
      // Nothing is read from the source before the connection asks for it.
      { highWaterMark: 0 },
    );
  }

  /**
   * A retry was decided, so another stream will be opened. The open one fails: it may still be sent, and would read on,
   * beyond what is kept. What was asked of the source already is for the next one.
   */
  giveUp(): void {
    this.#leave()?.error(givenUp());
  }

  /** Nothing more is given to the open stream. */
  #leave(): ReadableStreamDefaultController | undefined {
    const open = this.#open;
    this.#open = undefined;
    this.#givenUp += 1;
    return open;
  }

  /** Reads ahead, to the end, to the limit, or until the next stream reads itself. Then the source is let go. */
  async readAhead(): Promise<void> {
    const turn = this.#givenUp;
    try {
      while (this.replayable && this.#end === undefined && turn === this.#givenUp) await this.#advance();
      if (!this.replayable) this.#cancelSource(undefined);
    } catch {
      // The sent branch of the same body fails with the same error, and reports it.
    }
  }

  /** No stream will be opened any more: lets go of what was kept, and of the source when the sending has failed. */
  release(failure?: { readonly reason: unknown }): void {
    this.#released = true;
    if (failure) {
      const open = this.#leave();
      // Its end would pass for the end of the body. Undici, which is told of the same abort, cancels it first: that it can't
      // cancel what has failed would be a rejection that nobody handles.
      queueMicrotask(() => open?.error(givenUp()));
      this.#cancelSource(failure.reason);
    } else if (this.#openStreamCancelled || this.#open === undefined) {
      // Nobody reads on.
      this.#cancelSource(undefined);
    }
  }

  async #chunkAt(position: number): Promise<Chunk> {
    const kept = this.#kept?.[position];
    if (kept) return { done: false, value: kept };
    if (this.#failure) throw this.#failure.error;
    // What comes now would be the rest of another body.
    if (position < this.#count) throw notReplayable();
    return this.#end ?? this.#advance();
  }

  /** Reads one chunk. A stream that was given up and its successor that both ask for it get the same one. */
  #advance(): Promise<Chunk> {
    this.#pending ??= this.#read().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #read(): Promise<Chunk> {
    const turn = this.#givenUp;
    try {
      const { done, value } = await this.#source.next();
      if (done) {
        this.#end = Promise.resolve(END);
        return END;
      }
      this.#count += 1;
      // What was asked for by a stream that was given up is for the next one, which may be far behind.
      if (turn === this.#givenUp) this.#keep(value, this.#released ? 0 : this.#maxBytes);
      else this.#keep(value, Infinity);
      return { done: false, value };
    } catch (error) {
      // What the source failed to give can't be sent again.
      this.#kept = undefined;
      this.#failure = { error };
      throw error;
    }
  }

  #keep(value: unknown, limit: number): void {
    if (this.#kept === undefined) return;
    // What is no bytes is for the platform to refuse.
    if (!isBytes(value) || this.#size + value.byteLength > limit) {
      this.#kept = undefined;
      return;
    }
    // A copy, for the producer may use its buffer again; `slice` of a Node Buffer is none.
    this.#kept.push(new Uint8Array(value));
    this.#size += value.byteLength;
  }

  #cancelSource(reason: unknown): void {
    if (this.#end || this.#failure) return;
    this.#end = Promise.resolve(END);
    void Promise.resolve(this.#source.cancel(reason)).catch(() => undefined);
  }
}

/** Bytes of any realm: those of a test's DOM are others than those of a stream of Node. */
function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Uint8Array]';
}

function givenUp(): Error {
  return new Error('The attempt was given up: its body is sent again');
}

function notReplayable(): BodyNotReplayableError {
  return new BodyNotReplayableError("The body was a stream that can't be sent again");
}
