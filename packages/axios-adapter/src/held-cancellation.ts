/** Requests that were cancelled before they were made: axios ends them before it asks any adapter. */

import type { InternalAxiosRequestConfig } from 'axios';

/**
 * What makes axios end a request early, or work for one that will not be sent: for a POST it would set a content type,
 * by which the body of that config, sent again, would be a form.
 */
type Held = Pick<InternalAxiosRequestConfig, 'signal' | 'cancelToken' | 'transformRequest' | 'method'>;

/** Whether axios will end the request before it asks any adapter. */
export function isCancelled({ cancelToken, signal }: InternalAxiosRequestConfig): boolean {
  return signal?.aborted === true || cancelToken?.reason !== undefined;
}

/**
 * Hides a cancellation from axios until the adapter is reached, so that the operation ends in the engine: counted, and
 * with statistics on its error. Nothing is sent either way.
 *
 * @returns what gives the config its members back; `undefined` where nothing is cancelled
 */
export function holdCancellation(
  config: InternalAxiosRequestConfig,
): ((config: InternalAxiosRequestConfig) => void) | undefined {
  if (!isCancelled(config)) return undefined;
  const held: Held = {};
  for (const name of ['signal', 'cancelToken', 'transformRequest', 'method'] as const) {
    if (!Object.hasOwn(config, name)) continue;
    Object.assign(held, { [name]: config[name] });
    delete config[name];
  }
  return (dispatched) => {
    Object.assign(dispatched, held);
  };
}
