/** A fetch response in the engine's words, and its end when nobody wants it. */

import { discardStream } from '@tenax/core';
import type { Discarding, ResponseOutcome } from '@tenax/core';

/** Describes a response. Nothing of its body is read unless a predicate asks for it. */
export class FetchOutcome implements ResponseOutcome {
  readonly kind = 'response';
  readonly #response: Response;

  constructor(response: Response) {
    this.#response = response;
  }

  get status(): number {
    return this.#response.status;
  }

  get headers(): Headers {
    return this.#response.headers;
  }

  /** A clone that is read keeps the caller's own response whole. */
  text(): Promise<string> {
    return this.#response.clone().text();
  }

  json(): Promise<unknown> {
    return this.#response.clone().json();
  }
}

/** Ends a response, where it has a web stream: React Native's has no `body`, node-fetch has one of Node's. */
export function discardResponse(response: Response): Discarding | undefined {
  const { body } = response as { body?: ReadableStream<Uint8Array> | null };
  if (typeof body?.getReader !== 'function') return undefined;
  return discardStream(body, response.headers.get('content-length'));
}
