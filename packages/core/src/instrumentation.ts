/** How telemetry follows operations from within: a span around each of them, headers of its own on each attempt. */

import type { AttemptRecord, RequestStatistics } from './record.ts';

/** An operation that begins. */
export interface ObservedOperation {
  readonly id: string;
  /** The destination: the URL's origin unless `key` says otherwise. */
  readonly key: string;
  /** Upper case; absent for an operation that is not one HTTP request. */
  readonly method: string | undefined;
  /** The URL without credentials, query and fragment; absent for an operation that is not one HTTP request. */
  readonly url: string | undefined;
}

/** An attempt that is about to be sent. */
export interface ObservedAttempt {
  /** 1 for the first attempt. */
  readonly attemptNumber: number;
  /** Whether it is sent beside an attempt that has not ended yet. */
  readonly hedged: boolean;
  /** What is set here is sent with the attempt, in place of the request's own headers of the same name. */
  readonly headers: Headers;
}

/** How an operation ended: with what the caller gets, or with what the caller gets thrown. */
export type ObservedEnd =
  | { readonly statistics: RequestStatistics; readonly result: unknown }
  /** Without statistics if the request could not even begin. */
  | { readonly statistics: RequestStatistics | undefined; readonly error: unknown };

/** Follows one attempt. */
export interface AttemptObserver {
  /** Calls `send`, within whatever context the attempt is to have, and returns what that returns. */
  run?<T>(send: () => T): T;
  ended?(record: AttemptRecord): void;
}

/** Follows one operation. */
export interface OperationObserver {
  /** Calls `begin`, within whatever context the operation is to have, and returns what that returns. */
  run?<T>(begin: () => T): T;
  /**
   * Calls `goOn`, within the same context, and returns what that returns. A client that answers by events does so in a
   * context of its own, often that of an attempt.
   */
  resume?<T>(goOn: () => T): T;
  /** An attempt is about to be sent. */
  attemptStarted?(attempt: ObservedAttempt): AttemptObserver | undefined;
  ended?(end: ObservedEnd): void;
}

/** Is told of every operation of every engine. */
export interface Instrumentation {
  /** An operation begins. Returns who follows it; `undefined` leaves it alone. */
  operationStarted(operation: ObservedOperation): OperationObserver | undefined;
}
