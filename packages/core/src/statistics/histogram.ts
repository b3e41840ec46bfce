/**
 * Quantiles of durations in constant memory, each within 1 % of a value that was really seen: buckets that grow by a
 * fixed ratio (the mapping of DDSketch: Masson, Rim, Lee, VLDB 2019), of which only the range that was used is kept.
 *
 * It is our own because core runs in browsers: `hdr-histogram-js` is 60 KB, gzipped; `@datadog/sketches-js` asks for a
 * `protobufjs` that it does not depend on, so that no bundler resolves it; a t-digest has no bound of its error.
 */

const RELATIVE_ERROR = 0.01;
const RATIO = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const LOG_RATIO = Math.log(RATIO);
/** Faster than this is bucket 0. */
const SMALLEST = 0.001;
/** About eleven days; slower is the last bucket. */
const LARGEST = 1e9;
const LAST_BUCKET = Math.ceil(Math.log(LARGEST / SMALLEST) / LOG_RATIO);
/** The kept range grows by so many buckets at least. */
const GROWTH = 32;

const NOTHING = new Float64Array(0);

/** Counts durations in ms. */
export class DurationHistogram {
  count = 0;
  sum = 0;
  /** The buckets from number `#first` on. */
  #buckets: Float64Array = NOTHING;
  #first = 0;

  record(duration: number): void {
    this.count += 1;
    this.sum += duration;
    const index = duration > SMALLEST ? Math.ceil(Math.log(duration / SMALLEST) / LOG_RATIO) : 0;
    const bucket = Math.min(index, LAST_BUCKET);
    if (bucket < this.#first || bucket >= this.#first + this.#buckets.length) this.#cover(bucket, bucket);
    const place = bucket - this.#first;
    this.#buckets[place] = (this.#buckets[place] as number) + 1;
  }

  /** Counts what another one has counted. */
  add(other: DurationHistogram): void {
    if (other.count === 0) return;
    this.count += other.count;
    this.sum += other.sum;
    const buckets = other.#buckets;
    this.#cover(other.#first, other.#first + buckets.length - 1);
    const shift = other.#first - this.#first;
    for (let place = 0; place < buckets.length; place += 1) {
      this.#buckets[place + shift] = (this.#buckets[place + shift] as number) + (buckets[place] as number);
    }
  }

  /** The mean in ms; 0 when nothing was counted. */
  mean(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }

  /** The value in ms below which the share `quantile` lies, within 1 %; 0 when nothing was counted. */
  quantile(quantile: number): number {
    const rank = quantile * (this.count - 1);
    let seen = 0;
    for (let place = 0; place < this.#buckets.length; place += 1) {
      seen += this.#buckets[place] as number;
      if (seen > rank) return valueOf(this.#first + place);
    }
    return 0;
  }

  /** Makes room for the buckets of a range. */
  #cover(from: number, to: number): void {
    const empty = this.#buckets.length === 0;
    const first = empty ? from : Math.min(from, this.#first);
    const last = empty ? to : Math.max(to, this.#first + this.#buckets.length - 1);
    if (!empty && first === this.#first && last < this.#first + this.#buckets.length) return;
    const start = Math.floor(first / GROWTH) * GROWTH;
    const grown = new Float64Array(Math.ceil((last + 1 - start) / GROWTH) * GROWTH);
    grown.set(this.#buckets, empty ? 0 : this.#first - start);
    this.#buckets = grown;
    this.#first = start;
  }
}

/** The middle of a bucket, in ms. */
function valueOf(bucket: number): number {
  return bucket === 0 ? 0 : (SMALLEST * RATIO ** bucket * 2) / (1 + RATIO);
}
