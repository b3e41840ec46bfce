/** The calls that a circuit breaker looks at: the last so many, or those of the last so many ms. Constant memory. */

import { RollingSums } from './rolling-sums.ts';

/** What a window has seen. */
export interface CallCounts {
  readonly calls: number;
  readonly failures: number;
  readonly slowCalls: number;
}

/** Remembers the recent calls. */
export interface CallWindow {
  record(failed: boolean, slow: boolean, now: number): void;
  counts(now: number): CallCounts;
  clear(): void;
}

const FAILED = 1;
const SLOW = 2;
const USED = 4;

/** The last `size` calls. */
export class CountWindow implements CallWindow {
  readonly #ring: Uint8Array;
  #next = 0;
  #calls = 0;
  #failures = 0;
  #slowCalls = 0;

  constructor(size: number) {
    this.#ring = new Uint8Array(size);
  }

  record(failed: boolean, slow: boolean): void {
    this.#count(this.#ring[this.#next] as number, -1);
    const call = USED | (failed ? FAILED : 0) | (slow ? SLOW : 0);
    this.#ring[this.#next] = call;
    this.#count(call, 1);
    this.#next = (this.#next + 1) % this.#ring.length;
  }

  counts(): CallCounts {
    return { calls: this.#calls, failures: this.#failures, slowCalls: this.#slowCalls };
  }

  clear(): void {
    this.#ring.fill(0);
    this.#next = 0;
    this.#calls = 0;
    this.#failures = 0;
    this.#slowCalls = 0;
  }

  #count(call: number, by: 1 | -1): void {
    if (call & USED) this.#calls += by;
    if (call & FAILED) this.#failures += by;
    if (call & SLOW) this.#slowCalls += by;
  }
}

/** The calls of the last `duration` ms. */
export class TimeWindow implements CallWindow {
  readonly #sums: RollingSums;

  constructor(duration: number) {
    this.#sums = new RollingSums(duration, 3);
  }

  record(failed: boolean, slow: boolean, now: number): void {
    this.#sums.add(0, 1, now);
    if (failed) this.#sums.add(1, 1, now);
    if (slow) this.#sums.add(2, 1, now);
  }

  counts(now: number): CallCounts {
    const calls = this.#sums.sum(0, now);
    return { calls, failures: this.#sums.sum(1, now), slowCalls: this.#sums.sum(2, now) };
  }

  clear(): void {
    this.#sums.clear();
  }
}
