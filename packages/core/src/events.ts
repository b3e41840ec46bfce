/** What the hooks are told, and when. */

import type { CircuitState, FailureClass, RetryReason } from './outcome.ts';
import type { AttemptRecord, RequestStatistics } from './record.ts';

/** What every event names. */
export interface OperationEvent {
  /** The operation's id. */
  readonly id: string;
  /** The destination: the URL's origin unless `key` says otherwise. */
  readonly key: string;
}

/** An attempt ended. */
export interface AttemptEvent extends OperationEvent {
  readonly attempt: AttemptRecord;
}

/** A retry was decided: it will be sent after `delay` ms. */
export interface RetryEvent extends OperationEvent {
  /** The number of the attempt to come: 2 for the first retry. */
  readonly attemptNumber: number;
  /** The wait in ms. */
  readonly delay: number;
  readonly reason: RetryReason;
  readonly failureClass: FailureClass | undefined;
  /** The wait that the server asked for, in ms. */
  readonly hint: number | undefined;
}

/** The wait is over; the retry is sent when the hook returns. */
export interface BeforeRetryEvent extends OperationEvent {
  /** The number of the attempt to come: 2 for the first retry. */
  readonly attemptNumber: number;
  readonly reason: RetryReason;
  /** The status that the retry follows; absent after an error. */
  readonly status: number | undefined;
  /**
   * Headers set here replace those of the same name in this attempt and all later ones. It holds what Tenax adds
   * itself, not the request's own headers.
   */
  readonly headers: Headers;
}

/** A circuit breaker changed its state. */
export interface CircuitChangeEvent {
  /** The destination. */
  readonly key: string;
  readonly from: CircuitState;
  readonly to: CircuitState;
}

/** The operation ended. */
export interface EndEvent extends OperationEvent {
  readonly statistics: RequestStatistics;
}

/**
 * Functions that are told what happens. Order: `onAttempt`, then `onRetry`, the wait, `beforeRetry`, the next
 * attempt; at the end `onSuccess` or `onGiveUp`. A hook that throws is reported once and changes nothing.
 */
export interface RetryHooks {
  /** After every attempt, with its record. */
  onAttempt?: ((event: AttemptEvent) => void) | undefined;
  /** When a retry has been decided, before its wait. */
  onRetry?: ((event: RetryEvent) => void) | undefined;
  /** After the wait, before the retry is sent. It is awaited, and may change the retry's headers. */
  beforeRetry?: ((event: BeforeRetryEvent) => void | PromiseLike<void>) | undefined;
  /** When the operation succeeded. */
  onSuccess?: ((event: EndEvent) => void) | undefined;
  /** When the operation ended in any other way. */
  onGiveUp?: ((event: EndEvent) => void) | undefined;
  /** When a circuit breaker opened, let probes through, or closed. The engine's own hook hears it, not a request's. */
  onCircuitChange?: ((event: CircuitChangeEvent) => void) | undefined;
}

/** The hooks by name, in their order. */
export const HOOKS = [
  'onAttempt',
  'onRetry',
  'beforeRetry',
  'onSuccess',
  'onGiveUp',
  'onCircuitChange',
] as const;
