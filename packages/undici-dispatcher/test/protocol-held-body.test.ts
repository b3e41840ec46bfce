// A response that shouldRetry has held back: what came meanwhile is told then, in its order, as fast as the caller likes.
import type { RetryOptions } from '@tenax/core';
import { describe, expect, it } from 'vitest';

import { NOTHING, quiet, ROUTES, send } from './servers/retried-request.ts';
import type { Given, RetriedRequest, Route } from './servers/retried-request.ts';

type Reactions = NonNullable<Given['reactions']>;

const pause = (controller: { pause(): void }): void => {
  controller.pause();
};

/** A request whose body is read while it is held; accepted when its body is whole, or sooner. */
async function released(route: Route, isWhole: boolean, reactions: Reactions): Promise<RetriedRequest> {
  let accept: (() => void) | undefined;
  const accepted = new Promise<undefined>((resolve) => {
    accept = () => {
      resolve(undefined);
    };
  });
  const shouldRetry: RetryOptions['shouldRetry'] = (outcome) => {
    if (outcome.kind === 'response') void outcome.text().catch(() => undefined);
    return accepted;
  };
  const sent = send({ route, options: { shouldRetry }, reactions });
  sent.attempt(1).start().respond(200).data('a').data('b');
  if (isWhole) sent.attempt(1).end();
  await sent.clock.advance(0);
  expect(sent.attempt(1).heldBack).toBe(0);
  accept?.();
  await sent.clock.advance(0);
  return sent;
}

const CASES = ROUTES.flatMap((route) => [
  [route, 'whole', true] as const,
  [route, 'still coming', false] as const,
]);

describe.each(CASES)('through %s, a held body that is %s', (route, _, isWhole) => {
  it('is told in its order', async () => {
    const { attempt, handler } = await released(route, isWhole, {});
    if (!isWhole) attempt(1).data('c').end();
    const rest = isWhole ? ['end'] : ['data c', 'end'];
    expect(handler.events).toEqual(['start', 'response 200', 'data a', 'data b', ...rest]);
  });

  it('respects a pause at each step', async () => {
    const { attempt, handler } = await released(route, isWhole, {
      onResponseStart: pause,
      onResponseData: pause,
    });
    if (!isWhole) attempt(1).data('c').end();
    for (const event of ['response 200', 'data a', 'data b', ...(isWhole ? [] : ['data c']), 'end']) {
      expect(handler.events.at(-1)).toBe(event);
      handler.controller.resume();
    }
    expect(handler.endings).toEqual(['end']);
  });

  it('is told one thing after the other, also when a callback resumes', async () => {
    let within = 0;
    let deepest = 0;
    const nested = (controller: { pause(): void; resume(): void }): void => {
      within += 1;
      deepest = Math.max(deepest, within);
      controller.pause();
      controller.resume();
      within -= 1;
    };
    const reactions = { onResponseStart: nested, onResponseData: nested, onResponseEnd: nested };
    const { attempt, handler } = await released(route, isWhole, reactions);
    if (!isWhole) attempt(1).end();
    expect(handler.events).toEqual(['start', 'response 200', 'data a', 'data b', 'end']);
    expect(deepest).toBe(1);
  });

  it.each(['onResponseStart', 'onResponseData'] as const)('ends at once when %s aborts it', async (name) => {
    const reason = new Error('enough');
    const sent = await released(route, isWhole, {
      [name]: (controller: { abort(reason: Error): void }) => {
        controller.abort(reason);
      },
    });
    const heard = name === 'onResponseStart' ? [] : ['data a'];
    expect(sent.handler.events).toEqual(['start', 'response 200', ...heard, 'error enough']);
    expect(sent.handler.error).toBe(reason);
    expect(sent.attempt(1).isOver).toBe(true);
    expect(await quiet(sent)).toEqual(NOTHING);
  });

  it('ends at once when it is aborted while the caller has paused', async () => {
    const sent = await released(route, isWhole, { onResponseStart: pause });
    sent.handler.controller.abort(new Error('enough'));
    expect(sent.handler.events).toEqual(['start', 'response 200', 'error enough']);
    sent.handler.controller.resume();
    expect(sent.handler.endings).toEqual(['error enough']);
    expect(sent.attempt(1).isOver).toBe(true);
    expect(await quiet(sent)).toEqual(NOTHING);
  });
});

describe.each(ROUTES)('a response that is held, through %s', (route) => {
  it('does not flow while nobody reads it', async () => {
    const { attempt, clock } = send({ route, options: { shouldRetry: () => new Promise(() => undefined) } });
    attempt(1).start().respond(200).data('a').data('b');
    await clock.advance(1000);
    expect(attempt(1).heldBack).toBe(2);
  });

  it("flows on when it is the caller's", async () => {
    const { attempt, clock, handler } = send({ route, options: { shouldRetry: async () => undefined } });
    attempt(1).start().respond(200).data('a');
    await clock.advance(0);
    attempt(1).data('b').end();
    expect(handler.events).toEqual(['start', 'response 200', 'data a', 'data b', 'end']);
    expect(attempt(1).controller.paused).toBe(false);
  });

  it('stays paused for a caller that has paused before', async () => {
    const { attempt, clock, handler } = send({
      route,
      options: { shouldRetry: async () => undefined },
      reactions: { onRequestStart: pause },
    });
    attempt(1).start().respond(200).data('a').end();
    await clock.advance(0);
    expect(handler.events).toEqual(['start', 'response 200']);
    handler.controller.resume();
    expect(handler.events).toEqual(['start', 'response 200', 'data a', 'end']);
  });

  it('ends with the reason of an abort while shouldRetry reads, whose answer is then not heard', async () => {
    const seen: unknown[] = [];
    const shouldRetry: RetryOptions['shouldRetry'] = async (outcome) => {
      if (outcome.kind === 'response') seen.push(await outcome.text());
      return true;
    };
    const sent = send({ route, options: { shouldRetry } });
    sent.attempt(1).start().respond(200).data('a');
    sent.handler.controller.abort(new Error('enough'));
    await sent.clock.advance(0);
    sent.attempt(1).data('b').end();
    expect(sent.handler.events).toEqual(['start', 'error enough']);
    expect([await quiet(sent), seen]).toEqual([NOTHING, []]);
  });
});
