// A caller keeps one controller for as long as it reads: it acts on the attempt under way.
import type { Outcome } from '@tenax/core';
import { virtualClock } from '@tenax/core/testing';
import { retryInterceptor } from '@tenax/undici-dispatcher';
import { interceptors } from 'undici';
import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';

import { FakeDispatcher, failure, ok, unavailable } from './servers/fake-dispatcher.ts';
import { RecordingHandler } from './servers/recording-handler.ts';
import { GET, NOTHING, quiet, ROUTES, send } from './servers/retried-request.ts';
import type { Given, RetriedRequest } from './servers/retried-request.ts';

/** A request whose first attempt was discarded and whose second one is the caller's. */
async function answeredByTheSecond(given?: Given): Promise<RetriedRequest> {
  const sent = send(given);
  sent.attempt(1).start().respond(503, { 'x-from': 'one' }).end();
  await sent.clock.advance(100);
  sent.attempt(2).start().respond(200, { 'x-from': 'two' });
  return sent;
}

const textOf = (raw: unknown): string[] => (raw as Buffer[]).map(String);

describe.each(ROUTES)('the controller of %s', (route) => {
  it('EDGE 38: is the same in every callback, and none of an attempt', async () => {
    const { attempt, handler } = await answeredByTheSecond({ route });
    attempt(2).data('a').end();
    expect(handler.events).toEqual(['start', 'response 200', 'data a', 'end']);
    expect([attempt(1).controller, attempt(2).controller]).not.toContain(handler.controller);
  });

  it('EDGE 38: pauses and resumes the attempt that answers, not the one before', async () => {
    const { attempt, handler } = await answeredByTheSecond({ route });
    handler.controller.pause();
    attempt(2).data('a').end();
    expect(handler.events.at(-1)).toBe('response 200');
    expect([handler.controller.paused, attempt(2).controller.paused]).toEqual([true, true]);
    handler.controller.resume();
    expect(handler.events.slice(-2)).toEqual(['data a', 'end']);
    expect(handler.controller.paused).toBe(false);
    expect(attempt(1).controller.calls).not.toContain('pause');
  });

  it('EDGE 38: pauses from within a callback', async () => {
    const { attempt, handler } = await answeredByTheSecond({
      route,
      reactions: {
        onResponseStart: (controller) => {
          controller.pause();
        },
        onResponseData: (controller) => {
          controller.pause();
        },
      },
    });
    attempt(2).data('a').data('b').end();
    expect(handler.events.at(-1)).toBe('response 200');
    handler.controller.resume();
    expect(handler.events.at(-1)).toBe('data a');
    handler.controller.resume();
    expect(handler.events.at(-1)).toBe('data b');
    handler.controller.resume();
    expect(handler.events.at(-1)).toBe('end');
  });

  it.each(['onRequestStart', 'onRequestSent', 'onResponseStarted'] as const)(
    'EDGE 38: a pause given in %s holds for the response that is accepted',
    async (name) => {
      let controller: Dispatcher.DispatchController | undefined;
      const { attempt, clock, handler } = send({
        route,
        reactions: {
          onRequestStart: (given) => {
            controller = given;
            if (name === 'onRequestStart') given.pause();
          },
          ...(name !== 'onRequestStart' && { [name]: () => controller?.pause() }),
        },
      });
      attempt(1).start().requestSent().responseStarted().respond(503).data('x').end();
      await clock.advance(100);
      attempt(2).start().respond(200).data('a').end();
      expect(handler.events.at(-1)).toBe('response 200');
      expect(attempt(2).heldBack).toBe(2);
      handler.controller.resume();
      expect(handler.events.slice(-2)).toEqual(['data a', 'end']);
    },
  );

  it('EDGE 38: an attempt that is discarded is read to its end although the caller has paused', async () => {
    const { attempt, clock, handler } = send({
      route,
      reactions: {
        onRequestStart: (controller) => {
          controller.pause();
        },
      },
    });
    attempt(1).start().respond(503).data('x').end();
    expect(attempt(1).heldBack).toBe(0);
    expect(handler.controller.paused).toBe(true);
    await clock.advance(100);
    expect(attempt(2).options.path).toBe('/');
  });

  it('EDGE 38: a pause holds back no attempt that is being discarded, or that shouldRetry reads', async () => {
    const shouldRetry = async (outcome: Outcome): Promise<boolean> =>
      outcome.kind === 'response' && (await outcome.text?.()) === 'x';
    for (const options of [{}, { shouldRetry }]) {
      const { attempt, clock, handler } = send({ route, options });
      attempt(1).start().respond(503);
      handler.controller.pause();
      attempt(1).data('x').end();
      expect(attempt(1).heldBack).toBe(0);
      await clock.advance(100);
      expect(attempt(2).options.path).toBe('/');
    }
  });

  it('EDGE 38: a pause given during a wait, and one taken back, hold for the response', async () => {
    const { attempt, clock, handler } = send({ route });
    attempt(1).start().respond(503).end();
    handler.controller.pause();
    handler.controller.resume();
    handler.controller.pause();
    await clock.advance(100);
    attempt(2).start().respond(200).data('a');
    expect(attempt(2).heldBack).toBe(1);
    handler.controller.resume();
    expect(attempt(2).heldBack).toBe(0);
  });

  it('EDGE 38: a resume without a pause changes nothing', async () => {
    const { attempt, handler } = await answeredByTheSecond({ route });
    handler.controller.resume();
    attempt(2).data('a');
    handler.controller.resume();
    attempt(2).end();
    expect(handler.events).toEqual(['start', 'response 200', 'data a', 'end']);
  });

  it('EDGE 38: aborts the attempt that answers, with its reason', async () => {
    const sent = await answeredByTheSecond({ route });
    const { attempt, handler } = sent;
    const reason = new Error('enough');
    expect([handler.controller.aborted, handler.controller.reason]).toEqual([false, null]);
    handler.controller.abort(reason);
    expect([handler.controller.aborted, attempt(2).controller.aborted]).toEqual([true, true]);
    expect(handler.controller.reason).toBe(reason);
    expect(attempt(1).controller.aborted).toBe(false);
    expect(handler.events).toEqual(['start', 'response 200', 'error enough']);
    expect(await quiet(sent)).toEqual(NOTHING);
  });

  it('EDGE 38: keeps the reason of the first abort', async () => {
    const { handler } = await answeredByTheSecond({ route });
    handler.controller.abort(new Error('first'));
    handler.controller.abort(new Error('second'));
    expect(handler.controller.reason).toEqual(new Error('first'));
    expect(handler.endings).toEqual(['error first']);
  });

  it('EDGE 38: is not aborted when a failed attempt was', async () => {
    const { attempt, clock, handler } = send({ route, options: { attemptTimeout: 50 } });
    attempt(1).start();
    await clock.advance(150);
    expect(attempt(1).controller.aborted).toBe(true);
    expect([handler.controller.aborted, handler.controller.reason]).toEqual([false, null]);
    attempt(2).start().respond(200).end();
    expect(handler.controller.aborted).toBe(false);
  });

  it('EDGE 38: has the raw headers and trailers of the attempt that answers', async () => {
    const { attempt, handler } = await answeredByTheSecond({ route });
    expect(textOf(handler.controller.rawHeaders)).toEqual(['x-from', 'two']);
    expect(handler.controller.rawTrailers).toBeNull();
    attempt(2).end({ checksum: 'x' });
    expect(textOf(handler.controller.rawTrailers)).toEqual(['checksum', 'x']);
  });

  it('EDGE 38: has no raw headers before there is a connection', () => {
    const { attempt, handler } = send({ route });
    attempt(1).fail(failure('ECONNREFUSED'));
    expect([handler.controller.rawHeaders, handler.controller.rawTrailers]).toEqual([null, null]);
  });

  it.each(['abort', 'pause', 'resume'] as const)(
    "EDGE 38: %s can be replaced, as undici's dump interceptor does",
    async (method) => {
      const { attempt, handler } = await answeredByTheSecond({ route });
      const calls: unknown[] = [];
      handler.controller[method] = (...given: unknown[]) => calls.push(given);
      handler.controller[method](new Error('enough'));
      expect(calls).toEqual([[new Error('enough')]]);
      expect(attempt(2).controller.calls).toEqual([]);
      attempt(2).end();
      expect(handler.endings).toEqual(['end']);
    },
  );
});

// In undici 7.0.0 the dump interceptor calls the older form of handlers alone.
it.skipIf(interceptors.decompress === undefined)(
  "EDGE 38: undici's own dump interceptor stands around the retries",
  async () => {
    const clock = virtualClock();
    const dispatcher = new FakeDispatcher(unavailable, ok);
    const retries = retryInterceptor({ clock });
    const handler = new RecordingHandler();
    dispatcher.compose(retries, interceptors.dump({ maxSize: 1024 })).dispatch(GET, handler);
    await clock.run(handler.ended);
    expect([handler.events, dispatcher.attempts.length]).toEqual([['start', 'response 200', 'end'], 2]);
  },
);
