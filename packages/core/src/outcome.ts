/** The words of the engine: how an attempt ended, what that means, and what follows from it. */

/** Why an attempt failed, which decides whether it may be sent again. */
export type FailureClass =
  /** The request was never sent: safe to send again, whatever its method. */
  | 'connection'
  /** The connection was lost after the request may have been sent. */
  | 'transport'
  /** No answer came in time. */
  | 'timeout'
  /** The server asks for fewer requests. */
  | 'throttled'
  /** The server failed in a way that tends to pass. */
  | 'transient'
  /** Sending it again would fail again. */
  | 'permanent'
  /** The caller, or whoever owns the request, gave up on it. */
  | 'aborted';

export const FAILURE_CLASSES: readonly FailureClass[] = [
  'connection',
  'transport',
  'timeout',
  'throttled',
  'transient',
  'permanent',
  'aborted',
];

/** How an operation ended. */
export type OperationResult =
  | 'success'
  | 'retry_exhausted'
  | 'non_retryable_error'
  | 'circuit_breaker_open'
  | 'timeout'
  | 'budget_exhausted'
  | 'bulkhead_full'
  | 'aborted';

/** Why a retry followed an attempt. A closed set. */
export type RetryReason =
  | 'connection_error'
  | 'transport_error'
  | 'attempt_timeout'
  | 'throttled'
  | 'transient_status'
  | 'transient_error'
  /** 409 to a request with an idempotency key: the first one is still being worked on. */
  | 'idempotent_request_in_progress'
  /** An entry of `retryableErrors` matched. */
  | 'retryable_error'
  /** `shouldRetry` returned true. */
  | 'should_retry'
  /** The attempt was slow, so a hedge was sent beside it. */
  | 'hedged';

/** Why no further attempt was made. A closed set. */
export type StopReason =
  | 'success'
  /** `maxAttempts` were made. */
  | 'attempts_exhausted'
  /** The failure is of class `permanent`. */
  | 'permanent_failure'
  /** The request may have been processed, and its method is not among `methods`. */
  | 'method_not_idempotent'
  /** An entry of `nonRetryableErrors` matched. */
  | 'non_retryable_error'
  /** `shouldRetry` returned false. */
  | 'should_not_retry'
  /** The body was a stream that is gone: too large for `replay`, or `replay` is off. */
  | 'body_not_replayable'
  /** The client is being closed. */
  | 'client_closing'
  /** The retry budget allows no more retries. */
  | 'budget_exhausted'
  /** The circuit breaker is open, or was opened while a retry waited. */
  | 'circuit_breaker_open'
  /** All places of the bulkhead are taken, and its queue is full. */
  | 'bulkhead_full'
  /** No place in the bulkhead came within its queue timeout. */
  | 'bulkhead_queue_timeout'
  /** Another attempt beside this one answered first. */
  | 'hedge_lost'
  /** The server's hint is longer than `retryAfter.max`. */
  | 'retry_after_exceeds_max'
  /** The next wait would outlast `timeout`, so it was not begun. */
  | 'wait_exceeds_timeout'
  /** `timeout` passed during an attempt or a wait. */
  | 'operation_timeout'
  /** The caller's signal ended the operation. */
  | 'caller_aborted'
  /** The request was aborted by somebody other than the caller's signal. */
  | 'attempt_aborted';

/** Reads one header of a response, whatever its native form; names are lower case. */
export interface HeaderReader {
  get(name: string): string | null | undefined;
}

/** An attempt that ended with a response. */
export interface ResponseOutcome {
  readonly kind: 'response';
  readonly status: number;
  readonly headers: HeaderReader;
  /** The client's own rule, such as axios' `validateStatus`, took it for a success. */
  readonly accepted?: boolean;
  /** Reads a copy of the body as text; the caller's own response stays unread. */
  text(): Promise<string>;
  /** Reads a copy of the body as JSON. Rejects with a `SyntaxError` when it is none. */
  json(): Promise<unknown>;
  /** The body as the caller would get it, from a client that transforms bodies. */
  data?(): unknown;
}

/** An attempt that ended with an error, or with anything else that was thrown. */
export interface ErrorOutcome {
  readonly kind: 'error';
  readonly error: unknown;
  /** The response in the error, from a client that throws for statuses. */
  readonly response?: ResponseOutcome;
  /** The client knows that nothing of the request was sent. */
  readonly unsent?: boolean;
  /** What the source of the request's body has failed with, if it has. That is no fault of the destination's. */
  readonly bodyError?: unknown;
}

/** An attempt of a function that returned a value: a success, unless `shouldRetry` says otherwise. */
export interface ValueOutcome {
  readonly kind: 'value';
  readonly value: unknown;
}

/** How an attempt ended. */
export type Outcome = ResponseOutcome | ErrorOutcome | ValueOutcome;

/** What an outcome means, before the limits of the policy are applied. */
export interface Classification {
  /** Absent when the attempt succeeded. */
  readonly failureClass?: FailureClass;
  /** Whether the outcome and the method allow another attempt. */
  readonly retryable: boolean;
  readonly reason: RetryReason | StopReason;
}

/** The attempt succeeded. */
export const SUCCESS: Classification = Object.freeze({ retryable: false, reason: 'success' });

/** What to do after an attempt. */
export type Decision =
  | { readonly action: 'retry'; readonly delay: number; readonly reason: RetryReason; readonly hint?: number }
  | { readonly action: 'stop'; readonly result: OperationResult; readonly reason: StopReason };

/** What a circuit breaker does: lets everything through, nothing, or a few probes. */
export type CircuitState = 'closed' | 'open' | 'half-open';

/** Why an operation or an attempt is ended from outside. */
export type InterruptionKind =
  | 'caller_aborted'
  | 'operation_timeout'
  | 'attempt_timeout'
  | 'wait_exceeds_timeout'
  | 'circuit_breaker_open'
  | 'bulkhead_full'
  | 'bulkhead_queue_timeout';
