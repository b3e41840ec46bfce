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
  let free: (() => void) | undefined;
  const finished = new Promise<void>((resolve) => {
    free = resolve;
  });
  const cancel = (): void => {
    finish();
    discarding.cancel();
  };
  const timer = clock.schedule(LONGEST_DISCARD, cancel);
  const finish = (): void => {
    timer.cancel();
    free?.();
  };
  discarding.finished.then(finish, finish);
  return { finished, cancel };
}
