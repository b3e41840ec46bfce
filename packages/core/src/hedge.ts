/** Several attempts beside each other: who is still under way, and when one more is sent. */

import type { Timer } from './clock.ts';
import type { Hedging } from './guards/hedging.ts';
import type { RetryPolicy } from './policy.ts';

/**
 * An attempt and its hedges. One that answers ends the round; one that fails in a way that passes makes room for the
 * next, at once. Sources: Dean and Barroso, The Tail at Scale (CACM 2013); hedging in gRFC A6.
 */
export class HedgedRound<Leg extends object> {
  readonly #hedging: Hedging;
  readonly #policy: RetryPolicy;
  readonly #live = new Set<Leg>();
  #hedges = 0;
  #timer: Timer | undefined;
  #stopped = false;
  #send: () => void = () => undefined;
  #attempts: () => number = () => 0;

  constructor(hedging: Hedging, policy: RetryPolicy) {
    this.#hedging = hedging;
    this.#policy = policy;
  }

  /** Whether an attempt is still under way. */
  get goesOn(): boolean {
    return this.#live.size > 0;
  }

  /**
   * The first attempt is about to be sent.
   *
   * @param send sends a hedge
   * @param attempts how many attempts the operation has sent
   */
  begin(first: Leg, send: () => void, attempts: () => number): void {
    this.#live.add(first);
    this.#send = send;
    this.#attempts = attempts;
    this.#arm();
  }

  add(leg: Leg): void {
    this.#live.add(leg);
  }

  /** Whether anybody waits for this attempt. */
  has(leg: Leg): boolean {
    return this.#live.has(leg);
  }

  /**
   * An attempt failed, and could be sent again. The next hedge is sent at once, where there is one.
   *
   * @param hinted the server asks for a wait: no more hedges
   */
  failed(leg: Leg, hinted: boolean): void {
    this.#live.delete(leg);
    if (hinted) this.#stop();
    else this.#hedge();
  }

  /** Ends the round. Returns the attempts that are still under way. */
  end(): Leg[] {
    this.#stop();
    const rest = [...this.#live];
    this.#live.clear();
    return rest;
  }

  #stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #hedge(): void {
    this.#timer?.cancel();
    const { maxHedges } = this.#hedging;
    if (this.#stopped || this.#hedges >= maxHedges || this.#attempts() >= this.#policy.maxAttempts) return;
    if (!this.#hedging.tryHedge()) return;
    this.#hedges += 1;
    this.#send();
    this.#arm();
  }

  #arm(): void {
    const { delay, maxHedges } = this.#hedging;
    if (this.#stopped || delay === undefined || this.#hedges >= maxHedges) return;
    this.#timer = this.#policy.clock.schedule(delay, () => {
      this.#hedge();
    });
  }
}
