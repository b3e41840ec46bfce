/** What is counted under `_other`, for keys beyond those that are named. */

import type { Attributes } from '@opentelemetry/api';

/** What a series is at. */
export interface Sum {
  value: number;
  readonly attributes: Attributes;
}

/** A series of `_other`. */
interface Series {
  /** Of keys that are gone, or have begun again. */
  carried: number;
  /** What each key was at when it was read last. */
  keys: Map<string, number>;
  readonly attributes: Attributes;
}

/** Keeps the sums of keys that the engine has forgotten: a counter never falls. */
export class OtherCounters {
  readonly #series = new Map<string, Series>();
  /** What has been read since the last `carry`. */
  readonly #read = new Map<string, Map<string, number>>();

  /** @param series its name, which begins with that of its metric */
  read(series: string, key: string, value: number, attributes: Attributes): void {
    if (!this.#series.has(series)) this.#series.set(series, { carried: 0, keys: new Map(), attributes });
    const read = this.#read.get(series) ?? new Map<string, number>();
    this.#read.set(series, read.set(key, value));
  }

  /** All keys of a metric have been read: adds what those were at that are gone, or have begun again. */
  carry(metric: string, sums: Map<string, Sum>): void {
    for (const [name, series] of this.#series) {
      if (!name.startsWith(metric)) continue;
      const read = this.#read.get(name) ?? new Map<string, number>();
      this.#read.delete(name);
      for (const [key, value] of series.keys) if ((read.get(key) ?? -1) < value) series.carried += value;
      series.keys = read;
      const sum = sums.get(name.slice(metric.length));
      if (sum) sum.value += series.carried;
      else sums.set(name.slice(metric.length), { value: series.carried, attributes: series.attributes });
    }
  }
}
