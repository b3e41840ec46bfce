/** A dispatch with retries around it, for the interceptor and the dispatcher alike. */

import type { RetryEngine } from '@tenax/core';

import { modernHandler } from './legacy-handler.ts';
import type { Dispatch, DispatchOptions } from './protocol.ts';
import { RequestExchange } from './request-exchange.ts';
import { isAttempt } from './undici-exchange.ts';
import type { WaitingRequests } from './waiting-requests.ts';

/** Sends a request, as `dispatch` does: what fails is told to the handler. */
export function dispatchWithRetries(
  engine: RetryEngine,
  dispatch: Dispatch,
  options: DispatchOptions,
  handler: object,
  waiting?: WaitingRequests,
): boolean {
  // An attempt of retries further out: one loop is enough. What is no request at all is undici's to refuse.
  if (!isRequest(options, handler) || isAttempt(options)) {
    return dispatch(options, handler);
  }
  const told = modernHandler(handler);
  let exchange: RequestExchange | undefined;
  try {
    exchange = new RequestExchange(engine, dispatch, options, told, waiting);
    exchange.start(engine);
  } catch (error) {
    // A property or an iterator of theirs that throws.
    if (exchange === undefined) told.onResponseError?.(null as never, error as Error);
    else exchange.fail(error);
  }
  return exchange?.canTakeMore ?? true;
}

/** Whether undici would look at these at all. */
export function isRequest(options: unknown, handler: unknown): boolean {
  return isObject(options) && isObject(handler);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
