// One form for all that retries a function, so that each is asked for the same. An adapter uses its library as the
// library's documentation says, and adds nothing else.

/** Runs an operation; `signal` ends it early where the library takes one. */
export type Run = <T>(operation: () => Promise<T>, signal?: AbortSignal) => Promise<T>;

export interface RetrySettings {
  /** The first attempt included. */
  readonly maxAttempts: number;
  /** ms before each retry, without jitter. */
  readonly wait: number;
}

export interface GuardSettings {
  /** ms that an attempt may take; absent for no limit. */
  readonly attemptTimeout?: number;
}

export interface Peer {
  /** Retries and nothing else; absent where the library has none. */
  readonly retrying?: (settings: RetrySettings) => Run;
  /** A circuit breaker, with retries where the library has them. */
  readonly guarded?: (settings: GuardSettings) => Run;
  /** Whether its retries take an AbortSignal. */
  readonly takesSignal: boolean;
}
