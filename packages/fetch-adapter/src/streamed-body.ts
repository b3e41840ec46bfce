/** Bodies that are read while they are sent, and kept so that they can be sent again. */

import { ReplayableStream, sourceOfStream } from '@tenax/core';

import { initOf } from './fetch-arguments.ts';
import type { FetchArguments } from './fetch-arguments.ts';
import type { RequestBody } from './request-body.ts';

/** Required for every streamed body; the types of the DOM do not know it yet. */
const HALF_DUPLEX: object = { duplex: 'half' };

/** A stream in `init.body`. */
export class StreamBody implements RequestBody {
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

  get error(): unknown {
    return this.#stream.sourceError;
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

/** What a body is cloned with. */
type Holder = Pick<Request, 'body'>;

/**
 * A body whose length the platform may know. A clone is sent first, since it alone keeps the Content-Length, and the
 * original is read beside it. That tees the body, so it is read no further than the limit.
 */
export class TeedBody implements RequestBody {
  readonly #again: FetchArguments;
  readonly #clone: Holder;
  readonly #stream: ReplayableStream;
  #first: FetchArguments | undefined;

  static ofRequest(
    request: Request,
    clone: Request,
    init: RequestInit | undefined,
    maxBytes: number,
  ): TeedBody {
    // Read before the body is: Bun forgets the Content-Type that came with it.
    const headers = init?.headers ?? request.headers;
    const again = { input: request, init: { ...initOf(request, init), headers } };
    return new TeedBody({ input: clone, init }, again, clone, request, maxBytes);
  }

  static ofStream(input: string | URL | Request, init: RequestInit, maxBytes: number): TeedBody {
    const original = new Response(init.body);
    const clone = original.clone();
    return new TeedBody(
      { input, init: { ...init, body: clone.body } },
      { input, init },
      clone,
      original,
      maxBytes,
    );
  }

  private constructor(
    first: FetchArguments,
    again: FetchArguments,
    clone: Holder,
    original: Holder,
    maxBytes: number,
  ) {
    this.#first = first;
    this.#again = again;
    this.#clone = clone;
    this.#stream = new ReplayableStream(sourceOfStream(original.body as ReadableStream<unknown>), maxBytes);
    void this.#stream.readAhead();
  }

  get replayable(): boolean {
    return this.#stream.replayable;
  }

  get concurrent(): boolean {
    return this.#stream.bytes !== undefined;
  }

  get error(): unknown {
    return this.#stream.sourceError;
  }

  next(): FetchArguments {
    const first = this.#first;
    this.#first = undefined;
    if (first) return first;
    const { input, init } = this.#again;
    const body = this.#stream.bytes ?? this.#stream.open();
    return { input, init: { ...init, body, ...HALF_DUPLEX } };
  }

  retrying(): void {
    this.#stream.giveUp();
    this.#cancel();
  }

  release(failure?: { readonly reason: unknown }): void {
    this.#stream.release(failure);
    if (failure) this.#cancel(failure.reason);
  }

  /**
   * A source is cancelled when both branches are, and one that nobody reads keeps all that the other does. Where it was
   * never connected, the platform leaves its branch alone; one that it reads is locked, and its own business.
   */
  #cancel(reason?: unknown): void {
    void this.#clone.body?.cancel(reason).catch(() => undefined);
  }
}
