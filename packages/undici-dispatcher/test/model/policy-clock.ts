/** The clock that a policy gets: it knows which timers are the package's own. */

import type { Clock } from '@tenax/core';

export class PolicyClock implements Clock {
  pending = 0;
  readonly #clock: Clock;
  readonly #onFired: () => void;

  /** @param onFired told after each timer that has fired */
  constructor(clock: Clock, onFired: () => void) {
    this.#clock = clock;
    this.#onFired = onFired;
  }

  now(): number {
    return this.#clock.now();
  }

  epoch(): number {
    return this.#clock.epoch();
  }

  schedule(delay: number, callback: () => void): ReturnType<Clock['schedule']> {
    let isPending = true;
    const done = (): void => {
      if (isPending) this.pending -= 1;
      isPending = false;
    };
    this.pending += 1;
    const timer = this.#clock.schedule(delay, () => {
      done();
      callback();
      this.#onFired();
    });
    return {
      cancel: () => {
        done();
        timer.cancel();
      },
    };
  }
}
