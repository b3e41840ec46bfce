/** The options of a retry policy, as a user writes them. `options/schema.ts` checks that it says the same. */

import type { BackoffContext, Jitter, StrategyName } from './backoff/backoff.ts';
import type { Clock, Random } from './clock.ts';
import type { RetryHooks } from './events.ts';
import type {
  BudgetOptions,
  BulkheadOptions,
  CircuitBreakerOptions,
  CircuitOptions,
  HedgeOptions,
  PacerOptions,
  QueueOptions,
  SlowCallOptions,
} from './guards/guard-options.ts';
import type { FailureClass, Outcome } from './outcome.ts';
import type { RequestDescription } from './request.ts';

/** A class of errors, or a predicate over what was thrown. */
export type ErrorMatcher = (abstract new (...args: never[]) => Error) | ((error: unknown) => boolean);

/** What `shouldRetry` knows besides the outcome. */
export interface ShouldRetryContext {
  /** The attempt that ended: 1 for the first. */
  readonly attemptNumber: number;
  readonly request: RequestDescription;
  /** The built-in verdict's failure class; absent when the attempt counts as a success. */
  readonly failureClass: FailureClass | undefined;
  /** The built-in verdict: whether outcome and method allow another attempt. */
  readonly retryable: boolean;
  /** ms until `timeout`; `Infinity` without one. */
  readonly remaining: number;
}

/** How far the server's hints are obeyed. */
export interface RetryAfterOptions {
  /** The longest wait in ms that is obeyed. @default 60_000 */
  max?: number | undefined;
  /** What a longer hint does: `'stop'` ends the operation, `'cap'` waits `max` instead. @default 'stop' */
  beyond?: 'stop' | 'cap' | undefined;
}

/** How much of a streamed body is kept. */
export interface ReplayOptions {
  /** Bytes kept so that a stream can be sent again. @default 1_048_576 */
  maxBytes?: number | undefined;
}

/** How waits grow. A strategy takes only the settings that mean something to it. */
export type BackoffOptions =
  | {
      /** How waits grow. @default 'exponential' */
      strategy?: 'linear' | 'exponential' | undefined;
      /** The growth. @default 2 */
      multiplier?: number | undefined;
      /** How waits are spread. @default 'full' */
      jitter?: Jitter | undefined;
    }
  | {
      /** The same wait each time; base · 1, 1, 2, 3, 5 …; or a function of the context that returns ms. */
      strategy: 'fixed' | 'fibonacci' | ((context: BackoffContext) => number);
      multiplier?: undefined;
      /** How waits are spread, those of a function too. @default 'full' */
      jitter?: Jitter | undefined;
    }
  | {
      /** U(base, 3 · the wait before): random in itself. */
      strategy: 'decorrelated';
      multiplier?: undefined;
      jitter?: undefined;
    };

