/** Deadlines of one length, over a single timer: most are met, so each costs a place in a queue and no timer. */

import { currentContext } from './async-context.ts';
import type { Clock, Timer } from './clock.ts';
import { Place, WaitQueue } from './guards/wait-queue.ts';

// Timers that stand in its place later may be those of a test.
const { setTimeout: platformTimers } = globalThis;

/** Somebody whose time can be up. */
interface Deadlined<Kind> {
  timeIsUp(kind: Kind): void;
}

/** A deadline that has not passed yet. */
class Deadline<Kind> extends Place<Deadlined<Kind>> implements Timer {
  readonly due: number;
  readonly #deadlines: Deadlines<Kind>;
  /** The timer that all share has the context of whoever set it. */
  readonly #context = currentContext();

  constructor(owner: Deadlined<Kind>, due: number, deadlines: Deadlines<Kind>) {
    super(owner);
    this.due = due;
    this.#deadlines = deadlines;
  }

  cancel(): void {
    if (this.#deadlines.delete(this)) this.#context.emitDestroy();
  }

  pass(kind: Kind): void {
    this.#context.runInAsyncScope(() => {
      this.value.timeIsUp(kind);
    });
    this.#context.emitDestroy();
  }
}

/** Deadlines that all lie the same time ahead when they are set, so the first to be set is the first to pass. */
export class Deadlines<Kind> {
  readonly #clock: Clock;
  readonly #duration: number;
  readonly #kind: Kind;
  readonly #areToFollow: boolean;
  readonly #queue = new WaitQueue<Deadlined<Kind>, Deadline<Kind>>();
  #timer: Timer | undefined;
  /** Whose timer it is: one that fake timers have put aside, or left behind, never calls back. */
  #timers: unknown;

  /** @param areToFollow whether there will be more, when all have been met */
  constructor(clock: Clock, duration: number, kind: Kind, areToFollow: boolean = true) {
    this.#clock = clock;
    this.#duration = duration;
    this.#kind = kind;
    this.#areToFollow = areToFollow;
  }

  /** Sets a deadline for an owner. */
  add(owner: Deadlined<Kind>, now: number): Timer {
    const deadline = new Deadline(owner, now + this.#duration, this);
    this.#queue.append(deadline);
    if (this.#timer === undefined || this.#timers !== setTimeout) this.#arm(now);
    else if (this.#queue.length === 1) this.#timer.ref?.();
    return deadline;
  }

  /** Takes a deadline back. Returns whether it was still to come. */
  delete(deadline: Deadline<Kind>): boolean {
    if (!this.#queue.delete(deadline)) return false;
    if (this.#queue.length === 0) this.#rest();
    return true;
  }

  #rest(): void {
    // Kept for the next one, where it does not keep the process alive. One of a test may be cleared before that.
    if (this.#areToFollow && this.#timer?.unref && this.#timers === platformTimers) {
      this.#timer.unref();
      return;
    }
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(now: number): void {
    const { first } = this.#queue;
    if (first === undefined) return;
    this.#rest();
    const { due } = first;
    this.#timers = setTimeout;
    const timer = this.#clock.schedule(Math.max(0, due - now), () => {
      // One that was put aside may pass all the same.
      if (this.#timer === timer) this.#timer = undefined;
      this.#pass(due);
    });
    this.#timer = timer;
  }

  /** @param due what the timer was set for: it is believed, even where the clock has been set back or stands still */
  #pass(due: number): void {
    const now = this.#clock.now();
    const hasPassed = (deadline: Deadline<Kind>): boolean => deadline.due === due || deadline.due <= now;
    for (let { first } = this.#queue; first && hasPassed(first); { first } = this.#queue) {
      this.#queue.delete(first);
      first.pass(this.#kind);
    }
    if (this.#timer === undefined) this.#arm(this.#clock.now());
  }
}
