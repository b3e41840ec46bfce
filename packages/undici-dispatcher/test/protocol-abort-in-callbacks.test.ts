// An abort from within a callback, after the end, and by undici's own queue.
import { PassThrough } from 'node:stream';

import { getRetryStatistics } from '@tenax/core';
import { errors } from 'undici';
import { describe, expect, it } from 'vitest';

import { failure } from './servers/fake-dispatcher.ts';
import { ABORTED, afterAbort, NOTHING, quiet, ROUTES, send } from './servers/retried-request.ts';
import type { RetriedRequest } from './servers/retried-request.ts';

describe.each(ROUTES)('through %s', (route) => {
  it("an abort without a reason gives undici's own error", async () => {
    const sent = send({ route });
    sent.attempt(1).start().respond(503).end();
    (sent.handler.controller.abort as () => void)();
    await sent.clock.advance(0);
    expect(sent.handler.error).toBeInstanceOf(errors.RequestAbortedError);
    expect(sent.handler.error).toMatchObject({ code: 'UND_ERR_ABORTED', name: 'AbortError' });
  });

  it('an abort in onRequestStart: nothing is sent', async () => {
    const reason = new Error('enough');
    const sent = send({
      route,
      reactions: {
        onRequestStart: (controller) => {
          controller.abort(reason);
        },
      },
    });
    sent.attempt(1).start();
    expect(sent.attempt(1).controller.aborted).toBe(true);
    expect(sent.handler.events).toEqual(['start', 'error enough']);
    expect(await afterAbort(sent, reason)).toEqual(ABORTED);
  });

  it('an abort in onRequestStart when no attempt has had a connection', async () => {
    const reason = new Error('enough');
    const sent = send({
      route,
      reactions: {
        onRequestStart: (controller) => {
          controller.abort(reason);
        },
      },
    });
    sent.attempt(1).fail(failure('ECONNREFUSED'));
    expect(await afterAbort(sent, reason)).toEqual(ABORTED);
    expect(sent.handler.events).toEqual(['start', 'error enough']);
  });

  it.each(['onResponseStart', 'onResponseData'] as const)('an abort in %s', async (name) => {
    const reason = new Error('enough');
    const abort = (controller: { abort(reason: Error): void }): void => {
      controller.abort(reason);
    };
    const sent = send({ route, reactions: { [name]: abort } });
    sent.attempt(1).start().respond(200).data('a').data('b').end();
    expect(sent.attempt(1).controller.aborted).toBe(true);
    const heard = name === 'onResponseStart' ? [] : ['data a'];
    expect(sent.handler.events).toEqual(['start', 'response 200', ...heard, 'error enough']);
    expect(await afterAbort(sent, reason)).toEqual(ABORTED);
  });

  it.each([
    ['', false],
    [', and a throw after it', true],
  ])('EDGE 42: an abort in onRequestUpgrade refuses the socket%s', async (_, thenThrows) => {
    const reason = new Error('enough');
    const refuse = (controller: { abort(reason: Error): void }): void => {
      controller.abort(reason);
      if (thenThrows) throw new Error('too late');
    };
    const request = { upgrade: 'websocket' } as const;
    const sent = send({ route, request, reactions: { onRequestUpgrade: refuse } });
    sent.attempt(1).start().upgrade(101, new PassThrough());
    expect(sent.handler.events).toEqual(['start', 'upgrade 101', 'error enough']);
    expect(await quiet(sent)).toEqual(NOTHING);
  });

  it.each<[string, (sent: RetriedRequest) => unknown]>([
    ['the end', ({ attempt }) => attempt(1).start().respond(200).end()],
    ['an error', ({ attempt }) => attempt(1).start().fail(new TypeError('wrong'))],
    ['a broken body', ({ attempt }) => attempt(1).start().respond(200).fail(failure('ECONNRESET'))],
  ])('an abort after %s gives no event', async (_, end) => {
    const sent = send({ route });
    end(sent);
    const heard = [...sent.handler.events];
    sent.handler.controller.abort(new Error('enough'));
    expect(await quiet(sent)).toEqual(NOTHING);
    expect([sent.handler.events, sent.handler.endings.length]).toEqual([heard, 1]);
  });

  it('an abort in onResponseEnd gives no event', async () => {
    const sent = send({
      route,
      reactions: {
        onResponseEnd: (controller) => {
          controller.abort(new Error('enough'));
        },
      },
    });
    sent.attempt(1).start().respond(200).end();
    expect(sent.handler.events).toEqual(['start', 'response 200', 'end']);
    expect(await quiet(sent)).toEqual(NOTHING);
  });

  // undici 8 takes a request out of its queue: an aborted controller, and no onRequestStart before.
  it.each([1, 2])('an abort by the queue of undici 8 ends attempt %i without a retry', async (number) => {
    const sent = send({ route });
    if (number === 2) {
      sent.attempt(1).start().respond(503).end();
      await sent.clock.advance(100);
    }
    const reason = failure('ECONNRESET');
    sent.attempt(number).fail(reason, { aborted: true, reason });
    expect(await afterAbort(sent, reason)).toEqual(ABORTED);
    expect(sent.dispatcher.attempts).toHaveLength(number);
    expect(getRetryStatistics(reason)).toMatchObject({ result: 'aborted', reason: 'caller_aborted' });
  });

  it.each([null, undefined])(
    'a failure that comes with the controller %s is no abort',
    async (controller) => {
      const { attempt, clock, dispatcher } = send({ route });
      attempt(1).fail(failure('ECONNRESET'), controller);
      await clock.advance(100);
      expect(dispatcher.attempts).toHaveLength(2);
    },
  );
});
