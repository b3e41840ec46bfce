/** The sums of one destination: those of the last minute in slices, and those of all the time before. */

import type { FailureClass, OperationResult } from '../outcome.ts';
import { OperationSums } from './operation-sums.ts';

/** In ms. */
const SLICE = 10_000;
/** The slices of the last minute, with the one that time is in. */
const SLICES = 6;
/** How many successes are counted together. */
const BATCH = 64;

interface Slice {
  /** Its place in time, counted from the clock's origin. */
  readonly index: number;
  readonly sums: OperationSums;
}

/** Counts into one slice; what it counted moves to the older sums when the slice is a minute old. */
export class RecentSums {
  #older: OperationSums | undefined;
  /** Oldest first. Those in which nothing ended are absent. */
  #slices: Slice[] = [];
  #current: OperationSums | undefined;
  /** When the current slice ends: most ends fall into the slice of the one before. */
  #currentEnd = -Infinity;
  /**
   * The times of operations that succeeded at once, which are still to be counted into the current slice. Counting each
   * of them alone touches a dozen objects that nothing else of a request needs: where they are in no cache, that takes
   * a fifth of what an operation costs.
   */
  readonly #uncounted = new Float64Array(BATCH);
  #uncountedLength = 0;

  attemptEnded(
    attemptNumber: number,
    responseTime: number,
    failureClass: FailureClass | undefined,
    now: number,
  ): void {
    this.#at(now).attemptEnded(attemptNumber, responseTime, failureClass);
  }

  /** An operation ended with the success of its first attempt. */
  succeededAtOnce(responseTime: number, now: number): void {
    this.#at(now);
    this.#uncounted[this.#uncountedLength] = responseTime;
    this.#uncountedLength += 1;
    if (this.#uncountedLength === BATCH) this.#count();
  }

  operationEnded(result: OperationResult, attempts: number, retryOverhead: number, now: number): void {
    this.#at(now).operationEnded(result, attempts, retryOverhead);
  }

  /** Counts what another one has counted. */
  absorb(other: RecentSums, now: number): void {
    other.#count();
    if (other.#older) (this.#older ??= new OperationSums()).add(other.#older);
    for (const { index, sums } of other.#slices) this.#slice(index).add(sums);
    this.#foldBefore(oldestSlice(now));
  }

  /** Adds what was counted to the sums of all the time and to those of the last minute. */
  addTo(total: OperationSums, lastMinute: OperationSums, now: number): void {
    this.#count();
    if (this.#older) total.add(this.#older);
    const oldest = oldestSlice(now);
    for (const { index, sums } of this.#slices) {
      total.add(sums);
      if (index >= oldest) lastMinute.add(sums);
    }
  }

  #at(now: number): OperationSums {
    // A clock that was set back stays in the slice that it had reached.
    if (now < this.#currentEnd && this.#current) return this.#current;
    this.#count();
    const index = sliceAt(now);
    this.#current = this.#slice(index);
    this.#currentEnd = (index + 1) * SLICE;
    this.#foldBefore(oldestSlice(now));
    return this.#current;
  }

  #count(): void {
    for (let at = 0; at < this.#uncountedLength; at += 1) {
      this.#current?.attemptEnded(1, this.#uncounted[at] as number, undefined);
      this.#current?.operationEnded('success', 1, 0);
    }
    this.#uncountedLength = 0;
  }

  #foldBefore(oldest: number): void {
    while ((this.#slices[0]?.index ?? Infinity) < oldest) {
      (this.#older ??= new OperationSums()).add((this.#slices.shift() as Slice).sums);
    }
  }

  #slice(index: number): OperationSums {
    const place = this.#slices.findLastIndex((slice) => slice.index <= index);
    const known = this.#slices[place];
    if (known?.index === index) return known.sums;
    const sums = new OperationSums();
    this.#slices.splice(place + 1, 0, { index, sums });
    return sums;
  }
}

/** How long ago the last minute began, in ms: its oldest slice is whole, the newest is the one that time is in. */
export function lengthOfLastMinute(now: number): number {
  return now - oldestSlice(now) * SLICE;
}

function oldestSlice(now: number): number {
  return sliceAt(now) - SLICES + 1;
}

function sliceAt(now: number): number {
  return Math.floor(now / SLICE);
}
