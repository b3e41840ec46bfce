// The least that the five guards of DESIGN come to: budget, circuit breaker, bulkhead, pacer and hedge, for one
// destination. Like the retries beside it, it checks nothing and says nothing.

import type { FailureClass } from '@tenax/core';

import type { Guards, Sums } from './retries.ts';

export interface GuardOptions {
  readonly ratio: number;
  readonly minPerSecond: number;
  readonly window: number;
  readonly failureRate: number;
  readonly slowCallDuration: number;
  readonly minimumThroughput: number;
  readonly openTime: number;
  readonly maxOpenTime: number;
  readonly probes: number;
  readonly maxConcurrent: number;
  readonly maxQueue: number;
  readonly queueTimeout: number;
  readonly minRate: number;
  readonly quantile: number;
  readonly maxExtraLoad: number;
}

/** Counts by slices of a tenth of a window. */
class Window {
  readonly #counts = new Float64Array(10);
  readonly #slice: number;
  #latest = 0;

  constructor(window: number) {
    this.#slice = window / 10;
  }

  add(amount: number): void {
    this.#move();
    this.#counts[this.#latest % 10] = (this.#counts[this.#latest % 10] ?? 0) + amount;
  }

  get sum(): number {
    this.#move();
    return this.#counts.reduce((one, other) => one + other);
  }

  #move(): void {
    const now = Math.floor(performance.now() / this.#slice);
    if (now - this.#latest >= 10) this.#counts.fill(0);
    else for (let slice = this.#latest + 1; slice <= now; slice += 1) this.#counts[slice % 10] = 0;
    this.#latest = now;
  }
}

export class AllGuards<T> implements Guards<T> {
  readonly #options: GuardOptions;
  readonly #sums: Sums;
  readonly #requests: Window;
  readonly #retries: Window;
  readonly #calls: Window;
  readonly #failures: Window;
  readonly #hedges: Window;
  readonly #queue: (() => void)[] = [];
  #running = 0;
  #state: 'closed' | 'open' | 'half-open' = 'closed';
  #openings = 0;
  #openUntil = 0;
  #probes = 0;
  #rate = Infinity;
  #rateAtThrottle = 0;
  #throttledAt = 0;
  #next = 0;

  constructor(options: GuardOptions, sums: Sums) {
    this.#options = options;
    this.#sums = sums;
    this.#requests = new Window(options.window);
    this.#retries = new Window(options.window);
    this.#calls = new Window(options.window);
    this.#failures = new Window(options.window);
    this.#hedges = new Window(options.window);
  }

  async enter(signal: AbortSignal): Promise<() => void> {
    const { maxConcurrent, maxQueue, queueTimeout } = this.#options;
    this.#requests.add(1);
    if (this.#running >= maxConcurrent) {
      if (this.#queue.length >= maxQueue) throw new Error('bulkhead_full');
      await new Promise<void>((resolve, reject) => {
        const end = (run: () => void): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', abort);
          const place = this.#queue.indexOf(grant);
          if (place >= 0) this.#queue.splice(place, 1);
          run();
        };
        // The place is handed on: nobody else may take it meanwhile.
        const grant = (): void => {
          this.#running += 1;
          end(resolve);
        };
        const abort = (): void => {
          end(() => {
            reject(signal.reason as Error);
          });
        };
        const timer = setTimeout(() => {
          end(() => {
            reject(new Error('bulkhead_queue_timeout'));
          });
        }, queueTimeout);
        signal.addEventListener('abort', abort);
        this.#queue.push(grant);
      });
    } else this.#running += 1;
    return () => {
      this.#running -= 1;
      this.#queue[0]?.();
    };
  }

  async send(send: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    this.#acquire();
    const turn = this.#turn();
    if (turn > 0) await new Promise((resolve) => setTimeout(resolve, turn));
    return this.#hedged(send, signal);
  }

  #acquire(): void {
    if (this.#state === 'open' && performance.now() >= this.#openUntil) {
      this.#state = 'half-open';
      this.#probes = this.#options.probes;
    }
    if (this.#state === 'closed') return;
    if (this.#state === 'open' || this.#probes === 0) throw new Error('circuit_breaker_open');
    this.#probes -= 1;
  }

  /** ms until the pacer's next turn. */
  #turn(): number {
    const now = performance.now();
    this.#next = Math.max(now, this.#next + 1000 / this.#rate);
    return this.#next - now;
  }

  #hedged(send: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const controllers = [new AbortController(), new AbortController()];
    const leg = async (at: number): Promise<T> => {
      const controller = controllers[at] as AbortController;
      const answer = await send(AbortSignal.any([signal, controller.signal]));
      controllers[1 - at]?.abort();
      return answer;
    };
    if (this.#hedges.sum >= this.#options.maxExtraLoad * this.#requests.sum) return send(signal);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#hedges.add(1);
        leg(1).then(resolve, () => undefined);
      }, this.#quantile());
      leg(0)
        .then(resolve, reject)
        .finally(() => {
          clearTimeout(timer);
        });
    });
  }

  #quantile(): number {
    const { durations } = this.#sums;
    let rest = this.#options.quantile * durations.reduce((one, other) => one + other);
    const bucket = durations.findIndex((count) => (rest -= count) <= 0);
    return 2 ** ((bucket - 20) / 2);
  }

  mayRetry(): boolean {
    const { minPerSecond, ratio, window } = this.#options;
    if (this.#retries.sum >= Math.max(ratio * this.#requests.sum, (minPerSecond * window) / 1000))
      return false;
    this.#retries.add(1);
    return true;
  }

  ended(failureClass: FailureClass | undefined, duration: number, headers: Headers | undefined): void {
    this.#pace(failureClass === 'throttled', headers);
    if (failureClass === 'aborted' || failureClass === 'permanent') return;
    const { failureRate, maxOpenTime, minimumThroughput, openTime, slowCallDuration } = this.#options;
    const failed = failureClass !== undefined || duration > slowCallDuration;
    this.#calls.add(1);
    this.#failures.add(failed ? 1 : 0);
    const calls = this.#calls.sum;
    const isBad = calls >= minimumThroughput && this.#failures.sum / calls >= failureRate;
    if (this.#state === 'half-open' ? failed : this.#state === 'closed' && isBad) {
      this.#state = 'open';
      this.#openUntil = performance.now() + Math.min(maxOpenTime, openTime * 2 ** this.#openings);
      this.#openings += 1;
    } else if (this.#state === 'half-open' && this.#probes === 0) {
      this.#state = 'closed';
      this.#openings = 0;
    }
  }

  /** The cubic rule of the AWS SDKs. */
  #pace(throttled: boolean, headers: Headers | undefined): void {
    const now = performance.now() / 1000;
    const measured = (this.#requests.sum + this.#retries.sum) / (this.#options.window / 1000);
    if (throttled) {
      this.#rateAtThrottle = Math.min(this.#rate, measured);
      this.#throttledAt = now;
      this.#rate = Math.max(this.#options.minRate, 0.7 * this.#rateAtThrottle);
    } else if (this.#rate < Infinity) {
      const root = Math.cbrt((this.#rateAtThrottle * 0.3) / 0.4);
      const curve = 0.4 * (now - this.#throttledAt - root) ** 3 + this.#rateAtThrottle;
      this.#rate = Math.max(this.#options.minRate, Math.min(2 * measured, curve));
    }
    const quota = /r=(\d+);t=(\d+)/.exec(headers?.get('ratelimit') ?? '');
    if (quota) this.#rate = Math.min(this.#rate, Number(quota[1]) / Number(quota[2]));
  }
}
