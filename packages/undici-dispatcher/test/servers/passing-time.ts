import { setTimeout as sleep } from 'node:timers/promises';

import type { VirtualClock } from '@tenax/core/testing';

/** Moves a virtual clock on, while real sockets do their work, until the promise settles. */
export async function passTime<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  const state = { settled: false };
  const settle = (): void => {
    state.settled = true;
  };
  promise.then(settle, settle);
  while (!state.settled) {
    await sleep(1);
    await clock.advance(20);
  }
  return promise;
}
