/** Bodies that fetch reads anew each time. */

import { BodyNotReplayableError } from '@tenax/core';

import type { FetchArguments } from './fetch-arguments.ts';
import type { RequestBody } from './request-body.ts';

const always = (): boolean => true;
const never = (): boolean => false;

/** Bodies that are no streams, and no body at all: fetch reads them anew each time. */
export class StaticBody implements RequestBody {
  readonly #arguments: FetchArguments;
  readonly #isReplayable: () => boolean;

  constructor(
    input: string | URL | Request,
    init: RequestInit | undefined,
    isReplayable: () => boolean = always,
  ) {
    this.#arguments = { input, init };
    this.#isReplayable = isReplayable;
  }

  get replayable(): boolean {
    return this.#isReplayable();
  }

  get concurrent(): boolean {
    return this.replayable;
  }

  next(): FetchArguments {
    return this.#arguments;
  }
}

/** A body that the platform reads once, or refuses. */
export function unkeptBody(input: string | URL | Request, init: RequestInit | undefined): StaticBody {
  return new StaticBody(input, init, never);
}

/** A Request that nothing is kept of. Its body, if it has one, is not looked at before it is sent. */
export function unkeptRequest(request: Request, init: RequestInit | undefined): StaticBody {
  return new StaticBody(request, init, () => request.body === null);
}

/**
 * Bytes: too many to be copied for a retry that most requests do not need. Their owner may transfer them away meanwhile,
 * and fetch would send nothing, without a word.
 */
export class Bytes extends StaticBody {
  constructor(
    input: string | URL | Request,
    init: RequestInit | undefined,
    bytes: ArrayBuffer | ArrayBufferView,
  ) {
    const { byteLength } = bytes;
    super(input, init, () => bytes.byteLength === byteLength);
  }

  override next(): FetchArguments {
    if (!this.replayable)
      throw new BodyNotReplayableError('The body was transferred: it has no bytes any more');
    return super.next();
  }
}

/** A Request whose body can't be looked at (older Firefox): the platform clones it. */
export class OpaqueBody extends StaticBody {
  override next(): FetchArguments {
    const { input, init } = super.next();
    return { input: (input as Request).clone(), init };
  }
}
