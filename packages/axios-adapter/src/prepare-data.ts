/** Which bodies need care, so that they can be sent more than once. */

import { ReplayableStream, sourceOfStream } from '@tenax/core';
import type { RetryPolicy } from '@tenax/core';
import type { InternalAxiosRequestConfig } from 'axios';

import { isWebStream } from './axios-outcome.ts';
import { isNodeStream, NodeStreamData, nodeStreamModule } from './node-stream-data.ts';
import type { RequestData } from './request-data.ts';

/** What can be sent once, as it is. */
const SENT_ONCE: RequestData = {
  replayable: false,
  apply: () => undefined,
};

/**
 * Prepares a body. axios has made text of objects before; what is read once is left to care for. `undefined` for bodies
 * that an adapter reads anew each time.
 */
export function prepareData(
  config: InternalAxiosRequestConfig,
  policy: Pick<RetryPolicy, 'maxAttempts' | 'replay'>,
): RequestData | undefined {
  const data: unknown = config.data;
  if (typeof data !== 'object' || data === null) return undefined;
  const replay = policy.maxAttempts > 1 && policy.replay;
  if (isWebStream(data)) {
    if (!replay || data.locked) return SENT_ONCE;
    return new WebStreamData(new ReplayableStream(sourceOfStream(data), replay.maxBytes));
  }
  if (!isNodeStream(data)) return isIterator(data) ? SENT_ONCE : undefined;
  const stream = nodeStreamModule();
  // A stream that is gone has an error of its own.
  if (!replay || !stream || data.destroyed) return SENT_ONCE;
  return new NodeStreamData(data, stream, replay.maxBytes);
}

/** With a `transformRequest` of the caller's, axios' fetch or an adapter of the caller's may be given one. */
function isIterator(data: object): boolean {
  return 'next' in data && (Symbol.asyncIterator in data || Symbol.iterator in data);
}

class WebStreamData implements RequestData {
  readonly #stream: ReplayableStream;

  constructor(stream: ReplayableStream) {
    this.#stream = stream;
  }

  get replayable(): boolean {
    return this.#stream.replayable;
  }

  get error(): unknown {
    return this.#stream.sourceError;
  }

  apply(config: InternalAxiosRequestConfig): void {
    config.data = this.#stream.open();
  }

  retrying(): void {
    this.#stream.giveUp();
  }

  release(failure?: { readonly reason: unknown }): void {
    this.#stream.release(failure);
  }
}
