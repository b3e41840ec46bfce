// What a caller hears of a request, in words.
import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';

import type { Dispatcher } from 'undici';

import type { Handler } from '../../src/protocol.ts';

/** What a caller does in a callback, after it was written down. */
export type Reactions = {
  readonly [Name in keyof Handler]?: (...args: Parameters<NonNullable<Handler[Name]>>) => void;
};

type Controller = Dispatcher.DispatchController;

/** A handler of today's form that writes down every callback it gets. */
export class RecordingHandler implements Handler {
  /** In their order: 'start', 'response 200', 'data abc', 'end', 'error message', 'upgrade 101'. */
  readonly events: string[] = [];
  /** Fulfilled with the first event that ends a request. */
  readonly ended: Promise<void>;
  context: unknown;
  headers: IncomingHttpHeaders | undefined;
  trailers: IncomingHttpHeaders | undefined;
  error: unknown;
  socket: Duplex | undefined;
  readonly #controllers = new Set<Controller | null | undefined>();
  readonly #reactions: Reactions;
  #end: (() => void) | undefined;

  constructor(reactions: Reactions = {}) {
    this.#reactions = reactions;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** The one controller that every callback got. */
  get controller(): Controller {
    const [controller, ...others] = this.#controllers;
    if (!controller || others.length > 0) throw new Error(`${this.#controllers.size} controllers were given`);
    return controller;
  }

  /** The events that end a request: there is exactly one. */
  get endings(): string[] {
    return this.events.filter((event) => /^(?:end|error|upgrade)\b/u.test(event));
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.context = context;
    this.#note('start', controller);
    this.#reactions.onRequestStart?.(controller, context);
  }

  onBodySent(...sent: unknown[]): void {
    this.events.push(`body sent ${sent.map(String).join(' ')}`);
    this.#reactions.onBodySent?.(...sent);
  }

  onRequestSent(): void {
    this.events.push('request sent');
    this.#reactions.onRequestSent?.();
  }

  onResponseStarted(): void {
    this.events.push('response started');
    this.#reactions.onResponseStarted?.();
  }

  onResponseStart(
    controller: Controller,
    statusCode: number,
    headers: IncomingHttpHeaders,
    statusMessage?: string,
  ): void {
    this.headers = headers;
    this.#note(`response ${statusCode}`, controller);
    this.#reactions.onResponseStart?.(controller, statusCode, headers, statusMessage);
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    this.#note(`data ${chunk.toString()}`, controller);
    this.#reactions.onResponseData?.(controller, chunk);
  }

  onResponseEnd(controller: Controller, trailers: IncomingHttpHeaders): void {
    this.trailers = trailers;
    this.#note('end', controller);
    this.#end?.();
    this.#reactions.onResponseEnd?.(controller, trailers);
  }

  onResponseError(controller: Controller, error: Error): void {
    this.error = error;
    this.#note(`error ${(error as Partial<Error> | null)?.message ?? String(error)}`, controller);
    this.#end?.();
    this.#reactions.onResponseError?.(controller, error);
  }

  onRequestUpgrade(
    controller: Controller,
    statusCode: number,
    headers: IncomingHttpHeaders,
    socket: Duplex,
  ): void {
    this.headers = headers;
    this.socket = socket;
    this.#note(`upgrade ${statusCode}`, controller);
    this.#end?.();
    this.#reactions.onRequestUpgrade?.(controller, statusCode, headers, socket);
  }

  #note(event: string, controller: Controller): void {
    this.events.push(event);
    this.#controllers.add(controller);
  }
}
