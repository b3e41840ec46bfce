// How full a dispatcher is: its own word, and its own events.
import type { EventEmitter } from 'node:events';

import { RetryDispatcher, retryInterceptor } from '@tenax/undici-dispatcher';
import { describe, expect, it } from 'vitest';

import { FakeDispatcher, ok, unavailable } from './servers/fake-dispatcher.ts';
import { RecordingHandler } from './servers/recording-handler.ts';
import { GET, retriesAround, ROUTES } from './servers/retried-request.ts';

const EVENTS = ['drain', 'connect', 'disconnect', 'connectionError'] as const;

describe.each(ROUTES)('dispatch of %s', (route) => {
  it.each([true, false])('EDGE 39: returns %s when the dispatcher inside does', (canTakeMore) => {
    const dispatcher = new FakeDispatcher();
    dispatcher.canTakeMore = canTakeMore;
    const { dispatch } = retriesAround(dispatcher, {}, route);
    expect(dispatch(GET, new RecordingHandler())).toBe(canTakeMore);
  });

  it('EDGE 39: says for the next request what is true then', () => {
    const dispatcher = new FakeDispatcher();
    const { dispatch } = retriesAround(dispatcher, {}, route);
    const said = [false, true, false].map((canTakeMore) => {
      dispatcher.canTakeMore = canTakeMore;
      return dispatch(GET, new RecordingHandler());
    });
    expect(said).toEqual([false, true, false]);
  });

  it('EDGE 39: sends the retry of a request although its dispatch had returned false', async () => {
    const dispatcher = new FakeDispatcher(unavailable, ok);
    dispatcher.canTakeMore = false;
    const { dispatch } = retriesAround(dispatcher, { baseDelay: 0 }, route);
    const handler = new RecordingHandler();
    expect(dispatch(GET, handler)).toBe(false);
    await handler.ended;
    expect([dispatcher.attempts.length, handler.endings]).toEqual([2, ['end']]);
  });
});

it('EDGE 39: a composed dispatcher is the one that drains', () => {
  const dispatcher = new FakeDispatcher();
  dispatcher.canTakeMore = false;
  const composed = dispatcher.compose(retryInterceptor());
  let drained = 0;
  composed.on('drain', () => {
    drained += 1;
  });
  expect(composed.dispatch(GET, new RecordingHandler())).toBe(false);
  (dispatcher as EventEmitter).emit('drain', new URL('http://origin.test'), []);
  expect(drained).toBe(1);
});

describe.each(EVENTS)('RetryDispatcher and %s', (event) => {
  const origin = new URL('http://origin.test');
  const listening = (): { inner: EventEmitter; outer: EventEmitter; heard: unknown[][] } => {
    const inner = new FakeDispatcher();
    return { inner, outer: new RetryDispatcher(inner), heard: [] };
  };

  it('EDGE 39: it is heard with everything it says', () => {
    const { heard, inner, outer } = listening();
    outer.on(event, (...told: unknown[]) => heard.push(told));
    inner.emit(event, origin, [inner], new Error('why'));
    expect(heard).toEqual([[origin, [inner], new Error('why')]]);
  });

  it('EDGE 39: each of several listeners hears it once', () => {
    const { heard, inner, outer } = listening();
    outer.on(event, (...told: unknown[]) => heard.push(told));
    outer.prependListener(event, (...told: unknown[]) => heard.push(told));
    inner.emit(event, origin, []);
    expect([heard.length, inner.listenerCount(event)]).toEqual([2, 1]);
  });

  it('EDGE 39: the dispatcher inside has no listener of ours before and after', () => {
    const { inner, outer } = listening();
    const hear = (): void => undefined;
    expect(inner.eventNames()).toEqual([]);
    outer.on(event, hear);
    outer.on(event, hear);
    outer.off(event, hear);
    expect(inner.listenerCount(event)).toBe(1);
    outer.off(event, hear);
    expect(inner.eventNames()).toEqual([]);
  });

  it('EDGE 39: a listener for one time is gone afterwards', () => {
    const { heard, inner, outer } = listening();
    outer.once(event, (...told: unknown[]) => heard.push(told));
    inner.emit(event, origin, []);
    inner.emit(event, origin, []);
    expect([heard.length, inner.eventNames()]).toEqual([1, []]);
  });

  it.each([[[event]], [[]]])('EDGE 39: after removeAllListeners(%j) a new listener hears it', (which) => {
    const { heard, inner, outer } = listening();
    outer.on(event, () => heard.push(['removed']));
    outer.removeAllListeners(...which);
    expect(inner.eventNames()).toEqual([]);
    outer.on(event, (...told: unknown[]) => heard.push(told));
    inner.emit(event, origin, []);
    expect(heard).toEqual([[origin, []]]);
  });
});

it('EDGE 39: many dispatchers around one leave no listener, and no warning of too many', () => {
  const inner = new FakeDispatcher();
  const outers = Array.from({ length: 100 }, () => new RetryDispatcher(inner));
  expect([outers.length, inner.eventNames()]).toEqual([100, []]);
});
