// One request through retries, to a dispatcher without a network, in a time that a test moves.
import type { RetryEngine, RetryOptions } from '@tenax/core';
import { virtualClock } from '@tenax/core/testing';
import type { VirtualClock } from '@tenax/core/testing';
import { retryInterceptor, RetryDispatcher } from '@tenax/undici-dispatcher';
import type { Dispatcher } from 'undici';

import type { Dispatch, DispatchOptions } from '../../src/protocol.ts';
import { FakeDispatcher } from './fake-dispatcher.ts';
import type { Answer, FakeAttempt } from './fake-dispatcher.ts';
import { RecordingHandler } from './recording-handler.ts';
import type { Reactions } from './recording-handler.ts';

/** The two ways to put retries around a dispatcher. */
export const ROUTES = ['retryInterceptor', 'RetryDispatcher'] as const;
export type Route = (typeof ROUTES)[number];

/** What is not the same in every test. */
export interface Given {
  readonly route?: Route;
  readonly options?: RetryOptions;
  readonly request?: Partial<DispatchOptions>;
  /** What the caller does in its callbacks. */
  readonly reactions?: Reactions;
  /** What becomes of the attempts; without them a test drives each by hand. */
  readonly answers?: readonly Answer[];
}

/** A request under way, from both its sides. */
export interface RetriedRequest {
  readonly clock: VirtualClock;
  readonly engine: RetryEngine;
  readonly dispatcher: FakeDispatcher;
  readonly handler: RecordingHandler;
  /** What `dispatch` returned. */
  readonly canTakeMore: boolean;
  readonly attempt: (number: number) => FakeAttempt;
}

export const GET: DispatchOptions = { origin: 'http://origin.test', path: '/', method: 'GET' };

/** A dispatch with retries around another one. */
export function retriesAround(
  dispatcher: Dispatcher,
  options: RetryOptions = {},
  route: Route = 'retryInterceptor',
): { dispatch: Dispatch; engine: RetryEngine } {
  if (route === 'RetryDispatcher') {
    const retrying = new RetryDispatcher(dispatcher, options);
    return {
      dispatch: (request, handler) => retrying.dispatch(request, handler),
      engine: retrying.engine,
    };
  }
  const interceptor = retryInterceptor(options);
  const dispatch = interceptor((request, handler) => dispatcher.dispatch(request, handler));
  return { dispatch, engine: interceptor.engine };
}

/** Sends a request. Its waits are 100 ms and 200 ms, unless `options` say otherwise. */
export function send({ answers = [], options, reactions, request, route }: Given = {}): RetriedRequest {
  const clock = virtualClock();
  const dispatcher = new FakeDispatcher(...answers);
  const policy = { clock, jitter: 'none', ...options } as RetryOptions;
  const { dispatch, engine } = retriesAround(dispatcher, policy, route);
  const handler = new RecordingHandler(reactions);
  const canTakeMore = dispatch({ ...GET, ...request }, handler);
  return { clock, engine, dispatcher, handler, canTakeMore, attempt: (number) => dispatcher.attempt(number) };
}

/** Nothing follows: no event, no attempt and no timer, however long one waits. */
export async function quiet({ clock, dispatcher, handler }: RetriedRequest): Promise<{
  readonly events: number;
  readonly attempts: number;
  readonly timers: number;
}> {
  const [events, attempts, timers] = [handler.events.length, dispatcher.attempts.length, clock.pending];
  await clock.advance(600_000);
  return {
    events: handler.events.length - events,
    attempts: dispatcher.attempts.length - attempts,
    timers,
  };
}

/** What `quiet` says of a request that is over. */
export const NOTHING = { events: 0, attempts: 0, timers: 0 };

/** What the caller has heard in the end of an abort, and what comes later. */
export async function afterAbort(sent: RetriedRequest, reason: unknown): Promise<object> {
  await sent.clock.advance(0);
  const { endings, error, events } = sent.handler;
  const later = await quiet(sent);
  return { endings: endings.length, isLast: events.at(-1) === endings[0], isReason: error === reason, later };
}

/** What `afterAbort` says when all is well. */
export const ABORTED = { endings: 1, isLast: true, isReason: true, later: NOTHING };
