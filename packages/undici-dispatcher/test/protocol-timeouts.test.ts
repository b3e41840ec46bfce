// `attemptTimeout` bounds one attempt until its headers, `timeout` everything until the response is the caller's.
import { AttemptTimeoutError, OperationTimeoutError } from '@tenax/core';
import { describe, expect, it } from 'vitest';

import { failure, unavailable } from './servers/fake-dispatcher.ts';
import type { FakeAttempt } from './servers/fake-dispatcher.ts';
import { NOTHING, quiet, ROUTES, send } from './servers/retried-request.ts';
import type { Given, RetriedRequest } from './servers/retried-request.ts';

/** How far an attempt gets without an answer. */
const STUCK: Record<string, (attempt: FakeAttempt) => unknown> = {
  'waits for a connection': () => undefined,
  'was sent': (attempt) => attempt.start(),
  'has had an interim response': (attempt) => attempt.start().respond(103),
};
const CASES = ROUTES.flatMap((route) =>
  Object.entries(STUCK).map(([name, reach]) => [name, route, reach] as const),
);

describe.each(CASES)('attemptTimeout of an attempt that %s, through %s', (name, route, reach) => {
  it('ends it, and the retry answers', async () => {
    const { attempt, clock, dispatcher, handler } = send({ route, options: { attemptTimeout: 50 } });
    reach(attempt(1));
    await clock.advance(49);
    expect(clock.pending).toBe(1);
    await clock.advance(1);
    await clock.advance(100);
    expect(dispatcher.attempts).toHaveLength(2);
    attempt(2).start().respond(200).data('a').end();
    expect(handler.endings).toEqual(['end']);
    const failureClass = name === 'waits for a connection' ? 'connection' : 'timeout';
    expect(handler.context).toMatchObject({
      retry: { result: 'success', attempts: [{ failureClass }, { status: 200 }] },
    });
  });

  it('is an AttemptTimeoutError when every attempt took too long', async () => {
    const sent = send({ route, options: { attemptTimeout: 50 }, answers: [reach] });
    await sent.clock.run(sent.handler.ended);
    const { error } = sent.handler;
    expect(error).toBeInstanceOf(AttemptTimeoutError);
    expect(error).toMatchObject({ code: 'TENAX_ATTEMPT_TIMEOUT', statistics: { attempts: { length: 3 } } });
    expect(sent.clock.now()).toBe(50 + 100 + 50 + 200 + 50);
    expect(await quiet(sent)).toEqual(NOTHING);
  });

  it('gives up its connection, or the one that comes too late', async () => {
    const { attempt, clock, handler } = send({ route, options: { attemptTimeout: 50, maxAttempts: 2 } });
    reach(attempt(1));
    await clock.advance(150);
    if (attempt(1).isQueued) attempt(1).start();
    expect([attempt(1).controller.aborted, attempt(1).isOver]).toEqual([true, true]);
    expect(handler.endings).toEqual([]);
  });

  it('is new for each attempt', async () => {
    const { attempt, clock, dispatcher } = send({ route, options: { attemptTimeout: 50 } });
    reach(attempt(1));
    await clock.advance(150);
    attempt(2).start();
    await clock.advance(49);
    attempt(2).respond(503).end();
    await clock.advance(200);
    attempt(3).start();
    await clock.advance(49);
    expect([dispatcher.attempts.length, attempt(3).isOver]).toEqual([3, false]);
  });
});

describe.each(ROUTES)('attemptTimeout through %s', (route) => {
  it('lets a POST be sent again that never had a connection', async () => {
    const request = { method: 'POST', body: 'x' };
    const { clock, dispatcher, handler } = send({ route, options: { attemptTimeout: 50 }, request });
    await clock.advance(150);
    expect([dispatcher.attempts.length, handler.endings]).toEqual([2, []]);
  });

  it('ends a POST that may have been sent', async () => {
    const request = { method: 'POST', body: 'x' };
    const sent = send({ route, options: { attemptTimeout: 50 }, request });
    sent.attempt(1).start();
    await sent.clock.advance(50);
    expect(sent.handler.error).toBeInstanceOf(AttemptTimeoutError);
    expect(sent.handler.error).toMatchObject({ statistics: { reason: 'method_not_idempotent' } });
    expect([await quiet(sent), sent.dispatcher.attempts.length]).toEqual([NOTHING, 1]);
  });

  it('ends with the headers: a body may take its time', async () => {
    const sent = send({ route, options: { attemptTimeout: 50 } });
    sent.attempt(1).start().respond(200);
    expect(sent.clock.pending).toBe(0);
    await sent.clock.advance(10_000);
    sent.attempt(1).data('a').end();
    expect(sent.handler.events).toEqual(['start', 'response 200', 'data a', 'end']);
  });

  it('does not bound what shouldRetry thinks', async () => {
    let decide: (() => void) | undefined;
    const thinking = new Promise<undefined>((resolve) => {
      decide = () => {
        resolve(undefined);
      };
    });
    const sent = send({ route, options: { attemptTimeout: 50, shouldRetry: () => thinking } });
    sent.attempt(1).start().respond(200).end();
    await sent.clock.advance(10_000);
    decide?.();
    await sent.clock.advance(0);
    expect(sent.handler.endings).toEqual(['end']);
  });

  it('an attempt that got its connection after it was given up is never heard, and says nothing of the next one', async () => {
    const { attempt, clock, handler } = send({ route, options: { attemptTimeout: 50 } });
    await clock.advance(150);
    attempt(2).start();
    attempt(1).start().respond(200).data('late').end();
    expect(handler.events).toEqual(['start']);
    handler.controller.pause();
    attempt(2).respond(200).data('a');
    expect([attempt(2).controller.paused, attempt(1).controller.paused]).toEqual([true, false]);
  });
});

