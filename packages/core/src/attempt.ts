/** One attempt: its number, and a signal that exists only when somebody reads it. */

import type { AttemptContext } from './exchange.ts';
import type { Outcome } from './outcome.ts';
import { linkWhileAlive } from './signals.ts';

/** What an attempt asks of the operation that it belongs to. */
export interface AttemptOwner {
  readonly headers: Headers | undefined;
  readonly callerSignal: AbortSignal | undefined;
  /** Whether something else than the caller's signal can end the attempt. */
  readonly bounded: boolean;
  remaining(): number;
}

/**
 * The context of an attempt. Its own members are no `#private` fields, nor are those of `FirstAttempt`,
 * `PromisedFirstAttempt` and the exchanges of a function, of fetch and of axios: to define such fields took 15 of 150 ns
 * of an operation that succeeds at once, and 3 of 13 µs that retries added to a request of axios.
 */
export class Attempt implements AttemptContext {
  readonly number: number;
  readonly previous?: Outcome;
  /** What it ended with, until that is the caller's or nobody's. */
  answer: { readonly value: unknown } | { readonly error: unknown } | undefined;
  private readonly owner: AttemptOwner;
  /** Its own headers, where others run beside it. */
  private ownHeaders: Headers | undefined;
  private controller: AbortController | undefined;
  private abortion: { readonly reason: unknown } | undefined;

  constructor(owner: AttemptOwner, number: number, previous: Outcome | undefined) {
    this.owner = owner;
    this.number = number;
    if (previous) this.previous = previous;
  }

  /** What the caller knows of it. The rest is ours, and goes in circles. */
  toJSON(): Pick<AttemptContext, 'number' | 'previous'> {
    return { number: this.number, ...(this.previous && { previous: this.previous }) };
  }

  get remaining(): number {
    return this.owner.remaining();
  }

  get headers(): Headers | undefined {
    return this.ownHeaders ?? this.owner.headers;
  }

  /** What the operation adds from now on is not for this attempt. */
  keepHeaders(): void {
    const { headers } = this.owner;
    if (headers) this.ownHeaders = new Headers(headers);
  }

  get signal(): AbortSignal {
    const { bounded, callerSignal } = this.owner;
    if (!bounded && callerSignal) return callerSignal;
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.abortion) this.controller.abort(this.abortion.reason);
    }
    return this.controller.signal;
  }

  /** The signal, where anything could ever abort it. */
  get usefulSignal(): AbortSignal | undefined {
    const { bounded, callerSignal } = this.owner;
    return bounded || callerSignal ? this.signal : undefined;
  }

  /** Whether it has lost its time, its caller or a race. */
  get isAbandoned(): boolean {
    return this.abortion !== undefined;
  }

  /** Ends the attempt's own work. */
  abandon(reason: unknown): void {
    this.abortion ??= { reason };
    this.controller?.abort(reason);
  }

  /** After the attempt, the caller's signal still ends what it opened, for as long as `opened` lives. */
  keepAbortable(opened: object): void {
    const { callerSignal } = this.owner;
    if (!this.controller || !callerSignal) return;
    if (callerSignal.aborted) this.controller.abort(callerSignal.reason);
    else linkWhileAlive(callerSignal, this.controller, opened);
  }
}

/**
 * The attempt's signal, if anything can abort it, for a client that takes one or none. Reading `attempt.signal` makes
 * a signal in any case.
 */
export function signalOf(attempt: AttemptContext): AbortSignal | undefined {
  return attempt instanceof Attempt ? attempt.usefulSignal : attempt.signal;
}

/**
 * Keeps the caller's signal tied to what an attempt opened, such as the body of its response, after the attempt has
 * ended. Timeouts end with the attempt.
 */
export function keepAbortable(attempt: AttemptContext, opened: object): void {
  if (attempt instanceof Attempt) attempt.keepAbortable(opened);
}
