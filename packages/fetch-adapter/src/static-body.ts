/** Bodies that fetch reads anew each time. */

import { BodyNotReplayableError } from '@tenax/core';

import type { FetchArguments } from './fetch-arguments.ts';
import type { RequestBody } from './request-body.ts';

/** Bodies that are no streams, and no body at all: fetch reads them anew each time. */
export class StaticBody implements RequestBody {
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
export class Bytes extends StaticBody {
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

/** A Request that nothing is kept of. Its body, if it has one, is not looked at before it is sent. */
export class UnkeptBody extends StaticBody {
  readonly #request: Request;

  constructor(request: Request, init: RequestInit | undefined) {
    super(request, init);
    this.#request = request;
  }

  override get replayable(): boolean {
    return this.#request.body === null;
  }
}

/** A Request whose body can't be looked at (older Firefox): the platform clones it. */
export class OpaqueBody implements RequestBody {
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
