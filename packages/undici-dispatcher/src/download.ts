/** A download that goes on where it broke off: `Range` with `If-Range`, by the rules that core has for it. */

import type { IncomingHttpHeaders } from 'node:http';

import { isComplete, rangeHeaders, readContentRange, refuseContinuation, resumeRefused } from '@tenax/core';
import type {
  AttemptContext,
  CallOptions,
  ErrorOutcome,
  ResumableDownload,
  RetryEngine,
  RetryErrorDetails,
} from '@tenax/core';

import type { AttemptHandler } from './attempt-handler.ts';
import type { Capture } from './capture-statistics.ts';
import type { LiveController } from './live-controller.ts';
import type { Dispatch, DispatchOptions, Handler } from './protocol.ts';
import { withHeaders } from './request-headers.ts';
import { UndiciExchange } from './undici-exchange.ts';
import type { WaitingRequests } from './waiting-requests.ts';

/** The request whose body is downloaded. */
export interface DownloadRequest {
  readonly engine: RetryEngine;
  readonly retry: CallOptions['retry'];
  /** After those that were made until the response came. */
  readonly attemptsLeft: number;
  readonly url: string;
  readonly dispatch: Dispatch;
  readonly options: DispatchOptions;
  readonly handler: Handler;
  readonly controller: LiveController;
  readonly waiting: WaitingRequests | undefined;
  readonly capture: Capture | undefined;
}

/** One entity on its way to a handler, over as many connections as it takes. */
export class Download {
  #entity: ResumableDownload;
  readonly #request: DownloadRequest;
  #offset = 0;
  #attemptsLeft: number;

  constructor(entity: ResumableDownload, request: DownloadRequest) {
    this.#entity = entity;
    this.#request = request;
    this.#attemptsLeft = request.attemptsLeft;
  }

  /** Bytes that the caller has. */
  chunk(length: number): void {
    this.#offset += length;
  }

  get offset(): number {
    return this.#offset;
  }

  /** The broken attempt is the first of a new operation; its retries ask for the rest. */
  continue(failure: Error): void {
    const { controller, engine } = this.#request;
    const retry = { ...this.#request.retry, maxAttempts: this.#attemptsLeft + 1 };
    const rest = new RestExchange(this.#request, retry, this.#entity, failure, this, this.#offset);
    controller.handOver(rest);
    rest.start(engine);
  }

  /** Whether every byte has come, where the server has said how many there are. */
  get isWhole(): boolean {
    return this.isWholeAt(Infinity);
  }

  /** The same, where it has said nothing but the end of a part. */
  isWholeAt(end: number): boolean {
    return this.#offset >= (this.#entity.length ?? end);
  }

  /** The server has said how long the whole of it is: what is less has broken off. */
  isOf(length: number | undefined): void {
    this.#entity = { ...this.#entity, length: this.#entity.length ?? length };
  }

  /** One more attempt for the rest. */
  attempted(): void {
    this.#attemptsLeft -= 1;
  }
}

/** The rest of a download. */
class RestExchange extends UndiciExchange {
  readonly call: CallOptions;
  readonly url: string;
  readonly concurrent = false;
  readonly previous: ErrorOutcome & { readonly error: Error };
  readonly #entity: ResumableDownload;
  #attempt: AttemptContext | undefined;
  readonly #download: Download;
  readonly #offset: number;
  /** Where the part ends that the server gives. */
  #end = Infinity;

  constructor(
    { capture, controller, dispatch, handler, options, url, waiting }: DownloadRequest,
    retry: CallOptions['retry'],
    entity: ResumableDownload,
    failure: Error,
    download: Download,
    offset: number,
  ) {
    super(dispatch, options, handler, controller, waiting, capture);
    this.call = { method: 'GET', retry };
    this.url = url;
    this.previous = { kind: 'error', error: failure };
    this.#entity = entity;
    this.#download = download;
    this.#offset = offset;
  }

  override start(engine: RetryEngine): void {
    super.start(engine);
    // Not before: there would be nothing that a dispatcher which is destroyed already could end.
    this.wait();
  }

  override send(attempt: AttemptContext): void {
    this.#attempt = attempt;
    if (attempt.number === 1) {
      this.operation?.failed(this.previous.error, attempt);
      return;
    }
    this.#download.attempted();
    super.send(attempt);
  }

  /** The caller has had the interim responses of this request, and its progress. */
  override attemptInformed(): void {}

  override progressed(): void {}

  override bodyChunk(chunk: Buffer): void {
    if (this.#download.offset + chunk.length > this.#end) {
      this.#refuse(resumeRefused(this.#offset, 'more bytes than there are', this.#details));
      return;
    }
    this.#download.chunk(chunk.length);
    super.bodyChunk(chunk);
  }

  /** A server may give a part of the rest: what is missing then is asked for too. */
  override bodyEnd(trailers: IncomingHttpHeaders): void {
    if (this.#download.isWholeAt(this.#end)) {
      super.bodyEnd(trailers);
      return;
    }
    const early = new Error('The body ended early');
    this.#download.continue(Object.assign(early, { code: 'ERR_STREAM_PREMATURE_CLOSE' }));
  }

  override bodyError(error: Error): void {
    if (this.isCallersFault) super.bodyError(error);
    else if (this.#download.isWhole) this.#complete();
    else this.#download.continue(error);
  }

  protected override optionsOf(attempt: AttemptContext): DispatchOptions {
    const options = super.optionsOf(attempt);
    const range = Object.entries(rangeHeaders(this.#entity, this.#offset));
    options.headers = withHeaders(options.headers, range);
    return options;
  }

  protected responseAccepted(attempt: AttemptHandler): void {
    if (isComplete(this.#entity, this.#offset, attempt)) {
      attempt.abandon(this.previous.error);
      this.#complete();
      return;
    }
    const refusal = refuseContinuation(this.#entity, this.#offset, attempt, this.#details);
    if (refusal) {
      this.#refuse(refusal);
      return;
    }
    const range = readContentRange(attempt.headers);
    this.#download.isOf(range?.total);
    this.#end = range?.end ?? Infinity;
  }

  /** For the error of a download that can't go on. */
  get #details(): RetryErrorDetails {
    return { cause: this.previous.error, statistics: this.statistics };
  }

  /** Nothing was missing but the end. The attempt is over, so nobody hands on what the caller's handler throws. */
  #complete(): void {
    try {
      this.handler.onResponseEnd?.(this.controller, {});
    } catch (error) {
      this.tellError(error as Error);
    }
  }

  #refuse(refusal: Error): void {
    this.abandon(refusal, this.#attempt as AttemptContext);
    this.tellError(refusal);
  }
}
