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
export class TeedBody implements RequestBody {
  readonly #request: Request;
  /** Read before the body is: Bun forgets the Content-Type that came with it. */
  readonly #headers: Headers;
  readonly #init: RequestInit | undefined;
  readonly #stream: ReplayableStream;
  #first: Request | undefined;

  constructor(request: Request, clone: Request, init: RequestInit | undefined, maxBytes: number) {
    this.#request = request;
    this.#headers = request.headers;
    this.#init = init;
    this.#first = clone;
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
    const headers = this.#init?.headers ?? this.#headers;
    const init = { ...initOf(this.#request, this.#init), headers, body, ...HALF_DUPLEX };
    return { input: this.#request, init };
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
