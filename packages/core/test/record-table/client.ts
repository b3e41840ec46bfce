// What the table needs of a client, and what honestly differs between clients: their words for what happened.
import type { Readable } from 'node:stream';

import type { RetryEngine } from '../../src/engine.ts';
import type { RetryOptions } from '../../src/options.ts';

export type ClientName =
  | 'core'
  | 'fetch-adapter'
  | 'axios-adapter'
  /** Its interceptor. */
  | 'undici-dispatcher'
  /** The same as a Dispatcher, which can be closed. */
  | 'RetryDispatcher';

/** The errors that occur in the table. */
export type ErrorName =
  /** Nobody listens on the port. */
  | 'refused'
  /** The connection was reset. */
  | 'reset'
  /** The connection ended within the headers. */
  | 'cut off'
  /** The connection ended within the body. */
  | 'body cut off'
  /** The answer was no HTTP. */
  | 'no HTTP'
  /** The server speaks no TLS. */
  | 'no TLS'
  /** A header's value has a line break in it. */
  | 'broken header'
  /** The caller's signal was aborted. */
  | 'caller aborted'
  /** The request was aborted, but not by the caller's signal. */
  | 'aborted by another'
  | 'attempt timeout'
  | 'operation timeout';

/** An error in the words of a client. */
export interface ErrorWords {
  readonly name: string;
  readonly code?: string;
}

/** How a client speaks. */
export interface ClientWords {
  readonly errors: Readonly<Record<ErrorName, ErrorWords>>;
  /** The error that stands beside a status that failed. The adapters have none: the status says it all. */
  readonly statusError?: ErrorWords;
  /** A function's value is a success, and no status is known of it. */
  readonly hidesSuccessfulStatus?: true;
  /** The error of a body that broke does not tell its status. */
  readonly hidesStatusOfBrokenBody?: true;
}

/** Those of Tenax, the same for all. */
export const OWN_ERRORS = {
  'attempt timeout': { name: 'AttemptTimeoutError', code: 'TENAX_ATTEMPT_TIMEOUT' },
  'operation timeout': { name: 'OperationTimeoutError', code: 'TENAX_OPERATION_TIMEOUT' },
} as const satisfies Partial<Record<ErrorName, ErrorWords>>;

/** The words of clients that send through `node:http`. */
export const NODE_HTTP_ERRORS = {
  refused: { name: 'Error', code: 'ECONNREFUSED' },
  reset: { name: 'Error', code: 'ECONNRESET' },
  'cut off': { name: 'Error', code: 'ECONNRESET' },
  'no HTTP': { name: 'Error', code: 'HPE_INVALID_CONSTANT' },
  'no TLS': { name: 'Error', code: 'EPROTO' },
} as const satisfies Partial<Record<ErrorName, ErrorWords>>;

/** One request of the table. */
export interface TableRequest {
  /** With a query, and with credentials where the client takes them. */
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable | undefined;
  readonly signal: AbortSignal;
  /** Aborts the attempt without a word to the engine, as somebody between it and the socket may. */
  readonly signalOfAnother: AbortSignal;
}

/** A client that retries. */
export interface OpenClient extends AsyncDisposable {
  readonly engine: RetryEngine;
  /** Fulfilled with the object that the statistics hang on; rejected as the client rejects. */
  send(request: TableRequest): Promise<object>;
  /** Begins to close the client; absent where the client can't be closed. */
  beginClose?(): void;
}

/** A kind of client. */
export interface Client {
  readonly name: ClientName;
  readonly words: ClientWords;
  readonly takesCredentialsInUrl: boolean;
  open(options: RetryOptions): OpenClient;
}
