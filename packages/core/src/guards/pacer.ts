/** The pacer: slows a client down before a destination has to refuse it, and after it did. */

import { systemClock } from '../clock.ts';
import type { Clock, Timer } from '../clock.ts';
import type { Quota } from '../http/rate-limit.ts';
import { checkGuard } from '../options/guards-schema.ts';
import { CubicRate } from './cubic-rate.ts';
import { resolvePacer } from './guard-options.ts';
import type { PacerOptions, PacerSettings } from './guard-options.ts';
import { TokenBucket } from './token-bucket.ts';
import { WaitQueue } from './wait-queue.ts';

/** What a pacer does now. */
export interface PacerState {
  /** Requests per second that may be sent; `Infinity` while nothing has asked for less. */
  readonly rate: number;
  /** Responses per second, smoothed. */
  readonly measuredRate: number;
  /** Requests that wait for their turn. */
  readonly queued: number;
}

/** Lets requests through at the rate that a destination bears. `now` is the clock's time in ms. */
export interface Pacer {
  readonly state: PacerState;
  /** Whether a request may be sent at once. It counts as sent then. */
  tryTake(now?: number): boolean;
  /** ms until one more request would have its turn, by what is known now. */
  estimate(now?: number): number;
  /** Waits for its turn, behind those that wait already. `granted` is called once, later, unless the wait is cancelled. */
  wait(granted: () => void): { cancel(): void };
  /** A response has come: whether it asks for fewer requests, and what it says of the quota. */
  responded(throttled: boolean, quota?: Quota, now?: number): void;
}

/**
 * Makes a pacer of its own, without an engine. Sources: the client rate limiter of the AWS SDKs' adaptive retry mode;
 * draft-ietf-httpapi-ratelimit-headers.
 *
 * @example
 * const pacer = createPacer();
 * if (!pacer.tryTake()) await new Promise<void>((granted) => pacer.wait(granted));
 * const response = await fetch('https://api.example.com/');
 * pacer.responded(response.status === 429);
 */
export function createPacer(
  options: PacerOptions = {},
  { clock = systemClock }: { readonly clock?: Clock } = {},
): Pacer {
  checkGuard('pacer', options);
  return new AdaptivePacer(resolvePacer(options), clock);
}

/** No timer is finer than this: a shorter wait would only spin. */
const SHORTEST_WAIT = 1;
/** Half of a quota is there to be spent at once; the rest is spread over the time until there is more. */
const FREE_SHARE = 0.5;

export class AdaptivePacer implements Pacer {
  readonly #clock: Clock;
  readonly #cubic: CubicRate;
  readonly #queue = new WaitQueue<() => void>();
  /** Made by the first throttled response. */
  #learned: TokenBucket | undefined;
  /** What the server has left us; made by the first response that says so. */
  #quota: { readonly bucket: TokenBucket; readonly until: number; readonly remaining: number } | undefined;
  #timer: Timer | undefined;

  constructor({ minRate }: PacerSettings, clock: Clock) {
    this.#cubic = new CubicRate(minRate);
    this.#clock = clock;
  }

  get state(): PacerState {
    this.#forgetQuota(this.#clock.now());
    const rate = Math.min(this.#learned?.perSecond ?? Infinity, this.#quota?.bucket.perSecond ?? Infinity);
    return Object.freeze({ rate, measuredRate: this.#cubic.measured, queued: this.#queue.length });
  }

  tryTake(now: number = this.#clock.now()): boolean {
    if (this.#queue.length > 0 || this.#timeUntil(1, now) > 0) return false;
    this.#take();
    return true;
  }

  estimate(now: number = this.#clock.now()): number {
    return this.#timeUntil(this.#queue.length + 1, now);
  }

  wait(granted: () => void): { cancel(): void } {
    const place = this.#queue.push(granted);
    this.#arm();
    return {
      cancel: () => {
        this.#queue.delete(place);
        if (this.#queue.length === 0) this.#disarm();
      },
    };
  }

  responded(throttled: boolean, quota?: Quota, now: number = this.#clock.now()): void {
    this.#cubic.update(throttled, now / 1000);
    const { rate } = this.#cubic;
    if (this.#learned) this.#learned.setRate(rate, Math.max(1, rate), now);
    else if (this.#cubic.throttled) this.#learned = new TokenBucket(rate, Math.max(1, rate), 0, now);
    if (quota) this.#observe(quota, now);
    if (this.#queue.length === 0) return;
    this.#disarm();
    this.#arm();
  }

  #observe({ remaining, resetIn }: Quota, now: number): void {
    if (!(resetIn > 0)) return;
    this.#forgetQuota(now);
    const perSecond = (remaining * 1000) / resetIn;
    const old = this.#quota;
    // Answers overtake each other: within one window the quota only shrinks.
    if (old && remaining > old.remaining) return;
    const bucket = old?.bucket ?? new TokenBucket(perSecond, remaining, remaining * FREE_SHARE, now);
    bucket.setRate(perSecond, remaining, now);
    this.#quota = { bucket, until: old?.until ?? now + resetIn, remaining };
  }

  #forgetQuota(now: number): void {
    if (this.#quota && now >= this.#quota.until) this.#quota = undefined;
  }

  #timeUntil(tokens: number, now: number): number {
    if (this.#learned === undefined && this.#quota === undefined) return 0;
    this.#forgetQuota(now);
    const learned = this.#learned?.timeUntil(tokens, now) ?? 0;
    const quota = this.#quota
      ? Math.min(this.#quota.until - now, this.#quota.bucket.timeUntil(tokens, now))
      : 0;
    return Math.max(learned, quota);
  }

  #take(): void {
    this.#learned?.take();
    this.#quota?.bucket.take();
  }

  #arm(): void {
    if (this.#timer || this.#queue.length === 0) return;
    const wait = Math.max(SHORTEST_WAIT, this.#timeUntil(1, this.#clock.now()));
    this.#timer = this.#clock.schedule(wait, () => {
      this.#timer = undefined;
      this.#grant();
    });
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #grant(): void {
    const now = this.#clock.now();
    while (this.#queue.length > 0 && this.#timeUntil(1, now) === 0) {
      this.#take();
      this.#queue.shift()?.();
    }
    this.#arm();
  }
}
