/** One logical fetch: it sends attempts through the platform's fetch and says what came back. */

import { keepAbortable, signalOf } from '@tenax/core';
import type {
  AttemptContext,
  CallOptions,
  Discarding,
  ErrorOutcome,
  Exchange,
  RetryEngine,
  RetryOverride,
  RetryPolicy,
} from '@tenax/core';

import { initOf, isRequest } from './fetch-arguments.ts';
import type { FetchArguments } from './fetch-arguments.ts';
import { cancelBody, prepareBody } from './prepare-body.ts';
import type { RequestBody } from './request-body.ts';
import { discardResponse, FetchOutcome } from './response-outcome.ts';
import { resumable, withOwnBody } from './resume.ts';

/** The function that sends: the platform's, or one of the user's. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** What fetch takes, and `retry`. */
export interface RetryingRequestInit extends RequestInit {
  /** Options for this request in place of those of the function, or `false` for a single attempt. */
  retry?: RetryOverride | undefined;
  /** Required for a streamed body. The types of browsers do not know it yet. */
  duplex?: 'half';
}

/** Lets the platform refuse in its own words what is no signal, before somebody listens to it. */
function checkSignal(signal: AbortSignal | null): AbortSignal | null {
  if (signal !== null && typeof (signal as Partial<AbortSignal>).addEventListener !== 'function') {
    void new Request('data:,', { signal });
  }
  return signal;
}

/** A call of the retrying fetch. */
export class FetchExchange implements Exchange<Response> {
  readonly call: CallOptions;
  readonly url: string;
  private readonly engine: RetryEngine;
  private readonly fetch: Fetch;
  private readonly input: string | URL | Request;
  private init: RequestInit | undefined;
  private body: RequestBody | undefined;
  private policy: RetryPolicy | undefined;
  /** Attempts that were sent. */
  private sent = 0;

  constructor(
    engine: RetryEngine,
    fetch: Fetch,
    input: string | URL | Request,
    init: RetryingRequestInit | undefined,
  ) {
    const request = isRequest(input) ? input : undefined;
    // As fetch itself does with what it is given, at once: the caller may change a URL while a wait is on.
    // oxlint-disable-next-line typescript/no-base-to-string
    this.input = request ?? String(input);
    const url = request?.url ?? absolute(this.input as string);
    this.engine = engine;
    this.fetch = fetch;
    this.init = copyOf(init);
    this.url = url;
    this.call = {
      // Of whatever else there is, the platform takes the string too.
      method: String(init?.method ?? request?.method ?? 'GET'),
      signal: (init?.signal === undefined ? request?.signal : checkSignal(init.signal)) ?? undefined,
      // The page may be gone before a wait is over: keepalive is for one last request.
      retry: init?.retry === undefined && (init?.keepalive ?? request?.keepalive) ? false : init?.retry,
    };
  }

  get hasIdempotencyKey(): boolean {
    try {
      return this.headers().has('idempotency-key');
    } catch {
      // Headers that the platform refuses, in its own words, when the request is sent.
      return false;
    }
  }

  get replayable(): boolean {
    return this.body?.replayable ?? true;
  }

  get concurrent(): boolean {
    return this.body?.concurrent ?? true;
  }

  begin(policy: RetryPolicy): void {
    this.policy = policy;
    // It will not be sent, so nothing is read of its body.
    if (this.call.signal?.aborted) return;
    this.body = prepareBody(this.input, this.init, policy);
  }

  send(attempt: AttemptContext): Promise<Response> {
    this.sent = attempt.number;
    const { input, init } = this.attemptArguments(attempt);
    const sent = this.fetch(input, init);
    const abortable = this.call.signal !== undefined && signalOf(attempt) !== this.call.signal;
    if (!abortable && !this.policy?.resume) return sent;
    // A mock may answer without a promise.
    return Promise.resolve(sent).then((response) => {
      if (abortable && response.body) keepAbortable(attempt, response.body);
      return this.policy?.resume ? this.resumable(response, attempt, this.policy) : response;
    });
  }

