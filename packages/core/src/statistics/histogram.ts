/**
 * Quantiles of durations in constant memory, each within 1 % of a value that was really seen: buckets that grow by a
 * fixed ratio (the mapping of DDSketch: Masson, Rim, Lee, VLDB 2019). The published sketch and histogram packages
 * weigh more than the whole engine, and core depends on zod alone.
 */

const RELATIVE_ERROR = 0.01;
const RATIO = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const LOG_RATIO = Math.log(RATIO);
/** Faster than this is bucket 0. */
const SMALLEST = 0.001;
/** About eleven days; slower is the last bucket. */
const LARGEST = 1e9;
const BUCKETS = Math.ceil(Math.log(LARGEST / SMALLEST) / LOG_RATIO) + 1;

/** Counts durations in ms. */
export class DurationHistogram {
  count = 0;
  sum = 0;
  readonly #buckets = new Float64Array(BUCKETS);

  record(duration: number): void {
    this.count += 1;
    this.sum += duration;
    const index = duration > SMALLEST ? Math.ceil(Math.log(duration / SMALLEST) / LOG_RATIO) : 0;
    const bucket = Math.min(index, BUCKETS - 1);
    this.#buckets[bucket] = (this.#buckets[bucket] as number) + 1;
  }

  /** The mean in ms; 0 when nothing was counted. */
  mean(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }

  /**
   * The value in ms below which the share `quantile` lies, within 1 %; 0 when nothing was counted.
   *
   * @param other counted as well
   */
  quantile(quantile: number, other?: DurationHistogram): number {
    const rank = quantile * (this.count + (other?.count ?? 0) - 1);
    let seen = 0;
    for (let index = 0; index < BUCKETS; index += 1) {
      seen += (this.#buckets[index] as number) + (other ? (other.#buckets[index] as number) : 0);
      if (seen > rank) return index === 0 ? 0 : (SMALLEST * RATIO ** index * 2) / (1 + RATIO);
    }
    return 0;
  }
}
