/** A clock for a real network: short waits take their time, long ones end when a test says so. */

import type { Clock } from '@tenax/core';

/** ms from which on a wait is long. */
export const LONG = 1000;

export class PatientClock implements Clock {
  readonly #long = new Set<() => void>();

  now(): number {
    return 0;
  }

  epoch(): number {
    return 0;
  }

  schedule(delay: number, callback: () => void): ReturnType<Clock['schedule']> {
    if (delay >= LONG) {
      this.#long.add(callback);
      return { cancel: () => void this.#long.delete(callback) };
    }
    const timer = setTimeout(callback, delay);
    return {
      cancel: () => {
        clearTimeout(timer);
      },
    };
  }

  /** Ends every long wait. */
  expire(): void {
    const callbacks = [...this.#long];
    this.#long.clear();
    for (const callback of callbacks) callback();
  }

  get pending(): number {
    return this.#long.size;
  }
}
