/**
 * A download that goes on where it broke off (RFC 9110 sections 13.1.5 and 14): `Range` with `If-Range`, so that the
 * bytes of two versions are never mixed.
 */

import { getRetryStatistics, linkWhileAlive, RetryError, signalOf } from '@tenax/core';
import type {
  AttemptContext,
  CallOptions,
  Discarding,
  Exchange,
  RetryEngine,
  RetryPolicy,
} from '@tenax/core';

import { discardResponse, FetchOutcome } from './response-outcome.ts';

/** How the rest of a download is asked for. */
export interface ResumeRequest {
  readonly engine: RetryEngine;
  /** Attempts made until the response came; they count. */
  readonly attempts: number;
  readonly policy: RetryPolicy;
  readonly call: CallOptions;
  readonly url: string;
  send(headers: Record<string, string>, signal: AbortSignal | undefined): Promise<Response>;
}

/** The version of an entity, for `If-Range`: a strong ETag, or a Last-Modified that is strong enough. */
function strongValidator(headers: Headers): string | undefined {
  const etag = headers.get('etag');
  if (etag) return etag.startsWith('"') ? etag : undefined;
  const [modified, date] = [headers.get('last-modified'), headers.get('date')];
  if (!modified || !date) return undefined;
  // Two versions within one second would have the same date (RFC 9110 section 8.8.2.2).
  return Date.parse(date) - Date.parse(modified) >= 1000 ? modified : undefined;
}

/**
 * The same response, with a body that survives broken connections. A response that can't be continued (no validator,
 * a content encoding, not a 200) comes back as it is.
 */
export function resumable(response: Response, request: ResumeRequest): Response {
  const { body, headers } = response;
  const validator = strongValidator(headers);
  const encoding = headers.get('content-encoding') ?? 'identity';
  if (response.status !== 200 || body === null || validator === undefined || encoding !== 'identity')
    return response;
  const download = new Download(response, body, validator, request);
  const copy = new Response(download.stream, {
    status: response.status,
    statusText: response.statusText,
    headers,
  });
  for (const name of ['url', 'redirected', 'type'] as const) {
    Object.defineProperty(copy, name, { value: response[name], configurable: true });
  }
  return copy;
}

/** One entity on its way, over as many connections as it takes. */
class Download {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #request: ResumeRequest;
  readonly #validator: string;
  readonly #length: number | undefined;
  readonly #controller = new AbortController();
  #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  #offset = 0;
  #attempts: number;

  constructor(
    response: Response,
    body: ReadableStream<Uint8Array<ArrayBuffer>>,
    validator: string,
    request: ResumeRequest,
  ) {
    this.#request = request;
    this.#validator = validator;
    this.#attempts = request.attempts;
    const length = response.headers.get('content-length');
    this.#length = length === null ? undefined : Number(length);
    this.#reader = body.getReader();
    this.stream = new ReadableStream({
      pull: (controller) => this.#pull(controller),
      cancel: (reason) => {
        this.#controller.abort(reason);
        return this.#reader.cancel(reason);
      },
    });
    if (request.call.signal) linkWhileAlive(request.call.signal, this.#controller, this.stream);
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> {
    for (;;) {
      const chunk = await this.#read();
      if (chunk === 'broken') continue;
      if (chunk === 'end') controller.close();
      else controller.enqueue(chunk);
      return;
    }
  }

  async #read(): Promise<Uint8Array<ArrayBuffer> | 'end' | 'broken'> {
    let failure: unknown;
    try {
      const { done, value } = await this.#reader.read();
      if (!done) {
        this.#offset += value.byteLength;
        return value;
      }
      if (this.#length === undefined || this.#offset >= this.#length) return 'end';
      failure = new TypeError('terminated', {
        cause: Object.assign(new Error('The body ended early'), { code: 'ERR_STREAM_PREMATURE_CLOSE' }),
      });
    } catch (error) {
      if (this.#length !== undefined && this.#offset >= this.#length) return 'end';
      failure = error;
    }
    await this.#continue(failure);
    return 'broken';
  }

  /** The broken attempt is the first of a new operation; its retries ask for the rest. */
  async #continue(failure: unknown): Promise<void> {
    const { call, engine, policy, url } = this.#request;
    const { signal } = this.#controller;
    const exchange = new RangeExchange(
      {
        method: 'GET',
        signal,
        retry: { ...call.retry, maxAttempts: Math.max(1, policy.maxAttempts - this.#attempts + 1) },
      },
      url,
      failure,
      (attemptSignal) =>
        this.#request.send(
          { range: `bytes=${this.#offset}-`, 'if-range': this.#validator },
          attemptSignal ?? signal,
        ),
    );
    const response = await engine.run(exchange);
    this.#attempts += (getRetryStatistics(response)?.attempts.length ?? 1) - 1;
    this.#refuseOther(response);
    this.#reader = (response.body as ReadableStream<Uint8Array<ArrayBuffer>>).getReader();
  }

  #refuseOther(response: Response): void {
    const { body, headers, status } = response;
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '');
    const total = this.#length === undefined ? undefined : String(this.#length);
    const etag = headers.get('etag');
    const problem =
      status !== 206
        ? `status ${status}`
        : Number(range?.[1] ?? Number.NaN) !== this.#offset
          ? `Content-Range ${headers.get('content-range')}`
          : total !== undefined && range?.[2] !== '*' && range?.[2] !== total
            ? `a length of ${range?.[2]} instead of ${total}`
            : etag !== null && this.#validator.startsWith('"') && etag !== this.#validator
              ? 'another ETag'
              : body === null
                ? 'no body'
                : undefined;
    if (problem === undefined) return;
    discardResponse(response)?.cancel();
    throw new RetryError(
      'TENAX_RESUME_REFUSED',
      `The download broke off at byte ${this.#offset} and can't be continued: the server answered with ${problem}`,
    );
  }
}

/** The continuation of a download. Its first attempt is the one that broke. */
class RangeExchange implements Exchange<Response> {
  readonly call: CallOptions;
  readonly url: string;
  readonly #failure: unknown;
  readonly #send: (signal: AbortSignal | undefined) => Promise<Response>;

  constructor(
    call: CallOptions,
    url: string,
    failure: unknown,
    send: (signal: AbortSignal | undefined) => Promise<Response>,
  ) {
    this.call = call;
    this.url = url;
    this.#failure = failure;
    this.#send = send;
  }

  send(attempt: AttemptContext): Promise<Response> {
    return attempt.number === 1 ? Promise.reject(this.#failure) : this.#send(signalOf(attempt));
  }

  describe(response: Response): FetchOutcome {
    return new FetchOutcome(response);
  }

  discard(response: Response): Discarding | undefined {
    return discardResponse(response);
  }
}
