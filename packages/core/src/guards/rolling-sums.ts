/** Sums over a sliding window of time, in constant memory: a ring of buckets, the oldest of which is forgotten whole. */

const BUCKETS = 10;

/** Some sums over the last `window` ms, to a tenth of the window. */
export class RollingSums {
  readonly #bucketTime: number;
  readonly #fields: number;
  readonly #buckets: Float64Array;
  readonly #totals: Float64Array;
  /** The bucket that time is in, counted from the clock's origin. */
  #current = -Infinity;
  /** When that ends, and where it is in the ring: most calls fall into the bucket of the one before. */
  #currentEnd = -Infinity;
  #offset = 0;

  constructor(window: number, fields: number) {
    this.#bucketTime = window / BUCKETS;
    this.#fields = fields;
    this.#buckets = new Float64Array(BUCKETS * fields);
    this.#totals = new Float64Array(fields);
  }

  add(field: number, amount: number, now: number): void {
    if (now >= this.#currentEnd) this.#advance(now);
    const index = this.#offset + field;
    this.#buckets[index] = (this.#buckets[index] as number) + amount;
    this.#totals[field] = (this.#totals[field] as number) + amount;
  }

  sum(field: number, now: number): number {
    if (now >= this.#currentEnd) this.#advance(now);
    return this.#totals[field] as number;
  }

  clear(): void {
    this.#buckets.fill(0);
    this.#totals.fill(0);
  }

  #advance(now: number): void {
    const bucket = Math.floor(now / this.#bucketTime);
    // A clock that was set back stays in the bucket that it had reached.
    if (bucket <= this.#current) return;
    if (bucket - this.#current >= BUCKETS) this.clear();
    else for (let passed = this.#current + 1; passed <= bucket; passed += 1) this.#forget(passed);
    this.#current = bucket;
    this.#currentEnd = (bucket + 1) * this.#bucketTime;
    this.#offset = this.#offsetOf(bucket);
  }

  #forget(bucket: number): void {
    const offset = this.#offsetOf(bucket);
    for (let field = 0; field < this.#fields; field += 1) {
      this.#totals[field] = (this.#totals[field] as number) - (this.#buckets[offset + field] as number);
      this.#buckets[offset + field] = 0;
    }
  }

  #offsetOf(bucket: number): number {
    return (((bucket % BUCKETS) + BUCKETS) % BUCKETS) * this.#fields;
  }
}
