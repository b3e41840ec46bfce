/** A fetch response in the engine's words, and its end when nobody wants it. */

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

  text(): Promise<string> {
    return this.#copy().text();
  }

  json(): Promise<unknown> {
    return this.#copy().json();
  }

  /** The clone that was read keeps the caller's own response whole. */
  #copy(): Response {
    return this.#response.clone();
  }
}

/** A body up to this size is cheaper to read than a new connection. */
const LARGEST_DRAIN = 64 * 1024;

/** Ends a response: a small body is read to its end, which frees the connection; a larger one is cancelled. */
export function discardResponse(response: Response): Discarding | undefined {
  // Not every fetch has streams: React Native's has no `body`, node-fetch has one of Node's.
  const { body } = response as { body?: ReadableStream<Uint8Array> | null };
  if (typeof body?.getReader !== 'function' || body.locked) return undefined;
  const reader = body.getReader();
  const cancel = (): void => {
    void reader.cancel().catch(() => undefined);
  };
  return { finished: drain(reader, Number(response.headers.get('content-length')), cancel), cancel };
}

async function drain(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  contentLength: number,
  cancel: () => void,
): Promise<void> {
  if (contentLength > LARGEST_DRAIN) {
    cancel();
    return;
  }
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    size += value.byteLength;
    if (size > LARGEST_DRAIN) {
      cancel();
      return;
    }
  }
}
