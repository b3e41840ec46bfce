// Dispatchers with retries for one test each, and which undici the tests run on.
import { getRetryStatistics } from '@tenax/core';
import type { FailureClass, RequestStatistics, RetryOptions } from '@tenax/core';
import * as undici from 'undici';
import type { Dispatcher } from 'undici';

import { RetryDispatcher, retryInterceptor } from '../../src/index.ts';

/** Whether these tests run on undici 8. */
export const onUndici8 = 'Dispatcher1Wrapper' in undici;

/** Whether these tests run on the oldest undici that is supported. */
export const onOldest = !('decompress' in undici.interceptors);

/** Waits that cost a turn, no more. */
export const AT_ONCE = { baseDelay: 0, throttledBaseDelay: 0 } as const satisfies RetryOptions;

/** A dispatcher that is gone after its test. */
export interface OwnDispatcher extends AsyncDisposable {
  readonly dispatcher: Dispatcher;
}

/** Destroys a dispatcher after its test, and whatever is around it. */
export const owned = (dispatcher: Dispatcher, owner: Dispatcher = dispatcher): OwnDispatcher => ({
  dispatcher,
  [Symbol.asyncDispose]: () => owner.destroy(),
});

/** An agent that retries at once. */
export function retryingAgent(
  options: RetryOptions = {},
  agentOptions: undici.Agent.Options = {},
): OwnDispatcher {
  const agent = new undici.Agent(agentOptions);
  return owned(agent.compose(retryInterceptor({ ...AT_ONCE, ...options })), agent);
}

/** A RetryDispatcher that retries at once. */
export const retryDispatcher = (
  options: RetryOptions = {},
  inner: Dispatcher = new undici.Agent(),
): OwnDispatcher & { readonly dispatcher: RetryDispatcher } => {
  const dispatcher = new RetryDispatcher(inner, { ...AT_ONCE, ...options });
  return { dispatcher, [Symbol.asyncDispose]: () => dispatcher.destroy() };
};

/** The statistics that a caller finds in its context, or beside its error. */
export function statisticsOf(result: unknown): RequestStatistics {
  const context = result as { readonly retry?: RequestStatistics };
  const statistics = context.retry ?? getRetryStatistics(context);
  if (statistics === undefined) throw new Error('There are no statistics');
  return statistics;
}

/** How the attempts ended; `undefined` stands for a success. */
export const classesOf = (result: unknown): (FailureClass | undefined)[] =>
  statisticsOf(result).attempts.map(({ failureClass }) => failureClass);

/** The error that a request ends with. */
export async function failureOf(request: PromiseLike<unknown>): Promise<Error & { code?: string }> {
  const ended = await request.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (ended === undefined) throw new Error('The request succeeded');
  return ended as Error;
}
