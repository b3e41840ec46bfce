/** The parts of undici's protocol that this package speaks, in the form that undici 7 and 8 share. */

import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';

import type { Dispatcher } from 'undici';

/** Sends one request; false asks the caller to wait for 'drain'. */
export type Dispatch = Dispatcher['dispatch'];

/** What a dispatcher is asked to send. */
export type DispatchOptions = Dispatcher.DispatchOptions;

/** Acts on the request under way. Some failures come without one. */
export type Controller = Dispatcher.DispatchController | null | undefined;

/** A handler as undici calls it. */
export interface Handler {
  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void;
  onRequestUpgrade?(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: IncomingHttpHeaders,
    socket: Duplex,
  ): void;
  onResponseStart?(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: IncomingHttpHeaders,
    statusMessage?: string,
  ): void;
  onResponseData?(controller: Dispatcher.DispatchController, chunk: Buffer): void;
  onResponseEnd?(controller: Dispatcher.DispatchController, trailers: IncomingHttpHeaders): void;
  onResponseError?(controller: Dispatcher.DispatchController, error: Error): void;
  onResponseStarted?(): void;
  onBodySent?(...sent: unknown[]): void;
  onRequestSent?(): void;
}
