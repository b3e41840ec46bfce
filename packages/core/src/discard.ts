/** Ends a response that nobody wants, so that its connection is free for the next attempt. */

import type { Clock } from './clock.ts';
import type { Discarding } from './exchange.ts';

/** A server that sends the rest of a discarded body slower than this loses its connection. */
const LONGEST_DISCARD = 1000;

/** Fulfilled when the connection is free, or was given up because the end did not come in time. Never rejects. */
export function finishDiscarding(discarding: Discarding, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.schedule(LONGEST_DISCARD, () => {
      discarding.cancel();
      resolve();
    });
    const finish = (): void => {
      timer.cancel();
      resolve();
    };
    discarding.finished.then(finish, finish);
  });
}