/** What does not depend on the strategy. All durations are ms. */
export interface GeneralOptions {
  /** Attempts in all, the first included; `Infinity` only with a `timeout`. @default 3 */
  maxAttempts?: number | undefined;
  /** The strategy's unit. @default 100 */
  baseDelay?: number | undefined;
  /** The unit after a `throttled` outcome. @default 1000 */
  throttledBaseDelay?: number | undefined;
  /** Cap of a computed delay, jitter included. @default 20_000 */
  maxDelay?: number | undefined;
  /** One attempt, until its response headers. @default none */
  attemptTimeout?: number | undefined;
  /** The whole operation, waits included; no wait is begun that would outlast it. @default none */
  timeout?: number | undefined;
  /**
   * Methods that are safe to send again after they may have been processed.
   * @default ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'QUERY']
   */
  methods?: readonly string[] | undefined;
  /** Retryable statuses. @default [408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529] */
  statusCodes?: readonly number[] | undefined;
  /** Error code → failure class, merged over the built-in table. */
  errorCodes?: Readonly<Record<string, FailureClass>> | undefined;
  /** Errors that are retried though the built-in verdict says no. @default [] */
  retryableErrors?: readonly ErrorMatcher[] | undefined;
  /** Errors that are never retried; they win over `retryableErrors`. @default [] */
  nonRetryableErrors?: readonly ErrorMatcher[] | undefined;
  /**
   * Asked after every attempt, successful ones too. `undefined` leaves the built-in verdict. It never lifts
   * `maxAttempts`, a timeout, the budget or the replay rule.
   *
   * @example
   * shouldRetry: async (outcome) =>
   *   outcome.kind === 'response' && (await outcome.text()).includes('try later') ? true : undefined
   */
  shouldRetry?:
    | ((
        outcome: Outcome,
        context: ShouldRetryContext,
      ) => boolean | undefined | PromiseLike<boolean | undefined>)
    | undefined;
  /** Obey the server's hints; `false` ignores them. @default { max: 60_000, beyond: 'stop' } */
  retryAfter?: RetryAfterOptions | false | undefined;
  /**
   * Sends `Idempotency-Key`, the same on every attempt, and so makes every method retryable. `true` makes a UUID; a
   * function returns a key of its own for a request. @default false
   */
  idempotencyKey?: boolean | ((request: RequestDescription) => string) | undefined;
  /** Tells the server the attempt's number and the time that remains. @default false */
  attemptHeaders?: boolean | undefined;
  /**
   * What an operation does within `withinRequest`, when the sender of that request retries it: `'single'` makes one
   * attempt, `'full'` takes no notice. @default 'single'
   */
  nested?: 'single' | 'full' | undefined;
  /** How much of a streamed body is kept to be sent again; `false` sends it once. @default { maxBytes: 1_048_576 } */
  replay?: ReplayOptions | false | undefined;
  /** Continue a broken download with `Range` when the validator allows it. @default false */
  resume?: boolean | undefined;
  /**
   * How many retries a destination gets for the requests that are sent to it anyway; `false` for any number.
   * @default { ratio: 0.2, minPerSecond: 10, window: 10_000 }
   */
  budget?: BudgetOptions | false | undefined;
  /** Stops what is sent to a destination that fails. @default false */
  circuitBreaker?: CircuitBreakerOptions | false | undefined;
  /** How many operations a destination takes at once. @default false */
  bulkhead?: BulkheadOptions | false | undefined;
  /** Sends no faster than a destination bears, by its throttling and its `RateLimit` headers. @default false */
  pacer?: PacerOptions | false | undefined;
  /** Sends another attempt beside a slow one, for idempotent requests. @default false */
  hedge?: HedgeOptions | false | undefined;
  /** Which destination a request belongs to. @default the URL's origin */
  key?: ((request: RequestDescription) => string) | undefined;
  /** Destinations whose state is kept, the most recently used ones. A request changes nothing of it. @default 1000 */
  maxKeys?: number | undefined;
  /** Functions that are told what happens. @default {} */
  hooks?: RetryHooks | undefined;
  /**
   * Whether the end of all attempts is a `RetryExhaustedError`, or the last response or error itself.
   * @default true for an engine, false for the adapters
   */
  throwOnExhausted?: boolean | undefined;
  /** Time, for tests. @default the system's */
  clock?: Clock | undefined;
  /** Randomness, for tests. @default Math.random */
  random?: Random | undefined;
}

/**
 * The options of a retry policy. The same object works for an engine and for every adapter; a part of it, or `false`
 * for no retries, overrides it for one request.
 *
 * @example
 * const options: RetryOptions = { maxAttempts: 5, timeout: 10_000, jitter: 'equal' };
 */
export type RetryOptions = GeneralOptions & BackoffOptions;

/** An override for one request: options that replace the engine's, or `false` for a single attempt. */
export type RetryOverride =
  | (Partial<BackoffOptions> & Omit<GeneralOptions, keyof GuardOverrides> & GuardOverrides)
  | false;

/** Settings of an override: those that they need may be the engine's. */
export interface GuardOverrides {
  /** Stops what is sent to a destination that fails. */
  circuitBreaker?: (CircuitOptions & Partial<SlowCallOptions>) | false | undefined;
  /** How many operations a destination takes at once. */
  bulkhead?: ({ maxConcurrent?: number | undefined } & Partial<QueueOptions>) | false | undefined;
}

/** Every key that any strategy takes, for code that reads options. */
export interface AnyRetryOptions extends GeneralOptions {
  strategy?: StrategyName | ((context: BackoffContext) => number) | undefined;
  multiplier?: number | undefined;
  jitter?: Jitter | undefined;
}
