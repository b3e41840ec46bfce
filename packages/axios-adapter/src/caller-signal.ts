/** The caller's wish to stop, in either of axios' forms, as one AbortSignal. */

import { subscribe, unsubscribe } from '@tenax/core';
import type { SignalSubscriber } from '@tenax/core';
import type { CancelToken, InternalAxiosRequestConfig } from 'axios';

/** What the types of axios leave out of a CancelToken. */
interface SubscribableToken extends CancelToken {
  subscribe(listener: (reason: unknown) => void): void;
  unsubscribe(listener: (reason: unknown) => void): void;
}

/** A `cancelToken`, and a signal beside it, as one signal that lives as long as its operation. */
export class TokenSignal implements SignalSubscriber {
  readonly #controller = new AbortController();
  readonly #token: SubscribableToken;
  readonly #signal: AbortSignal | undefined;
  readonly #cancel = (reason: unknown): void => {
    this.#controller.abort(reason);
  };

  constructor(token: CancelToken, config: InternalAxiosRequestConfig) {
    this.#token = token;
    this.#signal = config.signal as AbortSignal | undefined;
    this.#token.subscribe(this.#cancel);
    if (this.#signal?.aborted) this.#cancel(this.#signal.reason);
    else if (this.#signal) subscribe(this.#signal, this);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  signalAborted(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Lets go of token and signal. */
  release(): void {
    this.#token.unsubscribe(this.#cancel);
    if (this.#signal) unsubscribe(this.#signal, this);
  }
}
