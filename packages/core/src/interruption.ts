/** What ends an attempt or a wait from outside. */

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
