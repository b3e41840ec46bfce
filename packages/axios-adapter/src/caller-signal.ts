/** The caller's wish to stop, in either of axios' forms, as one AbortSignal. */

import { linkWhileAlive, subscribe, unsubscribe } from '@tenax/core';
import type { SignalSubscriber } from '@tenax/core';
import type { CancelToken, InternalAxiosRequestConfig } from 'axios';

/** What the types of axios leave out of a CancelToken. */
interface SubscribableToken extends CancelToken {
  subscribe(listener: (reason: unknown) => void): void;
  unsubscribe(listener: (reason: unknown) => void): void;
}

/** As for what core links to a signal: some runtimes have no finalization. */
const dropped =
  typeof FinalizationRegistry === 'function'
    ? new FinalizationRegistry<CallerSignal>((signal) => {
        signal.release();
      })
    : undefined;

/** A `cancelToken` and a `signal`, or one of them, as one signal that lives as long as what it can end. */
export class CallerSignal implements SignalSubscriber {
  readonly #controller = new AbortController();
  readonly #token: SubscribableToken | undefined;
  readonly #signal: AbortSignal | undefined;
  /** Ends what it can end. */
  readonly abort = (reason: unknown): void => {
    this.#controller.abort(this.#errorOf(reason));
  };
  readonly #errorOf: (reason: unknown) => unknown;

  /** @param errorOf what it is aborted with */
  constructor(
    { cancelToken, signal }: Pick<InternalAxiosRequestConfig, 'cancelToken' | 'signal'>,
    errorOf: (reason: unknown) => unknown = (reason) => reason,
  ) {
    this.#errorOf = errorOf;
    this.#token = cancelToken;
    this.#signal = signal as AbortSignal | undefined;
    this.#token?.subscribe(this.abort);
    if (this.#signal?.aborted) this.abort(this.#signal.reason);
    else if (this.#signal) subscribe(this.#signal, this);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  signalAborted(reason: unknown): void {
    this.abort(reason);
  }

  /** The signal still ends what came, such as a body, for as long as that lives; axios listens to a token itself. */
  keepFor(opened: object): void {
    if (this.#signal) linkWhileAlive(this.#signal, this.#controller, opened);
  }

  /** Lets go of token and signal once `opened` is garbage: nobody may ever read a body to its end. */
  releaseAfter(opened: object): void {
    dropped?.register(opened, this);
  }

  /** Lets go of token and signal. */
  release(): void {
    this.#token?.unsubscribe(this.abort);
    if (this.#signal) unsubscribe(this.#signal, this);
  }
}
