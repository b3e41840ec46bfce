/** One logical request through a dispatcher: it sends attempts, and gives the caller's handler what is the caller's. */

import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';

import type {
  AttemptContext,
  CallOptions,
  Discarding,
  ErrorOutcome,
  EventExchange,
  EventOperation,
  RequestStatistics,
  RetryEngine,
} from '@tenax/core';
import { AttemptTimeoutError, eventOperation, warnOnce } from '@tenax/core';
import type { Dispatcher } from 'undici';
import { errors } from 'undici';

import { AttemptHandler, ProgressHandler } from './attempt-handler.ts';
import type { AttemptOwner } from './attempt-handler.ts';
import type { Capture } from './capture-statistics.ts';
import type { Abortable, LiveController } from './live-controller.ts';
import type { Dispatch, DispatchOptions, Handler } from './protocol.ts';
import { withHeaders } from './request-headers.ts';
import type { WaitingRequest, WaitingRequests } from './waiting-requests.ts';

/** Marks what an attempt is sent with: retries further in leave it alone, whatever interceptors stand between. */
const ATTEMPT = Symbol.for('@tenax/undici-dispatcher attempt');

/** Whether somebody retries these already. */
export function isAttempt(options: DispatchOptions): boolean {
  return ATTEMPT in options;
}

/** What a request and the rest of a broken download have in common. */
export abstract class UndiciExchange implements EventExchange, AttemptOwner, Abortable, WaitingRequest {
  abstract readonly call: CallOptions;
  abstract readonly url: string;
  /** Whether the response that comes is the caller's. */
  accepted = false;
  /** What the dispatcher said of its queue. */
  canTakeMore = true;
  protected readonly controller: LiveController;
  protected readonly handler: Handler;
  protected readonly dispatch: Dispatch;
  protected readonly options: DispatchOptions;
  /** Where a dispatcher that may be closed finds the requests that wait. */
  protected readonly waiting: WaitingRequests | undefined;
  protected readonly capture: Capture | undefined;
  protected hasEnded = false;
  protected operation: EventOperation | undefined;
  /** The attempt that was sent last; in the end, the one whose response is the caller's. */
  #live: AttemptHandler | undefined;
  /** Those that were sent before it and may be under way. */
  #beside: AttemptHandler[] | undefined;
  #failing: AttemptHandler | undefined;
  #responding = false;
  /** The caller's handler is being called: what it resumes flows when it has returned. */
  #calling = false;
  #callerThrew = false;

  constructor(
    dispatch: Dispatch,
    options: DispatchOptions,
    handler: Handler,
    controller: LiveController,
    waiting: WaitingRequests | undefined,
    capture: Capture | undefined,
  ) {
    this.dispatch = dispatch;
    this.options = options;
    this.handler = handler;
    this.controller = controller;
    this.waiting = waiting;
    this.capture = capture;
  }

  get closing(): boolean {
    return this.waiting?.closing ?? false;
  }

  get statistics(): RequestStatistics {
    return (this.operation as EventOperation).statistics;
  }

  start(engine: RetryEngine): void {
    const operation = eventOperation(engine, this);
    this.operation = operation;
    operation.start();
  }

