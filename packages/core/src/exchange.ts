/** What an adapter gives the engine: a way to send one attempt, and the words for what came back. */

import type { ErrorOutcome, Outcome, ResponseOutcome } from './outcome.ts';
import type { RetryOverride } from './options.ts';
import type { RetryPolicy } from './policy.ts';
import type { RequestStatistics } from './record.ts';

/** One attempt, as the function that sends it sees it. */
export interface AttemptContext {
  /** 1 for the first attempt. */
  readonly number: number;
  /** Aborts when the caller's signal does, at `attemptTimeout` and at `timeout`. Made when it is first read. */
  readonly signal: AbortSignal;
  /** ms until the operation's `timeout`; `Infinity` without one. */
  readonly remaining: number;
  /** Headers that the policy adds to this attempt: the idempotency key, `attemptHeaders`, those of `beforeRetry`. */
  readonly headers: Headers | undefined;
  /** How the attempt before ended; absent on the first. */
  readonly previous?: Outcome;
}

/** Options of one call. */
export interface CallOptions {
  /** Names the operation in hooks and statistics; a number of ours otherwise. */
  readonly id?: string | undefined;
  /** The destination whose state the operation shares. */
  readonly key?: string | undefined;
  /** The HTTP method, when the operation is one request: what may have been processed is then sent again only for `methods`. */
  readonly method?: string | undefined;
  /** Ends the operation, in an attempt or in a wait; its reason is what the caller gets. */
  readonly signal?: AbortSignal | undefined;
  /** Options for this call in place of the engine's, or `false` for a single attempt. */
  readonly retry?: RetryOverride | undefined;
}

/** The end of a response that nobody wants. */
export interface Discarding {
  /** Fulfilled when the connection is free. */
  readonly finished: PromiseLike<unknown>;
  /** Gives the connection up. */
  cancel(): void;
}

/** What the engine needs to know of a request, however its client answers. */
export interface ExchangeDescription {
  readonly call: CallOptions;
  /** The full URL. Read when somebody asks for it. */
  readonly url?: string | undefined;
  /** The URL without its query, where that is dear to put together. Read when somebody observes the operation. */
  readonly place?: string | undefined;
  /** The URL up to its path, where it is cheaper to give than the whole of it. Read when a destination is looked up. */
  readonly origin?: string | undefined;
  /** Whether the caller gave an `Idempotency-Key`. Asked wherever it matters, so the answer must stay the same. */
  readonly hasIdempotencyKey?: boolean;
  /** Whether the body can be sent once more. Asked when a retry is about to be decided. */
  readonly replayable?: boolean;
  /** Whether an attempt can be sent while another is under way. Asked when one could be hedged. @default true */
  readonly concurrent?: boolean;
  /** Whether the client is being closed, so that no retry may be begun. Asked when one is about to be decided. */
  readonly closing?: boolean;
  /** What the operation goes on from, as a broken download: the cause where it ends before an attempt has. */
  readonly previous?: Outcome;
  /** Called once, before the first attempt, with the policy that the call resolved to. */
  begin?(policy: RetryPolicy): void;
  /** Says what an error brings along. */
  describeError?(error: unknown): ErrorOutcome;
  /** What the client throws when the caller's signal has ended a request, where that is not the signal's reason. */
  abortError?(reason: unknown): unknown;
  /** A retry was decided: the attempt before may still be sending its body, and must read no more of it. */
  retrying?(): void;
  /**
   * The operation has ended, so no attempt will follow: let go of what was kept for one. `failure` holds what the
   * caller gets thrown; it is absent when the caller gets a response.
   */
  release?(failure?: { readonly reason: unknown }): void;
}

/**
 * One logical request of an adapter. It holds no policy: it sends an attempt when it is told to, and says what came
 * back. State of the request lives here, never in the caller's options.
 */
export interface Exchange<T> extends ExchangeDescription {
  /** Sends one attempt; fulfilled when the response's headers have come. */
  send(attempt: AttemptContext): T | PromiseLike<T>;
  /**
   * The response as the caller is to get it, where that is another object than the client's own. It is asked before
   * `describe`; `send` could do the same, for a promise more.
   */
  present?(value: T): T;
  /** Says what came back. `undefined` is a success that needs no words. */
  describe?(value: T): Outcome | undefined;
  /** Ends a response that the caller will not get; `undefined` when there is nothing to end. */
  discard?(value: T): Discarding | undefined;
  /** The same for a response inside an error. */
  discardError?(error: unknown): Discarding | undefined;
}

/** What carries the attempts of an operation to a client, and its end to the caller. */
export interface Transport {
  /** Sends one attempt. How it ends is told to the operation, before or after this returns. */
  send(attempt: AttemptContext): unknown;
  /** Takes what `send` returned, outside of the context that whoever observes the attempt has given it. */
  follow?(sent: unknown, attempt: AttemptContext): void;
  /** The attempt has lost its time, its caller or a race: ends it. What it says from now on is not heard. */
  abandon(reason: unknown, attempt: AttemptContext): void;
  /** The attempt has ended and will not be the caller's: ends what is left of its response. */
  discard(attempt: AttemptContext): Discarding | undefined;
  /** The response of this attempt is the caller's. */
  accept(attempt: AttemptContext): void;
  /** The operation ends with this error. */
  fail(error: unknown): void;
  /** What the caller gets of the attempt's response: its statistics are attached to that. */
  result?(attempt: AttemptContext): unknown;
}

/**
 * One logical request of a client that answers by events, as undici does. The engine calls `accept` or `fail` once,
 * within `EventOperation.responded` and `failed` wherever nothing has to be waited for.
 */
export interface EventExchange extends ExchangeDescription, Transport {
  send(attempt: AttemptContext): void;
}

/**
 * An operation of a client that answers by events: what it is told, and what can be asked of it. With hedging several
 * attempts may be under way, so every event names its own.
 */
export interface EventOperation {
  /** Everything about the operation; until it has ended, what is known so far. */
  readonly statistics: RequestStatistics;
  /** The headers of the attempt's response have come. */
  responded(outcome: ResponseOutcome, attempt: AttemptContext): void;
  /** The attempt has ended well, whatever a policy would say: its connection is the caller's. */
  succeeded(status: number, attempt: AttemptContext): void;
  /** The attempt has ended without a response. */
  failed(error: unknown, attempt: AttemptContext): void;
  /** The caller gives up: ends an attempt or a wait at once. After the end it does nothing. */
  abort(reason: unknown): void;
  /** Ends a wait at once: its retry is sent now. */
  hurry(): void;
}