interface Moment {
  readonly options?: Given['options'];
  readonly lead: (sent: RetriedRequest) => unknown;
}

const forever = new Promise<never>(() => undefined);
const MOMENTS: Record<string, Moment> = {
  'waits for a connection': { lead: () => undefined },
  'was sent': { lead: ({ attempt }) => attempt(1).start() },
  'has had an interim response': { lead: ({ attempt }) => attempt(1).start().respond(103) },
  'is held by shouldRetry': {
    options: { shouldRetry: () => forever },
    lead: ({ attempt }) => attempt(1).start().respond(200).data('a'),
  },
  'leaves the rest of a discarded body': { lead: ({ attempt }) => attempt(1).start().respond(503).data('a') },
  'is held by beforeRetry': {
    options: { hooks: { beforeRetry: () => forever } },
    lead: ({ attempt }) => attempt(1).start().respond(503).end(),
  },
  'waits for another connection': { lead: ({ attempt }) => attempt(1).fail(failure('ECONNREFUSED')) },
  'was sent again': {
    lead: async ({ attempt, clock }) => {
      unavailable(attempt(1));
      await clock.advance(100);
      attempt(2).start();
    },
  },
};
const MOMENT_CASES = ROUTES.flatMap((route) =>
  Object.entries(MOMENTS).map(([name, moment]) => [name, route, moment] as const),
);

describe.each(MOMENT_CASES)('timeout of a request that %s, through %s', (_, route, { lead, options }) => {
  const begin = async (): Promise<RetriedRequest> => {
    const sent = send({ route, options: { ...options, timeout: 500 } });
    await lead(sent);
    await sent.clock.advance(499 - sent.clock.now());
    expect(sent.handler.endings).toEqual([]);
    await sent.clock.advance(1);
    return sent;
  };

  it('EDGE 6: ends it with an OperationTimeoutError, and nothing follows', async () => {
    const sent = await begin();
    const { error } = sent.handler;
    expect(error).toBeInstanceOf(OperationTimeoutError);
    expect(error).toMatchObject({
      code: 'TENAX_OPERATION_TIMEOUT',
      statistics: { result: 'timeout', reason: 'operation_timeout', totalTime: 500 },
    });
    expect(sent.handler.endings).toHaveLength(1);
    expect(await quiet(sent)).toEqual(NOTHING);
  });

  it('EDGE 6: gives up every connection, and one that comes later', async () => {
    const sent = await begin();
    const { attempts } = sent.dispatcher;
    for (const attempt of attempts) if (attempt.isQueued) attempt.start();
    expect(attempts.map(({ isOver }) => isOver)).toEqual(attempts.map(() => true));
    expect(sent.handler.endings).toHaveLength(1);
  });
});

describe.each(ROUTES)('timeout through %s', (route) => {
  it('EDGE 6: a wait that could not end in time is not begun', async () => {
    const sent = send({ route, options: { timeout: 500, baseDelay: 500 } });
    sent.attempt(1).start().respond(503).end();
    expect(sent.handler.events).toEqual(['start', 'response 503', 'end']);
    expect(sent.handler.context).toMatchObject({
      retry: { result: 'timeout', reason: 'wait_exceeds_timeout' },
    });
    expect(await quiet(sent)).toEqual(NOTHING);
  });

  it('EDGE 6: ends with the headers: a body may take its time', async () => {
    const sent = send({ route, options: { timeout: 500 } });
    sent.attempt(1).start().respond(200);
    expect(sent.clock.pending).toBe(0);
    await sent.clock.advance(10_000);
    sent.attempt(1).end();
    expect(sent.handler.endings).toEqual(['end']);
  });

  it('EDGE 5: has the last error as its cause', async () => {
    const sent = send({ route, options: { timeout: 500 } });
    sent.attempt(1).start().fail(failure('ECONNRESET'));
    await sent.clock.advance(500);
    expect(sent.handler.error).toMatchObject({
      name: 'OperationTimeoutError',
      cause: { code: 'ECONNRESET' },
    });
  });
});
