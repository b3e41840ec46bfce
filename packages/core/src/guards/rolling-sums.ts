/** Sums over a sliding window of time, in constant memory: a ring of buckets, the oldest of which is forgotten whole. */

const BUCKETS = 10;

/** Some sums over the last `window` ms, to a tenth of the window. */
export class RollingSums {
  readonly #bucketTime: number;
  readonly #fields: number;
  /** The totals, and after them the buckets: a request touches as little memory as can be. */
  readonly #sums: Float64Array;
  /** The bucket that time is in, counted from the clock's origin. */
  #current = -Infinity;
  /** When that ends, and where it is among the sums: most calls fall into the bucket of the one before. */
  #currentEnd = -Infinity;
  #offset = 0;

  constructor(window: number, fields: number) {
    this.#bucketTime = window / BUCKETS;
    this.#fields = fields;
    this.#sums = new Float64Array((1 + BUCKETS) * fields);
  }

  add(field: number, amount: number, now: number): void {
    if (now >= this.#currentEnd) this.#advance(now);
    const index = this.#offset + field;
    this.#sums[index] = (this.#sums[index] as number) + amount;
    this.#sums[field] = (this.#sums[field] as number) + amount;
  }

  sum(field: number, now: number): number {
    if (now >= this.#currentEnd) this.#advance(now);
    return this.#sums[field] as number;
  }

  clear(): void {
    this.#sums.fill(0);
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
      this.#sums[field] = (this.#sums[field] as number) - (this.#sums[offset + field] as number);
      this.#sums[offset + field] = 0;
    }
  }

  #offsetOf(bucket: number): number {
    return (1 + (((bucket % BUCKETS) + BUCKETS) % BUCKETS)) * this.#fields;
  }
}
