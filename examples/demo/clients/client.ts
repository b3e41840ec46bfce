/** What the demo asks of an HTTP client. */
import type { RequestStatistics, RetryEngine } from '@tenax/core';

/** A client that retries. */
export interface Client {
  /** The engine behind it, with its sums. */
  readonly engine: RetryEngine;
  /** Sends a request. `getRetryStatistics` knows what was tried before an error. */
  send(url: string, request: ClientRequest): Promise<Answer>;
  /** Takes back what it changed outside of itself. */
  close?(): void;
}

/** A request besides its URL. */
export interface ClientRequest {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
}

/** A response, whatever its status. */
export interface Answer {
  readonly status: number;
  readonly ok: boolean;
  readonly statistics: RequestStatistics | undefined;
  /** Reads the body to its end, unless it breaks off, and gives its size in bytes. */
  readBody(): Promise<number>;
}
