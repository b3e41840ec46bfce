// A dispatcher without a network: a test drives every attempt event by event, by the rules that undici keeps.
import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';

import { Dispatcher, errors } from 'undici';

import type { DispatchOptions, Handler } from '../../src/protocol.ts';

/** What a controller does to its attempt. */
interface ControlledAttempt {
  resumed(): void;
  aborted(reason: unknown): void;
}

/** The controller of one attempt. It remembers what was asked of it. */
export class RecordingController implements Dispatcher.DispatchController {
  readonly calls: string[] = [];
  rawHeaders: Buffer[] | null = null;
  rawTrailers: Buffer[] | null = null;
  paused = false;
  aborted = false;
  reason: Error | null = null;
  readonly #attempt: ControlledAttempt;

  constructor(attempt: ControlledAttempt) {
    this.#attempt = attempt;
  }

  pause(): void {
    this.calls.push('pause');
    this.paused = true;
  }

  resume(): void {
    this.calls.push('resume');
    if (!this.paused) return;
    this.paused = false;
    this.#attempt.resumed();
  }

  abort(reason: Error): void {
    this.calls.push('abort');
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.#attempt.aborted(reason);
  }
}

/**
 * One attempt. As in undici, an abort and a throw of the handler come back as an error, once; a paused body waits;
 * and a resume within a callback takes effect when that has returned. What a test says happens, also late.
 */
export class FakeAttempt {
  readonly options: DispatchOptions;
  readonly handler: Handler;
  #controller: RecordingController | undefined;
  /** Events of the body that have not been told yet. */
  #flow: (() => void)[] = [];
  #telling = false;
  #completed = false;
  #failed = false;

  constructor(options: DispatchOptions, handler: Handler) {
    this.options = options;
    this.handler = handler;
  }

  /** That of the connection under way. */
  get controller(): RecordingController {
    if (!this.#controller) throw new Error('The attempt has no connection yet');
    return this.#controller;
  }

  /** Whether it waits for a connection. */
  get isQueued(): boolean {
    return this.#controller === undefined && !this.isOver;
  }

  /** Whether its connection is free, or gone. */
  get isOver(): boolean {
    return this.#completed || this.#failed;
  }

  /** Events that a pause holds back. */
  get heldBack(): number {
    return this.#flow.length;
  }

  /** A connection is there. Once more: undici has put the request back and taken another connection. */
  start(context: unknown = null): this {
    const controller = new RecordingController({
      resumed: () => {
        this.#tell();
      },
      aborted: (reason) => {
        if (!this.#completed) this.#failOnce(reason || new errors.RequestAbortedError());
      },
    });
    this.#controller = controller;
    return this.#call(() => {
      this.handler.onRequestStart(controller, context);
    });
  }

  bodySent(chunk: string): this {
    return this.#call(() => this.handler.onBodySent?.(Buffer.from(chunk)));
  }

  requestSent(): this {
    return this.#call(() => this.handler.onRequestSent?.());
  }

  responseStarted(): this {
    return this.#call(() => this.handler.onResponseStarted?.());
  }

  /** The headers of a response, also of an interim one. */
  respond(statusCode: number, headers: IncomingHttpHeaders = {}, statusMessage = ''): this {
    const { controller } = this;
    controller.rawHeaders = rawOf(headers);
    return this.#call(() => this.handler.onResponseStart?.(controller, statusCode, headers, statusMessage));
  }

  data(chunk: string): this {
    return this.#flowOn(() => this.handler.onResponseData?.(this.controller, Buffer.from(chunk)));
  }

  end(trailers: IncomingHttpHeaders = {}): this {
    return this.#flowOn(() => {
      this.#completed = true;
      this.controller.rawTrailers = rawOf(trailers);
      this.handler.onResponseEnd?.(this.controller, trailers);
    });
  }

  upgrade(statusCode: number, socket: Duplex, headers: IncomingHttpHeaders = {}): this {
    const { controller } = this;
    controller.rawHeaders = rawOf(headers);
    try {
      this.handler.onRequestUpgrade?.(controller, statusCode, headers, socket);
      this.#completed = true;
    } catch (error) {
      this.#failOnce(error);
      socket.destroy(error as Error);
    }
    return this;
  }

  /** The attempt fails. `controller` is another one where undici gives none, or one of its own. */
  fail(error: Error, controller: unknown = this.#controller): this {
    this.#failed = true;
    this.#flow = [];
    this.handler.onResponseError?.(controller as RecordingController, error);
    return this;
  }

  #failOnce(error: unknown): void {
    if (!this.#failed) this.fail(error as Error);
  }

  #call(callback: () => void): this {
    const outermost = !this.#telling;
    this.#telling = true;
    try {
      callback();
    } catch (error) {
      this.#failOnce(error);
    }
    if (outermost) {
      this.#telling = false;
      this.#tell();
    }
    return this;
  }

  #flowOn(event: () => void): this {
    this.#flow.push(event);
    this.#tell();
    return this;
  }

  #tell(): void {
    if (this.#telling) return;
    for (let event = this.#next(); event; event = this.#next()) this.#call(event);
  }

  #next(): (() => void) | undefined {
    return this.#controller?.paused ? undefined : this.#flow.shift();
  }
}

/** What becomes of one attempt. */
export type Answer = (attempt: FakeAttempt) => unknown;

/** Keeps every attempt that is dispatched to it. With answers the attempts run by themselves, the last one for all that follow. */
export class FakeDispatcher extends Dispatcher {
  readonly attempts: FakeAttempt[] = [];
  /** What `dispatch` returns. */
  canTakeMore = true;
  readonly #answers: readonly Answer[];

  constructor(...answers: Answer[]) {
    super();
    this.#answers = answers;
  }

  override dispatch(options: DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const attempt = new FakeAttempt(options, handler as Handler);
    this.attempts.push(attempt);
    const answer = this.#answers[this.attempts.length - 1] ?? this.#answers.at(-1);
    // As a network does, which never answers within the dispatch.
    if (answer) queueMicrotask(() => void answer(attempt));
    return this.canTakeMore;
  }

  /** The attempt of that number; 1 is the first. */
  attempt(number: number): FakeAttempt {
    const attempt = this.attempts[number - 1];
    if (!attempt) throw new Error(`Attempt ${number} was not dispatched, only ${this.attempts.length} were`);
    return attempt;
  }
}

/** An error of a connection. */
export function failure(code: string): Error & { code: string } {
  return Object.assign(new Error(code), { code });
}

/** A whole response. */
export const answer =
  (statusCode: number, headers: IncomingHttpHeaders = {}, body = 'later'): Answer =>
  (attempt) =>
    attempt.start().respond(statusCode, headers).data(body).end();
export const ok: Answer = answer(200, {}, 'ok');
export const unavailable: Answer = answer(503);
export const reset: Answer = (attempt) => attempt.start().fail(failure('ECONNRESET'));
export const refused: Answer = (attempt) => attempt.fail(failure('ECONNREFUSED'));

function rawOf(headers: IncomingHttpHeaders): Buffer[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().flatMap((each) => [Buffer.from(name, 'latin1'), Buffer.from(each, 'latin1')]),
  );
}