  describe(response: Response): FetchOutcome {
    return new FetchOutcome(response);
  }

  describeError(error: unknown): ErrorOutcome {
    return { kind: 'error', error, bodyError: this.body?.error };
  }

  discard(response: Response): Discarding | undefined {
    return discardResponse(withOwnBody(response));
  }

  retrying(): void {
    this.body?.retrying?.();
  }

  release(failure?: { readonly reason: unknown }): void {
    const body = this.body;
    body?.release?.(failure);
    // As the platform does with what it was given and will not read. A body that is kept has ended its source itself.
    if (failure && this.sent === 0 && (body ? !body.release : this.call.signal?.aborted)) {
      cancelBody(this.input, this.init, failure.reason, body !== undefined);
    }
    // The statistics of a result know its exchange, and are not to hold what was sent.
    this.body = undefined;
    if (this.init?.body) this.init = { ...this.init, body: null };
  }

  /** The caller's own arguments, unless this attempt needs others. */
  private attemptArguments(attempt: AttemptContext): FetchArguments {
    const { input, init } = this.body?.next() ?? { input: this.input, init: this.init };
    const signal = signalOf(attempt);
    const ownSignal = signal === this.call.signal ? undefined : signal;
    if (!attempt.headers && !ownSignal) return { input, init };
    return {
      input,
      init: {
        ...initOf(input, init),
        ...(ownSignal && { signal: ownSignal }),
        ...(attempt.headers && { headers: this.headers(attempt.headers) }),
      },
    };
  }

  /** The request's headers, with others set over them: set anew each time, never appended. */
  private headers(...overs: readonly (Headers | undefined)[]): Headers {
    const headers = new Headers(
      this.init?.headers ?? (isRequest(this.input) ? this.input.headers : undefined),
    );
    for (const over of overs) {
      over?.forEach((value, name) => {
        headers.set(name, value);
      });
    }
    return headers;
  }

  private resumable(response: Response, attempt: AttemptContext, policy: RetryPolicy): Response {
    if (this.call.method?.toUpperCase() !== 'GET' || this.headers().has('range')) return response;
    return resumable(response, {
      engine: this.engine,
      attempts: this.sent,
      policy,
      exchange: this,
      send: (range, continuation) => {
        // Those of `beforeRetry` and `attemptHeaders` for this very attempt, too.
        const headers = this.headers(attempt.headers, continuation.headers, new Headers(range));
        const { signal } = continuation;
        return this.fetch(this.input, { ...initOf(this.input, this.init), headers, signal });
      },
    });
  }
}

/** A copy, since the caller may change its object while a wait is on. `retry` is not the platform's business. */
function copyOf(init: RetryingRequestInit | undefined): RequestInit | undefined {
  if (init === undefined) return undefined;
  const { retry: _, ...rest } = init;
  if (typeof rest.headers === 'object' && rest.headers !== null) rest.headers = copyOfHeaders(rest.headers);
  return rest;
}

/** Pairs may come from what can be iterated once. What the platform refuses stays what it is. */
function copyOfHeaders(headers: HeadersInit): HeadersInit {
  if (headers instanceof Headers) return new Headers(headers);
  if (!(Symbol.iterator in headers)) return { ...headers };
  return Array.from(headers as Iterable<[string, string]>, (pair) =>
    typeof pair === 'object' && Symbol.iterator in pair ? ([...pair] as [string, string]) : pair,
  );
}

/** Browsers take URLs relative to the page. */
function absolute(url: string): string {
  const { location } = globalThis as { location?: { href: string } };
  if (!location || /^[a-z][a-z0-9+.-]*:/i.test(url)) return url;
  try {
    return new URL(url, location.href).href;
  } catch {
    return url;
  }
}
