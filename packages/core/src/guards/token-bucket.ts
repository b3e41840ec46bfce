/** A bucket that fills with time. */

/** A shortage smaller than this is rounding. */
const EPSILON = 1e-9;

/** Tokens that come at a rate, up to a limit. There are never fewer than none. Times in ms. */
export class TokenBucket {
  #level: number;
  #limit: number;
  #perSecond: number;
  #filledAt: number;

  constructor(perSecond: number, limit: number, level: number, now: number) {
    this.#perSecond = perSecond;
    this.#limit = limit;
    this.#level = level;
    this.#filledAt = now;
  }

  get perSecond(): number {
    return this.#perSecond;
  }

  /** The tokens that are there. */
  level(now: number): number {
    const elapsed = Math.max(0, now - this.#filledAt);
    this.#level = Math.min(this.#limit, this.#level + (elapsed * this.#perSecond) / 1000);
    this.#filledAt = Math.max(this.#filledAt, now);
    return this.#level;
  }

  /** What came until now came at the old rate. */
  setRate(perSecond: number, limit: number, now: number): void {
    this.level(now);
    this.#perSecond = perSecond;
    this.#limit = limit;
    this.#level = Math.min(this.#level, limit);
  }

  take(): void {
    this.#level = Math.max(0, this.#level - 1);
  }

  /** ms until `tokens` are there, however large the limit; 0 when they are. */
  timeUntil(tokens: number, now: number): number {
    const missing = tokens - this.level(now);
    return missing <= EPSILON ? 0 : (missing * 1000) / this.#perSecond;
  }
}
