// A request that a server holds while another is sent beside it.
import type { VirtualClock } from '@tenax/core/testing';

import { silence } from './flaky-server.ts';
import type { Answer, FlakyServer } from './flaky-server.ts';

/** An answer that never comes, and the end of its connection. */
export function held(begin: Answer = silence): { answer: Answer; closed: Promise<void> } {
  let end: (() => void) | undefined;
  const closed = new Promise<void>((resolve) => {
    end = resolve;
  });
  const answer: Answer = (response, request, seen) => {
    request.socket.once('close', () => end?.());
    begin(response, request, seen);
  };
  return { answer, closed };
}

/** Lets the delay of the hedge pass when the server has the first request. */
export async function passDelay<T>(
  server: FlakyServer,
  clock: VirtualClock,
  delay: number,
  pending: Promise<T>,
): Promise<T> {
  await server.received(1);
  await clock.advance(delay);
  return pending;
}
