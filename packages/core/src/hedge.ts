/** Several attempts beside each other: who is still under way, and when one more is sent. */

import type { AttemptEntry } from './attempt-entry.ts';
import type { Attempt } from './attempt.ts';
import type { Timer } from './clock.ts';
import type { AttemptContext } from './exchange.ts';
import type { Hedging } from './guards/hedging.ts';
import type { RetryPolicy } from './policy.ts';

/** One of several attempts that run beside each other. */
export interface Leg {
  readonly attempt: Attempt;
  readonly entry: AttemptEntry;
  /** It failed within its own sending. */
  isRefused: boolean;
  /** It has answered, and `shouldRetry` thinks about that. */
  isAsked: boolean;
}

/**
 * An attempt and its hedges. One that answers ends the round; one that fails in a way that passes makes room for the
 * next, at once. Sources: Dean and Barroso, The Tail at Scale (CACM 2013); hedging in gRFC A6.
 */
export class HedgedRound {
  /** The hedge that is being handed to the client. */
  handingOver: Attempt | undefined;
  readonly #hedging: Hedging;
  readonly #policy: RetryPolicy;
  /** Those under way, in the order of their sending. */
  readonly #legs = new Map<AttemptContext, Leg>();
  #hedges = 0;
  #timer: Timer | undefined;
  #stopped = false;
  readonly #send: (tell?: () => void) => void;
  readonly #canSend: () => boolean;

  /**
   * @param send sends a hedge; it calls `tell`, if that is given, when the hedge is known and before it is sent
   * @param canSend whether the operation may send one more
   */
  constructor(
    hedging: Hedging,
    policy: RetryPolicy,
    send: (tell?: () => void) => void,
    canSend: () => boolean,
  ) {
    this.#hedging = hedging;
    this.#policy = policy;
    this.#send = send;
    this.#canSend = canSend;
  }

  get legs(): Leg[] {
    return [...this.#legs.values()];
  }

  legOf(attempt: AttemptContext): Leg | undefined {
    return this.#legs.get(attempt);
  }

  /** The first attempt is about to be sent. */
  begin(first: Attempt, entry: AttemptEntry): void {
    this.add(first, entry);
    this.#arm();
  }

  /** An attempt is about to be sent. */
  add(attempt: Attempt, entry: AttemptEntry): void {
    this.#legs.set(attempt, { attempt, entry, isRefused: false, isAsked: false });
  }

  /** An attempt has ended. Returns the first of those that are still under way. */
  take(attempt: AttemptContext): Attempt | undefined {
    this.#legs.delete(attempt);
    const [next] = this.#legs.values();
    return next?.attempt;
  }

  /**
   * The attempt that was taken last failed, and could be sent again. The next hedge is sent at once, where there is one.
   *
   * @param isLast no more hedges: the server asks for a wait, or the client takes none
   * @param tell tells of this end, where others are under way
   * @returns whether others are
   */
  failed(isLast: boolean, tell: () => void): boolean {
    if (isLast) this.stop();
    else if (this.#hedge(tell)) return true;
    if (this.#legs.size === 0) return false;
    tell();
    return true;
  }

  /** Ends the round. Returns the attempts that are still under way. */
  end(): Leg[] {
    this.stop();
    const rest = this.legs;
    this.#legs.clear();
    return rest;
  }

  /** No more hedges. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #hedge(tell?: () => void): boolean {
    this.#timer?.cancel();
    if (this.#stopped || this.#hedges >= this.#hedging.maxHedges || !this.#canSend()) return false;
    if (!this.#hedging.tryHedge()) return false;
    this.#hedges += 1;
    // The hedge may end within its sending, and may end the round.
    this.#arm();
    this.#send(tell);
    return true;
  }

  #arm(): void {
    const { delay, maxHedges } = this.#hedging;
    if (delay === undefined || this.#hedges >= maxHedges) return;
    this.#timer = this.#policy.clock.schedule(delay, () => {
      this.#hedge();
    });
  }
}
