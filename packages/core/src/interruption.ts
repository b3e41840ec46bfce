/** What ends an attempt or a wait from outside. */

import type { Timer } from './clock.ts';
import type { InterruptionKind } from './outcome.ts';

/** Thrown inside an execution only; the caller gets its `reason`, or an error made where the caller waits. */
export class Interruption {
  readonly reason: unknown;
  readonly #kind: InterruptionKind;

  constructor(kind: InterruptionKind, reason?: unknown) {
    this.#kind = kind;
    this.reason = reason;
  }

  /** Like `instanceof`, which throws for a proxy that does not want to be looked at. */
  static is(value: unknown): value is Interruption {
    return typeof value === 'object' && value !== null && #kind in value;
  }

  get kind(): InterruptionKind {
    return this.#kind;
  }
}

/** What is waited for while it is only about to be begun. */
const NOT_BEGUN: Timer = { cancel: () => undefined };

/** Something that may be under way and can be interrupted: an attempt, a wait, a callback. */
export class Interruptible {
  /** Ends what is under way; a function that is gone again says that it has been ended. */
  #interrupt: ((interruption: Interruption) => void) | undefined;

  /** Ends what is under way. */
  interrupt(interruption: Interruption): void {
    const interrupt = this.#interrupt;
    this.#interrupt = undefined;
    interrupt?.(interruption);
  }

  /**
   * Fulfilled when `begin` has what it waits for; rejected when that is refused, or with the interruption if it comes
   * first. What was begun is cancelled in any case.
   */
  waitFor(
    begin: (granted: () => void, refused: (interruption: Interruption) => void) => Timer,
  ): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      let waiting = NOT_BEGUN;
      let hasEnded = false;
      const refuse = (interruption: Interruption): void => {
        hasEnded = true;
        waiting.cancel();
        reject(interruption);
      };
      this.#interrupt = refuse;
      waiting = begin(() => {
        hasEnded = true;
        waiting.cancel();
        resolve();
      }, refuse);
      if (hasEnded) waiting.cancel();
    });
  }

  /**
   * The promise's own end, or the interruption if that comes first. What comes after it is handed to `late` when it
   * is a value, and swallowed when it is an error: nobody waits for it any more.
   */
  race<T>(pending: PromiseLike<T>, late?: (value: T) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#interrupt = reject;
      pending.then((value) => {
        if (this.#interrupt === reject) resolve(value);
        else late?.(value);
      }, reject);
    });
  }
}
