/** Hears one attempt. What it says reaches the caller only once its response is the caller's. */

import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';

import { LARGEST_DRAIN } from '@tenax/core';
import type { AttemptContext, Discarding, HeaderReader, ResponseOutcome } from '@tenax/core';
import type { Dispatcher } from 'undici';

import { HeldBody } from './held-body.ts';
import type { Controller, Handler } from './protocol.ts';

type LiveAttempt = Dispatcher.DispatchController;

/** The request that an attempt belongs to. */
export interface AttemptOwner {
  attemptStarted(controller: LiveAttempt, context: unknown, attempt: AttemptHandler): void;
  attemptInformed(statusCode: number, headers: IncomingHttpHeaders, statusMessage: string | undefined): void;
  attemptResponded(attempt: AttemptHandler): void;
  attemptUpgraded(
    statusCode: number,
    headers: IncomingHttpHeaders,
    socket: Duplex,
    attempt: AttemptHandler,
  ): void;
  attemptFailed(error: Error, byCaller: boolean, attempt: AttemptHandler): void;
  /** The body of the response that was accepted. */
  bodyChunk(chunk: Buffer): void;
  bodyEnd(trailers: IncomingHttpHeaders): void;
  bodyError(error: Error): void;
  /** How far the request has got on its way. */
  progressed(step: 'onResponseStarted' | 'onRequestSent' | 'onBodySent', sent: readonly unknown[]): void;
}

/** What its events are for. */
type Phase =
  /** No final response has come yet. */
  | 'sent'
  /** Its response has come, and it is being decided whose that is. */
  | 'held'
  /** Its response is the caller's. */
  | 'accepted'
  /** What is left of its response only has to leave the connection. */
  | 'discarded'
  /** Nobody listens any more. */
  | 'over';

/** The handler that undici gets for one attempt, and the attempt's response in the engine's words. */
export class AttemptHandler implements Handler, ResponseOutcome {
  readonly kind = 'response';
  status = 0;
  controller: LiveAttempt | undefined;
  statusMessage: string | undefined;
  /** As undici has parsed them. */
  responseHeaders: IncomingHttpHeaders | undefined;
  /** It was sent beside another: until it has won, its caller hears of that one alone. */
  isHedge = false;
  /** The dispatcher has returned: what comes now comes from a connection. */
  dispatched = false;
  #started = false;
  /** The engine's name for it. */
  readonly attempt: AttemptContext;
  readonly #owner: AttemptOwner;
  #phase: Phase = 'sent';
  #held: HeldBody | undefined;
  #releasing = false;
  #drained: (() => void) | undefined;
  #drainedSize = 0;

  constructor(owner: AttemptOwner, attempt: AttemptContext) {
    this.#owner = owner;
    this.attempt = attempt;
  }

  get headers(): HeaderReader {
    return {
      get: (name) => {
        const value = this.responseHeaders?.[name];
        return Array.isArray(value) ? value.join(', ') : value;
      },
    };
  }

  /** Nothing was written: the request never got a connection. What comes within the dispatch itself is a mock's. */
  get isUnsent(): boolean {
    return this.dispatched && !this.#started;
  }

