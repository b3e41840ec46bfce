/** The caller's wish to stop, in either of axios' forms, as one AbortSignal. */

import type { CancelToken, InternalAxiosRequestConfig } from 'axios';

/** A signal that lives as long as its operation. */
export interface CallerSignal {
  readonly signal: AbortSignal | undefined;
  /** Lets go of the token. */
  release(): void;
}

/** What the types of axios leave out of a CancelToken. */
interface SubscribableToken extends CancelToken {
  subscribe(listener: (reason: unknown) => void): void;
  unsubscribe(listener: (reason: unknown) => void): void;
}

const NOTHING = (): void => undefined;

/** `config.signal`, `config.cancelToken`, or both. */
export function callerSignal(config: InternalAxiosRequestConfig): CallerSignal {
  const { cancelToken } = config as { cancelToken?: SubscribableToken };
  const signal = config.signal as AbortSignal | undefined;
  if (!cancelToken) return { signal, release: NOTHING };
  const controller = new AbortController();
  const cancel = (reason: unknown): void => {
    controller.abort(reason);
  };
  const abort = (): void => {
    controller.abort(signal?.reason);
  };
  cancelToken.subscribe(cancel);
  if (signal?.aborted) abort();
  else signal?.addEventListener('abort', abort);
  return {
    signal: controller.signal,
    release: () => {
      cancelToken.unsubscribe(cancel);
      signal?.removeEventListener('abort', abort);
    },
  };
}
