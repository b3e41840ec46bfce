// What is not as the protocol wants it: callbacks that are missing, and arguments that undici refuses.
import { Duplex } from 'node:stream';

import { RetryConfigError } from '@tenax/core';
import { RetryDispatcher } from '@tenax/undici-dispatcher';
import { Agent } from 'undici';
import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';

import type { DispatchOptions, Handler } from '../src/protocol.ts';
import { FakeDispatcher, failure } from './servers/fake-dispatcher.ts';
import { RecordingHandler } from './servers/recording-handler.ts';
import { GET, NOTHING, quiet, retriesAround, ROUTES, send } from './servers/retried-request.ts';

type GivenHandler = Dispatcher.DispatchHandler;

describe.each(ROUTES)('a handler through %s', (route) => {
  it('that has the required callbacks alone hears what they are for', async () => {
    const events: string[] = [];
    const handler: Partial<Handler> = {
      onRequestStart: () => events.push('start'),
      onResponseError: (_, error) => events.push(`error ${error.message}`),
    };
    const dispatcher = new FakeDispatcher();
    const { dispatch } = retriesAround(dispatcher, {}, route);
    dispatch(GET, handler);
    dispatch(GET, handler);
    dispatcher
      .attempt(1)
      .start()
      .bodySent('x')
      .requestSent()
      .responseStarted()
      .respond(103)
      .respond(200)
      .data('a')
      .end();
    dispatcher.attempt(2).start().respond(200).fail(failure('ECONNRESET'));
    expect(events).toEqual(['start', 'start', 'error ECONNRESET']);
  });

  it('that has no onResponseError ends like any other, without an error in the process', async () => {
    const dispatcher = new FakeDispatcher();
    const { dispatch, engine } = retriesAround(dispatcher, {}, route);
    dispatch(GET, { onRequestStart: () => undefined });
    dispatcher.attempt(1).start().fail(new TypeError('wrong'));
    expect(engine.statistics.snapshot().results.non_retryable_error).toBe(1);
  });

  it('EDGE 42: that has no onRequestUpgrade gets an error for an upgrade, and no socket stays open', () => {
    const events: string[] = [];
    const handler: Partial<Handler> = {
      onRequestStart: () => undefined,
      onResponseError: (_, error) => events.push(error.message),
    };
    const dispatcher = new FakeDispatcher();
    const { dispatch } = retriesAround(dispatcher, {}, route);
    dispatch({ ...GET, upgrade: 'websocket' }, handler);
    const socket = new Duplex({ read: () => undefined });
    dispatcher.attempt(1).start().upgrade(101, socket);
    expect([socket.destroyed, events.length]).toEqual([true, 1]);
  });
});

/** What a dispatch without retries does with the same arguments. */
function outcomeOf(dispatch: () => unknown, heard: () => unknown): string {
  try {
    dispatch();
  } catch (error) {
    return `throws ${String(error)}`;
  }
  return `hears ${String(heard())}`;
}

describe.each(ROUTES)('through %s', (route) => {
  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a number', 5],
  ])('options that are %s get the answer of undici itself', async (_, options) => {
    const agent = new Agent();
    const { dispatch } = retriesAround(agent, {}, route);
    const [bare, retried] = [agent.dispatch.bind(agent), dispatch].map((each) => {
      const handler = new RecordingHandler();
      return outcomeOf(
        () => each(options as DispatchOptions, handler),
        () => handler.error,
      );
    });
    expect(retried).toBe(bare);
    expect(retried).toContain('InvalidArgumentError');
    await agent.close();
  });

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a function', () => undefined],
  ])('a handler that is %s gets the answer of undici itself', async (_, handler) => {
    const agent = new Agent();
    const { dispatch } = retriesAround(agent, {}, route);
    const [bare, retried] = [agent.dispatch.bind(agent), dispatch].map((each) =>
      outcomeOf(
        () => each(GET, handler as GivenHandler),
        () => 'nothing',
      ),
    );
    expect(retried).toBe(bare);
    expect(retried).toContain('handler must be an object');
    await agent.close();
  });

  it.each<[string, unknown, string]>([
    ['a number', 5, 'retry'],
    ['true', true, 'retry'],
    ['a wrong value', { maxAttempts: 0 }, 'maxAttempts'],
    ['an unknown option', { retries: 3 }, 'retries'],
  ])('EDGE 15: opts.retry that is %s is a RetryConfigError of its request', async (_, retry, path) => {
    const sent = send({ route, request: { retry } as Partial<DispatchOptions> });
    expect(sent.handler.error).toBeInstanceOf(RetryConfigError);
    expect(sent.handler.error).toMatchObject({ code: 'TENAX_CONFIG', path });
    expect([sent.handler.endings.length, sent.dispatcher.attempts.length]).toEqual([1, 0]);
    expect(await quiet(sent)).toEqual(NOTHING);
  });

  it('EDGE 15: opts.retry that is wrong reaches the onError of an older handler', () => {
    const errors: unknown[] = [];
    const { dispatch } = retriesAround(new FakeDispatcher(), {}, route);
    const handler = { onConnect: () => undefined, onError: (error: unknown) => errors.push(error) };
    dispatch({ ...GET, retry: 5 } as unknown as DispatchOptions, handler as GivenHandler);
    expect(errors).toEqual([expect.any(RetryConfigError)]);
  });

  it.each<[string, () => never, string]>([
    [
      'a request that undici refuses',
      () => {
        throw Object.assign(new Error('bad path'), { code: 'UND_ERR_INVALID_ARG' });
      },
      'bad path',
    ],
    [
      'a fault of its own',
      () => {
        throw new TypeError('wrong');
      },
      'wrong',
    ],
  ])('a dispatcher that throws, for %s, is an error of the request', async (_, dispatch, message) => {
    const dispatcher = new FakeDispatcher();
    dispatcher.dispatch = dispatch;
    const handler = new RecordingHandler();
    expect(retriesAround(dispatcher, {}, route).dispatch(GET, handler)).toBe(true);
    expect(handler.endings).toEqual([`error ${message}`]);
  });
});

it.each<[string, unknown, unknown]>([
  ['a handler that is undefined', GET, undefined],
  ['a handler that is null', GET, null],
  ['options that are undefined', undefined, new RecordingHandler()],
])(
  'a RetryDispatcher that is being closed gives %s the answer of undici itself',
  async (_, options, handler) => {
    const agent = new Agent();
    const dispatcher = new RetryDispatcher(new Agent());
    const closed = Promise.all([agent.close(), dispatcher.close()]);
    const [bare, retried] = [agent, dispatcher].map((each) =>
      outcomeOf(
        () => each.dispatch(options as DispatchOptions, handler as GivenHandler),
        () => (handler as RecordingHandler).error,
      ),
    );
    await closed;
    expect(retried).toBe(bare);
    expect(retried).toContain('InvalidArgumentError');
  },
);