  /** How far the request has got on its way, while that is news. */
  protected progressed(
    step: 'onResponseStarted' | 'onRequestSent' | 'onBodySent',
    sent: readonly unknown[],
  ): void {
    if (this.#phase === 'sent' && !this.isHedge) this.#owner.progressed(step, sent);
  }

  /** Whether its response has yet to come. */
  get isAwaited(): boolean {
    return this.#phase === 'sent';
  }

  /** Whether nothing of it matters any more. */
  get isOver(): boolean {
    return this.#phase === 'over' || this.#phase === 'discarded';
  }

  /** Whether the response is still being decided upon. */
  get isHeld(): boolean {
    return this.#phase === 'held';
  }

  onRequestStart(controller: LiveAttempt, context: unknown): void {
    this.controller = controller;
    this.#started = true;
    if (this.#phase === 'sent') this.#owner.attemptStarted(controller, context, this);
    // It waited in a queue while the request ended.
    else controller.abort(abandoned());
  }

  onRequestUpgrade(
    controller: LiveAttempt,
    statusCode: number,
    headers: IncomingHttpHeaders,
    socket: Duplex,
  ): void {
    this.controller = controller;
    if (this.#phase === 'sent') {
      // The caller may refuse it within the event, by an abort that is told as an error.
      this.#phase = 'accepted';
      this.#owner.attemptUpgraded(statusCode, headers, socket, this);
    } else socket.destroy();
    this.#phase = 'over';
  }

  onResponseStart(
    controller: LiveAttempt,
    statusCode: number,
    headers: IncomingHttpHeaders,
    statusMessage?: string,
  ): void {
    if (this.#phase !== 'sent') return;
    this.controller = controller;
    if (statusCode < 200) {
      if (!this.isHedge) this.#owner.attemptInformed(statusCode, headers, statusMessage);
      return;
    }
    this.status = statusCode;
    this.responseHeaders = headers;
    this.statusMessage = statusMessage;
    this.#phase = 'held';
    this.#owner.attemptResponded(this);
    if (this.isHeld && !this.#held?.isRead) controller.pause();
  }

  onResponseData(_: LiveAttempt, chunk: Buffer): void {
    if (this.#phase === 'accepted' && !this.#held) this.#owner.bodyChunk(chunk);
    else if (this.#phase === 'discarded') this.#drain(chunk.length);
    else if (this.#phase !== 'over') this.#hold().push(chunk);
  }

  onResponseEnd(_: LiveAttempt, trailers: IncomingHttpHeaders): void {
    if (this.#phase === 'held' || (this.#phase === 'accepted' && this.#held)) this.#hold().end(trailers);
    else if (this.#phase === 'accepted') this.#bodyEnded(trailers);
    else this.#over();
  }

  onResponseError(controller: Controller, error: Error): void {
    if (this.#phase === 'sent') {
      this.#phase = 'over';
      // undici 8 takes a request out of a queue when its caller gives up, and says so by an aborted controller. Once it
      // has started, its caller is heard before: then it was somebody further in.
      const byCaller = !this.#started && controller?.aborted === true;
      this.#owner.attemptFailed(error, byCaller, this);
    } else if (this.#phase === 'held' || (this.#phase === 'accepted' && this.#held)) {
      this.#hold().fail(error);
    } else if (this.#phase === 'accepted') {
      this.#over();
      this.#owner.bodyError(error);
    } else {
      this.#over();
    }
  }

  /** The whole body, for somebody who wants to know it before it is decided upon. */
  async text(): Promise<string> {
    if (this.#phase !== 'held') throw new TypeError('The body can be read until shouldRetry has answered');
    const whole = this.#hold().whole();
    this.controller?.resume();
    return new TextDecoder().decode(await whole);
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  /** The response is the caller's. What was held until now follows when `release` is called. */
  accept(): void {
    this.#phase = 'accepted';
  }

  /** Gives the caller what came while the response was held, as far as `isPaused` lets it. */
  release(isPaused: () => boolean): void {
    // A callback that resumes is answered when it has returned: one event follows the other.
    if (this.#releasing) return;
    this.#releasing = true;
    try {
      while (this.#phase === 'accepted' && this.#held && !isPaused()) this.#tellNext(this.#held);
    } finally {
      this.#releasing = false;
    }
    if (this.#phase !== 'accepted') return;
    if (isPaused()) this.controller?.pause();
    else if (this.controller?.paused) this.controller.resume();
  }

  /** The caller gives up on the body: what was held of it is not told any more. */
  abort(reason: Error): void {
    if (this.#phase !== 'accepted' || !this.#held) {
      this.controller?.abort(reason);
      return;
    }
    this.abandon(reason);
    this.#owner.bodyError(reason);
  }

  /** The response is nobody's: a small rest is read, which frees the connection, a larger one is cut off. */
  discard(): Discarding | undefined {
    const { controller } = this;
    if (this.#phase !== 'held' || controller === undefined || this.#held?.isOver) {
      this.#over();
      return undefined;
    }
    const cancel = (): void => {
      cutOff(controller, abandoned());
    };
    this.#phase = 'discarded';
    this.#held = undefined;
    const finished = new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
    if (Number(this.responseHeaders?.['content-length']) > LARGEST_DRAIN) cancel();
    else if (controller.paused) controller.resume();
    return { finished, cancel };
  }

  /** Ends the attempt: its connection, or its place in a queue. */
  abandon(reason: Error): void {
    this.#over();
    if (this.controller) cutOff(this.controller, reason);
  }

  #tellNext(held: HeldBody): void {
    const step = held.shift();
    if (step?.kind === 'chunk') this.#owner.bodyChunk(step.chunk);
    else {
      this.#held = undefined;
      if (step?.kind === 'end') this.#bodyEnded(step.trailers);
      else if (step) {
        this.#over();
        this.#owner.bodyError(step.error);
      }
    }
  }

  #hold(): HeldBody {
    return (this.#held ??= new HeldBody());
  }

  #drain(size: number): void {
    this.#drainedSize += size;
    if (this.#drainedSize > LARGEST_DRAIN) this.controller?.abort(abandoned());
  }

  /** A throw of the caller's comes back as an error: it is told of, as undici does. */
  #bodyEnded(trailers: IncomingHttpHeaders): void {
    this.#owner.bodyEnd(trailers);
    this.#phase = 'over';
  }

  #over(): void {
    this.#phase = 'over';
    this.#held = undefined;
    this.#drained?.();
  }
}

/** For callers that are told how far their request has got: undici asks every handler that has these. */
export class ProgressHandler extends AttemptHandler {
  onResponseStarted(): void {
    this.progressed('onResponseStarted', []);
  }

  onBodySent(...sent: unknown[]): void {
    this.progressed('onBodySent', sent);
  }

  onRequestSent(): void {
    this.progressed('onRequestSent', []);
  }
}

/** undici's `dump` puts an abort off until it has read the response, which is paused while it is held. */
function cutOff(controller: LiveAttempt, reason: Error): void {
  controller.abort(reason);
  if (controller.paused && !controller.aborted) controller.resume();
}

function abandoned(): Error {
  return new Error('The attempt was given up: another one answers the request');
}
