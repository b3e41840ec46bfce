/** Time and randomness: the one place where Tenax touches the system's clock and timers. */

/** A callback that was scheduled and can be taken back. */
export interface Timer {
  /** Frees the timer; a second call, or one after the callback ran, does nothing. */
  cancel(): void;
  /** Lets the process end although the timer is pending, where that can be said. `ref` takes it back. */
  unref?(): void;
  ref?(): void;
}

/**
 * The time that a policy lives in. Give your own to test without waiting: see `virtualClock` in
 * `@tenax/core/testing`.
 */
export interface Clock {
  /** Monotonic time in ms, from any origin. Durations are measured with it, so it must never jump. */
  now(): number;
  /** Wall-clock time in ms since 1970. Used for HTTP dates and for the times in statistics only. */
  epoch(): number;
  /**
   * Calls `callback` once, after `delay` ms. A delay of 0 yields to the event loop and costs no timer; a delay
   * beyond the platform's limit is kept too.
   */
  schedule(delay: number, callback: () => void): Timer;
}

/** A source of numbers in [0, 1), such as `Math.random`. */
export type Random = () => number;

/** Beyond this `setTimeout` fires at once, in every runtime (a signed 32-bit integer of ms). */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

interface ImmediateScope {
  setImmediate?: (callback: () => void) => unknown;
}

/** In browsers a handle is a number. */
interface NodeTimeout {
  ref(): void;
  unref(): void;
}

/** A timer of the platform, and nothing more: it is what most operations that wait hold. */
class TimeoutTimer implements Timer {
  readonly #handle: unknown;

  constructor(delay: number, callback: () => void) {
    this.#handle = setTimeout(callback, delay);
  }

  cancel(): void {
    clearTimeout(this.#handle as Parameters<typeof clearTimeout>[0]);
  }

  unref(): void {
    (this.#handle as Partial<NodeTimeout>).unref?.();
  }

  ref(): void {
    (this.#handle as Partial<NodeTimeout>).ref?.();
  }
}

/** A timer for a delay that the platform does not keep in one piece. */
function longTimer(delay: number, callback: () => void): Timer {
  let part: Timer = new TimeoutTimer(LONGEST_TIMEOUT, () => {
    part = systemClock.schedule(delay - LONGEST_TIMEOUT, callback);
  });
  return {
    cancel: () => {
      part.cancel();
    },
  };
}

/** A turn of the event loop without a timer. */
class TurnTimer implements Timer {
  #callback: (() => void) | undefined;

  constructor(callback: () => void) {
    this.#callback = callback;
    // What follows a promise runs in its own promise job, with its own asynchronous context. Not so in a task of the
    // event loop: whatever throws there, V8 makes a message of it, stack and all.
    void nextTurn().then(() => {
      this.#callback?.();
    });
  }

  cancel(): void {
    this.#callback = undefined;
  }
}

/** What makes the turn that may still be shared, and that turn. */
let turnOf: unknown;
let turn: Promise<void> | undefined;

/**
 * The next turn of the event loop. Those that ask for it in one burst of promise jobs share it: a thousand that fail at
 * once ask the platform for one turn. Never longer, since fake timers that are put in place or cleared forget a turn.
 */
function nextTurn(): Promise<void> {
  const maker = (globalThis as ImmediateScope).setImmediate ?? setTimeout;
  if (turn === undefined || turnOf !== maker) {
    const { promise, resolve } = Promise.withResolvers<void>();
    // Throws where no timer is allowed: in Cloudflare Workers, outside of a request.
    askForTurn(resolve);
    turn = promise;
    turnOf = maker;
    void endBurst();
  }
  return turn;
}

async function endBurst(): Promise<void> {
  // oxlint-disable-next-line typescript/await-thenable -- of all promise jobs a test can hold back no other goes on
  await undefined;
  turn = undefined;
}

/** `setImmediate` where it is, a message port in browsers. */
function askForTurn(done: () => void): void {
  const { setImmediate } = globalThis as ImmediateScope;
  if (typeof setImmediate === 'function') {
    setImmediate(done);
  } else if (typeof MessageChannel === 'function') {
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener('message', () => {
      port1.close();
      done();
    });
    port1.start();
    port2.postMessage(undefined);
  } else {
    setTimeout(done, 0);
  }
}

/**
 * Whose time it is: fake timers put theirs in place of the platform's, and take it away again. Looked up anew then
 * alone: where `performance` is a getter of the global object, that costs as much as half a reading.
 */
let { performance, setTimeout: timers } = globalThis;
/** What is added to it, so that time goes on from where it was: in parts of a ms that add up without rounding. */
let offset = 0;

/** The system's clock: `performance.now()`, `Date.now()` and the platform's timers. */
export const systemClock: Clock = {
  now: () => {
    if (setTimeout !== timers) {
      offset += performance.now();
      ({ performance, setTimeout: timers } = globalThis);
      offset = Math.ceil((offset - performance.now()) * 1024) / 1024;
    }
    return performance.now() + offset;
  },
  epoch: () => Date.now(),
  schedule: (delay, callback) => {
    if (delay > LONGEST_TIMEOUT) return longTimer(delay, callback);
    return delay > 0 ? new TimeoutTimer(delay, callback) : new TurnTimer(callback);
  },
};

/** The system's random source. */
export const systemRandom: Random = () => Math.random();
