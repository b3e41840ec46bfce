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
   * Waits for what `begin` begins, and then goes on with `next`. It is cancelled in any case, and when it was refused
   * or interrupted it goes on with `ended` instead.
   */
  waitFor(
    begin: (granted: () => void, refused: (interruption: Interruption) => void) => Timer,
    next: () => void,
    ended: (interruption: Interruption) => void,
  ): void {
    let waiting = NOT_BEGUN;
    let isOver = false;
    const refuse = (interruption: Interruption): void => {
      if (isOver) return;
      isOver = true;
      waiting.cancel();
      ended(interruption);
    };
    this.#interrupt = refuse;
    waiting = begin(() => {
      if (isOver) return;
      isOver = true;
      // It holds what this wait followed.
      this.#interrupt = undefined;
      waiting.cancel();
      next();
    }, refuse);
    if (isOver) waiting.cancel();
  }

  /**
   * The promise's own end, or the interruption if that comes first. What comes after it is swallowed: nobody waits for
   * it any more.
   */
  race<T>(pending: PromiseLike<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#interrupt = reject;
      pending.then(resolve, reject);
    });
  }
}
