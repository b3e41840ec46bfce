/** Ends a response that nobody wants, so that its connection is free for the next attempt. */

import type { Clock } from './clock.ts';
import type { Discarding } from './exchange.ts';

/** A server that sends the rest of a discarded body slower than this loses its connection. */
const LONGEST_DISCARD = 1000;

/**
 * The same discarding, bounded: it is finished when the connection is free, or was given up because the end did not
 * come in time. It never rejects, and leaves no timer behind.
 */
export function boundDiscarding(discarding: Discarding, clock: Clock): Discarding {
  const { promise: finished, resolve: free } = Promise.withResolvers<void>();
  const cancel = (): void => {
    finish();
    discarding.cancel();
  };
  const timer = clock.schedule(LONGEST_DISCARD, cancel);
  const finish = (): void => {
    timer.cancel();
    free();
  };
  discarding.finished.then(finish, finish);
  return { finished, cancel };
}

/** A body up to this size, in bytes, is cheaper to read than a new connection. */
export const LARGEST_DRAIN: number = 64 * 1024;

/**
 * Ends the body of a response that nobody wants: a small one is read to its end, which frees the connection; a larger one
 * is cancelled.
 *
 * @param contentLength what the server says of its size
 * @returns `undefined` where somebody reads it already
 *
 * @example
 * discard: (response) => response.body && discardStream(response.body, response.headers.get('content-length'))
 */
export function discardStream(
  stream: ReadableStream<Uint8Array>,
  contentLength: unknown,
): Discarding | undefined {
  if (stream.locked) return undefined;
  const reader = stream.getReader();
  const cancel = (): void => {
    void reader.cancel().catch(() => undefined);
  };
  const finished = drain(reader, Number(contentLength) || 0, cancel);
  // Whoever cancels at once waits for no end, and the body may have broken off before.
  finished.catch(() => undefined);
  return { finished, cancel };
}

async function drain(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  contentLength: number,
  cancel: () => void,
): Promise<void> {
  let size = 0;
  while (Math.max(size, contentLength) <= LARGEST_DRAIN) {
    const { done, value } = await reader.read();
    if (done) return;
    size += value.byteLength;
  }
  cancel();
}
