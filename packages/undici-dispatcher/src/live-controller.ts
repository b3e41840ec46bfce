/** The one controller that a caller gets for a request, whichever attempt is under way. */

import type { IncomingHttpHeaders } from 'node:http';

import type { Dispatcher } from 'undici';
import { errors } from 'undici';

import { rawHeaders } from './raw-headers.ts';

type AttemptController = Dispatcher.DispatchController;

/** Who ends a request when its caller asks for it. */
export interface Abortable {
  /** Whether the response that comes is the caller's, so that its flow is too. */
  readonly accepted: boolean;
  abort(reason: Error): void;
  resume(): void;
}

/**
 * A consumer keeps its controller for as long as it reads. If that were the one of an attempt, a pause would stop a
 * connection that is gone, and a resumed body would never flow again.
 */
export class LiveController implements AttemptController {
  /** Those of the response that is the caller's, as undici has parsed them. */
  headers: IncomingHttpHeaders | undefined;
  #request: Abortable | undefined;
  #attempt: AttemptController | undefined;
  #paused = false;
  #abortion: { readonly reason: Error } | undefined;

  get paused(): boolean {
    return this.#paused;
  }

  get aborted(): boolean {
    return this.#abortion !== undefined || (this.#accepted && this.#attempt?.aborted === true);
  }

  get reason(): Error | null {
    return this.#abortion?.reason ?? (this.#accepted ? (this.#attempt?.reason ?? null) : null);
  }

  /** undici before 7.17 has none, and the fetch of Node 26 reads no others. */
  get rawHeaders(): NonNullable<AttemptController['rawHeaders']> | null {
    return this.#attempt?.rawHeaders ?? (this.headers ? rawHeaders(undefined, this.headers) : null);
  }

  get rawTrailers(): NonNullable<AttemptController['rawTrailers']> | null {
    return this.#attempt?.rawTrailers ?? null;
  }

  pause(): void {
    this.#paused = true;
    if (this.#accepted) this.#attempt?.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#accepted) this.#request?.resume();
  }

  abort(reason?: Error): void {
    this.#abortion ??= { reason: reason ?? new errors.RequestAbortedError() };
    this.#request?.abort(this.#abortion.reason);
  }

  /** From now on this acts on another attempt. */
  connect(attempt: AttemptController): void {
    this.#attempt = attempt;
  }

  /** From now on this request answers: the caller's own, then the rest of a download that broke off. */
  handOver(request: Abortable): void {
    this.#request = request;
  }

  get #accepted(): boolean {
    return this.#request?.accepted === true;
  }
}
