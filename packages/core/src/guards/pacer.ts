/** The pacer: slows a client down before a destination has to refuse it, and after it did. */

import { systemClock } from '../clock.ts';
import type { Clock, Timer } from '../clock.ts';
import type { Quota } from '../http/rate-limit.ts';
import { checkGuard } from '../options/guards-schema.ts';
import { CubicRate } from './cubic-rate.ts';
import type { PacerOptions, PacerSettings } from './guard-options.ts';
import { resolvePacer } from './resolve-guards.ts';
import { TokenBucket } from './token-bucket.ts';
import { Place, WaitQueue } from './wait-queue.ts';

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
/** Servers say when a window ends in whole seconds, and answers take their time: two ends this close are the same. */
const RESET_RESOLUTION = 1500;

export class AdaptivePacer implements Pacer {
  readonly #clock: Clock;
  readonly #cubic: CubicRate;
  readonly #queue = new WaitQueue<() => void>();
  /** Made by the first throttled response. */
  #learned: TokenBucket | undefined;
  /** What the server has left us; made by the first response that says so. */
  #quota: { readonly bucket: TokenBucket; readonly until: number; left: number } | undefined;
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
    const place = new Place(granted);
    this.#queue.append(place);
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
    this.#grant();
  }

  #observe({ remaining, resetIn }: Quota, now: number): void {
    const until = now + resetIn;
    // A quota that is told late may be that of a window before.
    if (!(until > this.#clock.now())) return;
    this.#forgetQuota(now);
    const old = this.#quota;
    const isSameWindow = old !== undefined && Math.abs(until - old.until) <= RESET_RESOLUTION;
    // Answers overtake each other, and know nothing of what is on its way: within one window the quota only shrinks.
    const left = isSameWindow ? Math.min(old.left, remaining) : remaining;
    const free = left * FREE_SHARE;
    const level = old ? Math.min(old.bucket.level(now), free) : free;
    const bucket = isSameWindow ? old.bucket : new TokenBucket(0, left, level, now);
    bucket.setRate((left * 1000) / resetIn, left, now);
    this.#quota = { bucket, until: isSameWindow ? old.until : until, left };
  }

  #forgetQuota(now: number): void {
    if (this.#quota && now >= this.#quota.until) this.#quota = undefined;
  }

  #timeUntil(tokens: number, now: number): number {
    if (this.#learned === undefined && this.#quota === undefined) return 0;
    this.#forgetQuota(now);
    return Math.max(this.#learned?.timeUntil(tokens, now) ?? 0, this.#timeUntilQuota(tokens, now));
  }

  #timeUntilQuota(tokens: number, now: number): number {
    if (this.#quota === undefined) return 0;
    const { bucket, left, until } = this.#quota;
    return left < tokens ? until - now : Math.min(until - now, bucket.timeUntil(tokens, now));
  }

  #take(): void {
    this.#learned?.take();
    if (this.#quota === undefined) return;
    this.#quota.bucket.take();
    this.#quota.left -= 1;
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
    try {
      while (this.#queue.length > 0 && this.#timeUntil(1, now) === 0) {
        this.#take();
        this.#queue.shift()?.();
      }
    } finally {
      this.#arm();
    }
  }
}
