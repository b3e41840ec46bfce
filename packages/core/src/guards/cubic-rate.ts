/**
 * The send rate that the AWS SDKs' adaptive mode finds: it falls by 30 % when the server throttles, and climbs back on
 * a cubic curve (CUBIC, RFC 9438) that is flat around the rate that was too much. Times in seconds, rates per second.
 */

/** What is left of a rate after a throttled response. */
const BETA = 0.7;
/** How steep the curve is. */
const SCALE = 0.4;
/** The weight of the last half second in the measured rate. */
const SMOOTH = 0.8;
/** Half seconds are counted. */
const BUCKETS_PER_SECOND = 2;

/** The rate after a throttled response at `rate`. */
export function cubicThrottle(rate: number): number {
  return rate * BETA;
}

/** The rate `seconds` after a response was throttled at `lastMaxRate`. */
export function cubicSuccess(lastMaxRate: number, seconds: number): number {
  const untilLastMax = Math.cbrt((lastMaxRate * (1 - BETA)) / SCALE);
  return SCALE * (seconds - untilLastMax) ** 3 + lastMaxRate;
}

/** Learns a rate from responses. */
export class CubicRate {
  /** Responses per second, smoothed. */
  measured = 0;
  /** Requests per second that may be sent, once a response was throttled. */
  rate: number;
  /** Whether a response was ever throttled. */
  throttled = false;
  readonly #minRate: number;
  #lastMaxRate = 0;
  #lastThrottle = 0;
  #responses = 0;
  #bucket: number | undefined;
  #latest = -Infinity;

  constructor(minRate: number) {
    this.#minRate = minRate;
    this.rate = minRate;
  }

  /** A response has come. */
  update(throttled: boolean, answeredAt: number): void {
    // One that somebody thought about is told late. On the curve it would be a step back, below the rate of now.
    const seconds = Math.max(this.#latest, answeredAt);
    this.#latest = seconds;
    this.#measure(seconds);
    let target: number;
    if (throttled) {
      const current = this.throttled ? Math.min(this.measured, this.rate) : this.measured;
      this.#lastMaxRate = current;
      this.#lastThrottle = seconds;
      this.throttled = true;
      target = cubicThrottle(current);
    } else {
      // Little is measured where there is little to send. That holds the rate back, but is no reason to lower it.
      const limit = Math.max(this.rate, 2 * this.measured);
      target = Math.min(cubicSuccess(this.#lastMaxRate, seconds - this.#lastThrottle), limit);
    }
    this.rate = Math.max(this.#minRate, target);
  }

  #measure(seconds: number): void {
    const bucket = Math.floor(seconds * BUCKETS_PER_SECOND) / BUCKETS_PER_SECOND;
    if (this.#bucket === undefined) {
      this.#bucket = bucket;
      this.#lastThrottle = bucket;
    }
    this.#responses += 1;
    if (bucket <= this.#bucket) return;
    const current = this.#responses / (bucket - this.#bucket);
    this.measured = current * SMOOTH + this.measured * (1 - SMOOTH);
    this.#responses = 0;
    this.#bucket = bucket;
  }
}
