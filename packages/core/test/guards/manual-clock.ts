import type { Clock } from '../../src/clock.ts';

/** A clock without timers, for what only reads the time. */
export interface ManualClock extends Clock {
  time: number;
}

export function manualClock(): ManualClock {
  return {
    time: 0,
    now() {
      return this.time;
    },
    epoch() {
      return this.time;
    },
    schedule() {
      throw new Error('nothing here waits');
    },
  };
}
