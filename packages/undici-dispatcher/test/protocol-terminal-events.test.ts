// What a caller hears of a request: that of one attempt, whatever became of the others.
import { RetryExhaustedError } from '@tenax/core';
import { virtualClock } from '@tenax/core/testing';
import { RetryDispatcher } from '@tenax/undici-dispatcher';
import { describe, expect, it } from 'vitest';

import { FakeDispatcher, ok, refused, reset, unavailable } from './servers/fake-dispatcher.ts';
import type { Answer } from './servers/fake-dispatcher.ts';
import { RecordingHandler } from './servers/recording-handler.ts';
import { GET, NOTHING, quiet, ROUTES, send } from './servers/retried-request.ts';

const truncated: Answer = (attempt) => attempt.start().respond(200).data('ok').fail(new Error('cut off'));

describe.each(ROUTES)('through %s', (route) => {
  it.each<[string, string[], Answer[]]>([
    ['an answer at once', ['start', 'response 200', 'data ok', 'end'], [ok]],
    ['an answer after a 503', ['start', 'response 200', 'data ok', 'end'], [unavailable, ok]],
    ['an answer after a reset', ['start', 'response 200', 'data ok', 'end'], [reset, ok]],
    ['an answer after no connection', ['start', 'response 200', 'data ok', 'end'], [refused, ok]],
    ['503 at every attempt', ['start', 'response 503', 'data later', 'end'], [unavailable]],
    ['a reset at every attempt', ['start', 'error ECONNRESET'], [reset]],
    ['a reset after two 503', ['start', 'error ECONNRESET'], [unavailable, unavailable, reset]],
    ['a body cut off', ['start', 'response 200', 'data ok', 'error cut off'], [truncated]],
    [
      'a body cut off after a 503',
      ['start', 'response 200', 'data ok', 'error cut off'],
      [unavailable, truncated],
    ],
  ])('EDGE 37: %s is heard as %j', async (_, events, answers) => {
    const sent = send({ route, answers });
    await sent.clock.run(sent.handler.ended);
    expect(sent.handler.events).toEqual(events);
    expect(await quiet(sent)).toEqual(NOTHING);
  });

  it('EDGE 37: an attempt that is discarded is not heard, whatever it says', async () => {
    const { attempt, clock, handler } = send({ route });
    attempt(1).start().respond(503).data('one').data('two').end({ checksum: 'x' });
    expect(handler.events).toEqual(['start']);
    await clock.advance(100);
    attempt(2).start().respond(500).data('three').fail(new Error('reset'));
    await clock.advance(200);
    expect(handler.events).toEqual(['start']);
    attempt(3).start().respond(200).data('four').end({ checksum: 'y' });
    expect(handler.events).toEqual(['start', 'response 200', 'data four', 'end']);
    expect(handler.trailers).toEqual({ checksum: 'y' });
  });

  it('EDGE 37: onRequestStart comes once for a dispatch that undici puts back into its queue', () => {
    const { attempt, handler } = send({ route });
    attempt(1).start().start().start().respond(200).end();
    expect(handler.events).toEqual(['start', 'response 200', 'end']);
  });

  it('EDGE 37: after a requeue the controller acts on the new connection', () => {
    const { attempt, handler } = send({ route });
    const before = attempt(1).start().controller;
    const { controller } = attempt(1).start().respond(200);
    handler.controller.pause();
    expect([before.paused, controller.paused]).toEqual([false, true]);
    handler.controller.abort(new Error('enough'));
    expect([before.aborted, controller.aborted]).toEqual([false, true]);
  });
});

describe.each(ROUTES)('with throwOnExhausted, through %s', (route) => {
  const options = { throwOnExhausted: true, maxAttempts: 2 };

  it.each<[string, Answer]>([
    ['a 503', unavailable],
    ['a reset', reset],
    ['no connection', refused],
  ])('EDGE 37: %s at every attempt is one error, and nothing of a response', async (_, answer) => {
    const sent = send({ route, options, answers: [answer] });
    await sent.clock.run(sent.handler.ended);
    expect(sent.handler.error).toBeInstanceOf(RetryExhaustedError);
    expect(sent.handler.events).toHaveLength(2);
    expect(sent.dispatcher.attempts.every(({ isOver }) => isOver)).toBe(true);
    expect(await quiet(sent)).toEqual(NOTHING);
  });

  it('EDGE 37: the response that was given up on leaves its connection', async () => {
    const sent = send({ route, options });
    sent.attempt(1).start().respond(503).end();
    await sent.clock.advance(100);
    sent.attempt(2).start().respond(503).data('a');
    expect([sent.handler.endings.length, sent.attempt(2).isOver]).toEqual([1, true]);
    expect(await quiet(sent)).toEqual(NOTHING);
  });
});

it('EDGE 46: a dispatcher can be closed after a response that was given up on', async () => {
  const clock = virtualClock();
  const inner = new FakeDispatcher(unavailable);
  inner.close = () => Promise.resolve();
  const dispatcher = new RetryDispatcher(inner, { clock, throwOnExhausted: true });
  const handler = new RecordingHandler();
  dispatcher.dispatch(GET, handler);
  await clock.run(handler.ended);
  expect(await clock.run(dispatcher.close())).toBeUndefined();
});

describe('progress of the request', () => {
  it('is told as it is made, each step of every attempt', async () => {
    const { attempt, clock, handler } = send({ request: { method: 'PUT', body: 'x' } });
    attempt(1).start().bodySent('x').requestSent().responseStarted().respond(503).end();
    await clock.advance(100);
    attempt(2).start().bodySent('x').requestSent().responseStarted().respond(200).end();
    const steps = ['body sent x', 'request sent', 'response started'];
    expect(handler.events).toEqual(['start', ...steps, ...steps, 'response 200', 'end']);
  });

  it('is not told of an attempt that was given up', async () => {
    const { attempt, clock, handler } = send({ options: { attemptTimeout: 50 } });
    attempt(1).start();
    await clock.advance(150);
    attempt(1).bodySent('x').requestSent().responseStarted();
    expect(handler.events).toEqual(['start']);
  });
});

describe('a body', () => {
  it('is told chunk by chunk, empty chunks too, with the trailers of its own attempt', () => {
    const { attempt, handler } = send();
    attempt(1).start().respond(200).data('a').data('').data('b').end({ checksum: 'x' });
    expect(handler.events).toEqual(['start', 'response 200', 'data a', 'data ', 'data b', 'end']);
    expect(handler.trailers).toEqual({ checksum: 'x' });
  });

  it('comes with the headers and the status message of its own attempt', async () => {
    const messages: unknown[] = [];
    const { attempt, clock, handler } = send({
      reactions: { onResponseStart: (_, __, ___, message) => messages.push(message) },
    });
    attempt(1).start().respond(503, { 'x-from': 'one' }, 'Busy').end();
    await clock.advance(100);
    attempt(2)
      .start()
      .respond(200, { 'x-from': 'two', 'set-cookie': ['a=1', 'b=2'] }, 'Fine')
      .end();
    expect(handler.headers).toEqual({ 'x-from': 'two', 'set-cookie': ['a=1', 'b=2'] });
    expect(messages).toEqual(['Fine']);
  });
});
