/** The sums over all operations of an engine, by destination, for all the time and for the last minute. */

import type { Clock } from '../clock.ts';
import { OperationSums } from './operation-sums.ts';
import { lengthOfLastMinute, RecentSums } from './recent-sums.ts';
import { summarize } from './snapshot.ts';
import type { KeyStatistics, StatisticsSnapshot, WindowSummary } from './snapshot.ts';

/** The sums of one destination. */
export interface KeySums {
  readonly key: string;
  readonly sums: RecentSums;
}

/**
 * Operations are counted once, into the sums of their destination; the total is put together when somebody asks for it.
 */
export class StatisticsAggregate {
  readonly #clock: Clock;
  #since: number;
  /** The destinations that are not kept any more. */
  #forgotten: RecentSums = new RecentSums();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.now();
  }

  /** The destination will not be kept any more. */
  forget(sums: RecentSums): void {
    this.#forgotten.absorb(sums, this.#clock.now());
  }

  /** Starts again from zero, as the sums of the destinations do. */
  reset(): void {
    this.#since = this.#clock.now();
    this.#forgotten = new RecentSums();
  }

  snapshot(destinations: Iterable<KeySums>): StatisticsSnapshot {
    const now = this.#clock.now();
    const duration = Math.max(0, Math.min(now - this.#since, lengthOfLastMinute(now)));
    const total = new OperationSums();
    const lastMinute = new OperationSums();
    this.#forgotten.addTo(total, lastMinute, now);
    const keys: KeyStatistics[] = [];
    for (const { key, sums } of destinations) {
      const ofKey = new OperationSums();
      const lastMinuteOfKey = new OperationSums();
      sums.addTo(ofKey, lastMinuteOfKey, now);
      total.add(ofKey);
      lastMinute.add(lastMinuteOfKey);
      if (ofKey.isEmpty) continue;
      keys.push(
        Object.freeze({ key, ...summarize(ofKey), lastMinute: summarizeWindow(lastMinuteOfKey, duration) }),
      );
    }
    return Object.freeze({
      ...summarize(total),
      lastMinute: summarizeWindow(lastMinute, duration),
      keys: Object.freeze(keys),
    });
  }
}

function summarizeWindow(sums: OperationSums, duration: number): WindowSummary {
  return Object.freeze({ duration, ...summarize(sums) });
}
