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

/** What is waited for where a wait is only about to be begun, or will never be. */
export const NOTHING: Timer = { cancel: () => undefined };

/** What follows a wait. A function that needs nothing but the one who waited is the same for all of them. */
export type Next = (waiter: Interruptible) => void;

/**
 * One wait: for a timer, a place, a turn. It is granted, refused or interrupted, whatever comes first, and cancelled in
 * any case. Operations wait by the thousand, so this is one object and no closures.
 */
export class Wait {
  readonly #waiter: Interruptible;
  readonly #next: Next;
  readonly #givenUp: (() => void) | undefined;
  #timer = NOTHING;
  #isOver = false;

  constructor(waiter: Interruptible, next: Next, givenUp: (() => void) | undefined) {
    this.#waiter = waiter;
    this.#next = next;
    this.#givenUp = givenUp;
  }

  /** `grant`, for whoever calls a function back. */
  get granted(): () => void {
    // Half as large as a closure with its scope.
    return this.grant.bind(this);
  }

  begin(begin: (wait: Wait) => Timer): void {
    this.#timer = begin(this);
    if (this.#isOver) this.#timer.cancel();
  }

  /** What was waited for has come. */
  grant(): void {
    if (this.#isOver) return;
    this.#end();
    this.#waiter.waited(this.#next);
  }

  /** It will not come. */
  refuse(interruption: Interruption): void {
    if (this.#isOver) return;
    this.#end();
    this.#givenUp?.();
    this.#waiter.ended(interruption);
  }

  #end(): void {
    this.#isOver = true;
    this.#timer.cancel();
  }
}

/** Something that may be under way and can be interrupted: an attempt, a wait, a callback. */
export abstract class Interruptible {
  /** What is under way now. */
  #underWay: Pick<Wait, 'refuse'> | undefined;

  /** What follows a wait, unless something keeps that from being done. */
  abstract goOn(next: Next): void;

  /** What was waited for will not come. */
  abstract ended(interruption: Interruption): void;

  /** Ends what is under way. */
  interrupt(interruption: Interruption): void {
    const underWay = this.#underWay;
    this.#underWay = undefined;
    underWay?.refuse(interruption);
  }

  /**
   * Waits for what `begin` begins, and then goes on with `next`. When it was refused or interrupted, it calls `givenUp`
   * and ends instead.
   */
  waitFor(begin: (wait: Wait) => Timer, next: Next, givenUp?: () => void): void {
    const wait = new Wait(this, next, givenUp);
    this.#underWay = wait;
    wait.begin(begin);
  }

  /** A wait was granted. */
  waited(next: Next): void {
    // It holds what this wait followed.
    this.#underWay = undefined;
    this.goOn(next);
  }

  /**
   * The promise's own end, or the interruption if that comes first. What comes after it is swallowed: nobody waits for
   * it any more.
   */
  race<T>(pending: PromiseLike<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#underWay = { refuse: reject };
      pending.then(resolve, reject);
    });
  }
}
