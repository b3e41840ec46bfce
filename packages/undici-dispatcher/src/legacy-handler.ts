/**
 * Handlers of the older form, which undici 7 and the built-in fetch of Node 22 and 24 give to a dispatcher. undici 8
 * takes them no more, and that of undici 7 joins several Set-Cookie headers.
 */

import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';

import type { Dispatcher } from 'undici';
import { errors } from 'undici';

import type { Handler } from './protocol.ts';
import { rawHeaders } from './raw-headers.ts';

/** The older form: names and values in turn, and a return value that asks for a pause. */
export interface LegacyHandler {
  onConnect?(abort: (reason?: Error) => void, context: unknown): void;
  onHeaders?(statusCode: number, headers: Buffer[], resume: () => void, statusMessage?: string): unknown;
  onData?(chunk: Buffer): unknown;
  onComplete?(trailers: Buffer[]): void;
  onError?(error: Error): void;
  onUpgrade?(statusCode: number, headers: Buffer[], socket: Duplex): void;
  onResponseStarted?(): void;
  onBodySent?(...sent: unknown[]): void;
  onRequestSent?(): void;
}

type Controller = Dispatcher.DispatchController;

/** The handler in the form of today. */
export function modernHandler(handler: object): Handler {
  return typeof (handler as Partial<Handler>).onRequestStart === 'function'
    ? (handler as Handler)
    : new ModernHandler(handler);
}

class ModernHandler implements Handler {
  readonly #handler: LegacyHandler;

  constructor(handler: LegacyHandler) {
    this.#handler = handler;
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.#handler.onConnect?.((reason) => {
      controller.abort(reason as Error);
    }, context);
  }

  onRequestUpgrade(
    controller: Controller,
    statusCode: number,
    headers: IncomingHttpHeaders,
    socket: Duplex,
  ): void {
    if (!this.#handler.onUpgrade) throw new errors.InvalidArgumentError('invalid onUpgrade method');
    this.#handler.onUpgrade(statusCode, rawHeaders(controller.rawHeaders, headers), socket);
  }

  onResponseStart(
    controller: Controller,
    statusCode: number,
    headers: IncomingHttpHeaders,
    statusMessage?: string,
  ): void {
    const resume = (): void => {
      controller.resume();
    };
    const goOn = this.#handler.onHeaders?.(
      statusCode,
      rawHeaders(controller.rawHeaders, headers),
      resume,
      statusMessage,
    );
    // The built-in fetch refuses more after a 1xx, which has no body to hold back.
    if (goOn === false && statusCode >= 200) controller.pause();
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#handler.onData?.(chunk) === false) controller.pause();
  }

  onResponseEnd(controller: Controller, trailers: IncomingHttpHeaders): void {
    this.#handler.onComplete?.(rawHeaders(controller.rawTrailers, trailers));
  }

  onResponseError(_: Controller, error: Error): void {
    if (!this.#handler.onError) throw error;
    this.#handler.onError(error);
  }

  onResponseStarted(): void {
    this.#handler.onResponseStarted?.();
  }

  onBodySent(...sent: unknown[]): void {
    this.#handler.onBodySent?.(...sent);
  }

  onRequestSent(): void {
    this.#handler.onRequestSent?.();
  }
}
