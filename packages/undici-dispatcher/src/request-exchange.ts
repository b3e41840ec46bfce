/** A request, from its first attempt to the response that is the caller's. */

import type { IncomingHttpHeaders } from 'node:http';

import type { AttemptContext, CallOptions, ErrorOutcome, RetryEngine, RetryPolicy } from '@tenax/core';
import { resumableDownload } from '@tenax/core';
import type { Dispatcher } from 'undici';
import { RetryHandler } from 'undici';

import type { AttemptHandler } from './attempt-handler.ts';
import { currentCapture } from './capture-statistics.ts';
import { Download } from './download.ts';
import { LiveController } from './live-controller.ts';
import type { Dispatch, DispatchOptions, Handler } from './protocol.ts';
import { prepareBody } from './request-body.ts';
import type { RequestBody } from './request-body.ts';
import { hasHeader, keptHeaders, withHeaders } from './request-headers.ts';
import { RetryContext } from './retry-context.ts';
import { UndiciExchange } from './undici-exchange.ts';
import type { WaitingRequests } from './waiting-requests.ts';

/** HTTP/2 forbids these, and has no status message. Neither has every answer of HTTP/1.1. */
const HTTP1_HEADERS = ['connection', 'keep-alive', 'transfer-encoding'];

/** One dispatch of a caller. */
export class RequestExchange extends UndiciExchange {
  readonly call: CallOptions;
  readonly #engine: RetryEngine;
  #policy: RetryPolicy | undefined;
  #body: RequestBody | undefined;
  /** It seems to be HTTP/2: a stream's two halves end by themselves, and the server reads on. */
  #mayBeSentOn = false;
  #attempts = 0;
  #context: RetryContext | undefined;
  #download: Download | undefined;

  constructor(
    engine: RetryEngine,
    dispatch: Dispatch,
    options: DispatchOptions,
    handler: Handler,
    waiting?: WaitingRequests,
  ) {
    const controller = new LiveController();
    // Its caller may use the object for its next request while this one waits for a retry.
    const own = copyOf(options);
    if (options.headers) own.headers = keptHeaders(options.headers);
    super(dispatch, own, handler, controller, waiting, currentCapture());
    controller.handOver(this);
    this.#engine = engine;
    // undici's own retries around it would multiply the attempts.
    const retry = handler instanceof RetryHandler ? false : options.retry;
    // What is no method is undici's to refuse.
    const { method } = options as { readonly method?: unknown };
    this.call = { method: typeof method === 'string' ? method : undefined, retry };
  }

  get url(): string {
    const { origin, path } = this.options;
    // A client or a pool may know its origin alone.
    return origin === undefined ? '' : `${String(origin)}${path}`;
  }

  get hasIdempotencyKey(): boolean {
    return hasHeader(this.options.headers, 'idempotency-key');
  }

  get replayable(): boolean {
    return this.#body?.replayable ?? true;
  }

  get origin(): string {
    return String(this.options.origin ?? '');
  }

  /** A stream is read once at a time, and a socket that is handed over is one too many if it loses. */
  get concurrent(): boolean {
    return this.#body === undefined && !this.options.upgrade;
  }

  override start(engine: RetryEngine): void {
    super.start(engine);
    // It waits for a place or its turn.
    if (this.#attempts === 0) this.wait();
  }

  begin(policy: RetryPolicy): void {
    this.#policy = policy;
    const { body } = this.options;
    if (!body) return;
    this.#body = prepareBody(body, policy, (error) => {
      this.abortAttempt(error);
    });
  }

  override send(attempt: AttemptContext): void {
    this.#attempts = attempt.number;
    super.send(attempt);
  }

  override attemptStarted(
    controller: Dispatcher.DispatchController,
    context: unknown,
    attempt: AttemptHandler,
  ): void {
    super.attemptStarted(controller, context, attempt);
    if (this.#context === undefined) this.#startHandler(context);
    else this.#context.add(context);
  }

  override describeError(error: unknown): ErrorOutcome {
    return { ...super.describeError(error), bodyError: this.#body?.error };
  }

  retrying(): void {
    this.#body?.retrying?.();
  }

  override release(failure?: { readonly reason: unknown }): void {
    super.release();
    this.#body?.release?.(failure);
  }

  override bodyChunk(chunk: Buffer): void {
    this.#download?.chunk(chunk.length);
    super.bodyChunk(chunk);
  }

  override bodyEnd(trailers: IncomingHttpHeaders): void {
    this.#endBody(this.#mayBeSentOn ? undefined : { reason: undefined });
    super.bodyEnd(trailers);
  }

  override bodyError(error: Error): void {
    this.#endBody({ reason: error });
    if (this.#download === undefined || this.isCallersFault) super.bodyError(error);
    else this.#download.continue(error);
  }

  protected override wait(): void {
    // Without a controller the caller could not end what comes: the first attempt may have had no connection.
    if (!this.hasEnded && this.#context === undefined) this.#startHandler(null);
    super.wait();
  }

  protected override optionsOf(attempt: AttemptContext): DispatchOptions {
    const options = super.optionsOf(attempt);
    if (this.#body) {
      const { length } = this.#body;
      options.body = this.#body.next() as DispatchOptions['body'] & {};
      if (length && !hasHeader(options.headers, 'content-length')) {
        options.headers = withHeaders(options.headers, [['content-length', String(length)]]);
      }
    }
    return options;
  }

  protected responseAccepted(attempt: AttemptHandler): void {
    const { responseHeaders = {}, status, statusMessage } = attempt;
    if (this.#policy?.resume) this.#prepareDownload(attempt, this.#policy);
    this.#mayBeSentOn = !statusMessage && !HTTP1_HEADERS.some((name) => name in responseHeaders);
    this.handler.onResponseStart?.(this.controller, status, responseHeaders, statusMessage);
  }

  /** A server may answer before it has read everything: over HTTP/1.1 undici then ends the caller's stream. */
  #endBody(failure: { readonly reason: unknown } | undefined): void {
    this.#body?.release?.(failure);
    // A context may be kept for long, and with it this.
    this.#body = undefined;
  }

  #startHandler(context: unknown): void {
    this.#context = new RetryContext(this, context);
    try {
      this.handler.onRequestStart(this.controller, this.#context);
    } catch (error) {
      this.operation?.abort(error);
    }
  }

  #prepareDownload(attempt: AttemptHandler, policy: RetryPolicy): void {
    if (this.options.method !== 'GET' || hasHeader(this.options.headers, 'range')) return;
    const entity = resumableDownload(attempt);
    if (entity === undefined) return;
    const { capture, controller, dispatch, handler, options, waiting } = this;
    this.#download = new Download(entity, {
      engine: this.#engine,
      retry: this.call.retry,
      attemptsLeft: policy.maxAttempts - this.#attempts,
      url: this.url,
      dispatch,
      options,
      handler,
      controller,
      waiting,
      capture,
    });
  }
}

/** What undici would read of them: those of a class, or of an object made from defaults, are inherited. */
function copyOf(options: DispatchOptions): DispatchOptions {
  const copy = { ...options };
  let prototype: unknown = Object.getPrototypeOf(options);
  while (prototype && prototype !== Object.prototype) {
    for (const name of Reflect.ownKeys(prototype)) {
      if (!(name in copy)) Reflect.set(copy, name, Reflect.get(options, name));
    }
    prototype = Object.getPrototypeOf(prototype);
  }
  return copy;
}