  send(attempt: AttemptContext): void {
    const live = isToldOfProgress(this.handler)
      ? new ProgressHandler(this, attempt)
      : new AttemptHandler(this, attempt);
    // Kept while it may still answer: an attempt may be sent beside it.
    if (this.#live && !this.#live.isOver) {
      live.isHedge = this.#live.isAwaited;
      (this.#beside ??= []).push(this.#live);
    }
    this.#live = live;
    this.canTakeMore = this.dispatch(this.optionsOf(attempt), live);
    live.dispatched = true;
  }

  abandon(reason: unknown, attempt: AttemptContext): void {
    this.#failing = this.#handlerOf(attempt);
    this.#failing?.abandon(reason as Error);
    // Whether there is another one may be a matter of thought.
    if (reason instanceof AttemptTimeoutError) this.wait();
  }

  /** Before a wait, and where a response is nobody's in the end. */
  discard(attempt: AttemptContext): Discarding | undefined {
    this.wait();
    return this.#handlerOf(attempt)?.discard();
  }

  release(): void {
    this.hasEnded = true;
    this.waiting?.delete(this);
    this.capture?.add(this.statistics);
  }

  /** A wait ends now: its retry is sent at once. */
  hurry(): void {
    this.operation?.hurry();
  }

  fail(error: unknown): void {
    this.tellError(error as Error);
  }

  describeError(error: unknown): ErrorOutcome {
    return { kind: 'error', error, unsent: this.#failing?.isUnsent ?? false };
  }

  abort(reason: Error): void {
    if (this.accepted) this.#live?.abort(reason);
    else this.operation?.abort(reason);
  }

  /** Ends the attempt that is under way, as a failure of its own. */
  protected abortAttempt(error: Error): void {
    if (this.#live?.isOver === false) this.#live.controller?.abort(error);
  }

  resume(): void {
    if (!this.#calling) this.#release();
  }

  attemptStarted(
    controller: Dispatcher.DispatchController,
    _context: unknown,
    _attempt: AttemptHandler,
  ): void {
    // Not when it is sent: an interceptor further in may look up its address first, or its cache.
    this.waiting?.delete(this);
    this.controller.connect(controller);
  }

  attemptInformed(statusCode: number, headers: IncomingHttpHeaders, statusMessage: string | undefined): void {
    this.#callHandler(() => {
      this.handler.onResponseStart?.(this.controller, statusCode, headers, statusMessage);
    });
  }

  attemptResponded(attempt: AttemptHandler): void {
    this.#responding = true;
    this.operation?.responded(attempt, attempt.attempt);
    this.#responding = false;
    this.wait();
  }

  attemptUpgraded(
    statusCode: number,
    headers: IncomingHttpHeaders,
    socket: Duplex,
    attempt: AttemptHandler,
  ): void {
    this.operation?.succeeded(statusCode, attempt.attempt);
    this.#live = attempt;
    if (attempt.controller) this.controller.connect(attempt.controller);
    this.accepted = true;
    try {
      if (!this.handler.onRequestUpgrade) {
        throw new errors.InvalidArgumentError('invalid onRequestUpgrade method');
      }
      this.handler.onRequestUpgrade(this.controller, statusCode, headers, socket);
    } catch (error) {
      socket.destroy();
      if (!attempt.isOver) this.tellError(error as Error);
    }
  }

  attemptFailed(error: Error, byCaller: boolean, attempt: AttemptHandler): void {
    this.#failing = attempt;
    if (byCaller) this.operation?.abort(error);
    else this.operation?.failed(error, attempt.attempt);
    this.wait();
  }

  bodyChunk(chunk: Buffer): void {
    try {
      this.handler.onResponseData?.(this.controller, chunk);
    } catch (error) {
      this.#callerThrew = true;
      throw error;
    }
  }

  bodyEnd(trailers: IncomingHttpHeaders): void {
    try {
      this.handler.onResponseEnd?.(this.controller, trailers);
    } catch (error) {
      this.#callerThrew = true;
      throw error;
    }
  }

  bodyError(error: Error): void {
    this.tellError(error);
  }

  progressed(step: 'onResponseStarted' | 'onRequestSent' | 'onBodySent', sent: readonly unknown[]): void {
    const told: ((...given: unknown[]) => void) | undefined = this.handler[step];
    if (told === undefined) return;
    this.#callHandler(() => {
      told.apply(this.handler, [...sent]);
    });
  }

  accept(attempt: AttemptContext): void {
    const live = this.#handlerOf(attempt) as AttemptHandler;
    this.#live = live;
    this.#beside = undefined;
    if (live.controller) this.controller.connect(live.controller);
    live.accept();
    this.accepted = true;
    this.controller.headers = live.responseHeaders;
    this.#calling = !this.#responding;
    try {
      this.responseAccepted(live);
    } catch (error) {
      this.#callerThrew = true;
      // Within undici's own event it is undici's to hand on, as without retries.
      if (this.#responding) throw error;
      this.#callerFailed(error);
      return;
    } finally {
      this.#calling = false;
    }
    if (!this.#responding) this.#releaseLater();
    else if (this.controller.paused) live.controller?.pause();
  }

  /** Whether an error of the body is the caller's own doing: its abort, or what its handler has thrown. */
  protected get isCallersFault(): boolean {
    return this.#callerThrew || this.controller.aborted;
  }

  /** The caller's from here on. */
  protected abstract responseAccepted(attempt: AttemptHandler): void;

  /** What the attempt is sent with: the caller's own object is nobody's to write to. */
  protected optionsOf(attempt: AttemptContext): DispatchOptions {
    const options = { ...this.options, [ATTEMPT]: true };
    if (attempt.headers) options.headers = withHeaders(options.headers, attempt.headers);
    return options;
  }

  /** The caller's last event. Nobody is left to hand on what its handler throws. */
  protected tellError(error: Error): void {
    try {
      this.handler.onResponseError?.(this.controller, error);
    } catch (thrown) {
      warnOnce(this.handler, 'onResponseError of a handler threw; its request has ended', thrown);
    }
  }

  /** Unless the request has ended, it has no attempt now: it rests, is held back, or its caller's function thinks. */
  protected wait(): void {
    if (!this.hasEnded) this.waiting?.add(this);
  }

  /** What the caller's handler throws ends its request: it is no failure of the attempt. */
  #callHandler(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.operation?.abort(error);
    }
  }

  #handlerOf(attempt: AttemptContext): AttemptHandler | undefined {
    if (this.#live?.attempt === attempt) return this.#live;
    return this.#beside?.find((handler) => handler.attempt === attempt);
  }

  /** A connection brings a response and what breaks it in two turns, and a fetch does not hear of it in the first. */
  #releaseLater(): void {
    this.#calling = true;
    setImmediate(() => {
      this.#calling = false;
      this.#release();
    });
  }

  #release(): void {
    try {
      this.#live?.release(() => this.controller.paused);
    } catch (error) {
      this.#callerFailed(error);
    }
  }

  #callerFailed(error: unknown): void {
    this.#live?.abandon(error as Error);
    this.tellError(error as Error);
  }
}

function isToldOfProgress(handler: Handler): boolean {
  return (
    typeof handler.onBodySent === 'function' ||
    typeof handler.onRequestSent === 'function' ||
    typeof handler.onResponseStarted === 'function'
  );
}
