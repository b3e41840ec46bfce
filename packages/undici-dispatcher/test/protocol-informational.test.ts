// Interim responses: what a server says before its answer.
import { describe, expect, it } from 'vitest';

import { failure } from './servers/fake-dispatcher.ts';
import { NOTHING, quiet, ROUTES, send } from './servers/retried-request.ts';

describe.each(ROUTES)('interim responses through %s', (route) => {
  it('EDGE 43: reach the caller from every attempt, in their order', async () => {
    const { attempt, clock, handler } = send({ route });
    attempt(1).start().respond(100).respond(103).respond(503).end();
    await clock.advance(100);
    attempt(2).start().respond(102).fail(failure('ECONNRESET'));
    await clock.advance(200);
    attempt(3).start().respond(103).respond(200).end();
    const answered = ['response 103', 'response 200', 'end'];
    expect(handler.events).toEqual(['start', 'response 100', 'response 103', 'response 102', ...answered]);
  });

  it('EDGE 43: come at once, with their headers', () => {
    const { attempt, handler } = send({ route });
    attempt(1).start().respond(103, { link: '</style.css>' });
    expect([handler.events, handler.headers]).toEqual([['start', 'response 103'], { link: '</style.css>' }]);
  });

  it.each([100, 102, 103, 199])(
    'EDGE 43: a %i is no answer: a retry is possible after it',
    async (status) => {
      const { attempt, clock, handler } = send({ route });
      attempt(1).start().respond(status).fail(failure('ECONNRESET'));
      await clock.advance(100);
      attempt(2).start().respond(200).end();
      expect(handler.events).toEqual(['start', `response ${status}`, 'response 200', 'end']);
    },
  );

  it('EDGE 43: are not asked about, and do not count', async () => {
    const statuses: unknown[] = [];
    const { attempt, clock, handler } = send({
      route,
      options: {
        statusCodes: [103],
        shouldRetry: (outcome) => {
          statuses.push(outcome.kind === 'response' ? outcome.status : outcome.kind);
          return undefined;
        },
      },
    });
    attempt(1).start().respond(103).respond(200).end();
    await clock.advance(0);
    expect(statuses).toEqual([200]);
    expect(handler.context).toMatchObject({ retry: { result: 'success', attempts: [{ status: 200 }] } });
  });

  it('EDGE 43: do not stop the attempt timeout', async () => {
    const { attempt, clock, dispatcher } = send({ route, options: { attemptTimeout: 50 } });
    attempt(1).start().respond(103);
    await clock.advance(150);
    expect(dispatcher.attempts).toHaveLength(2);
  });

  it('EDGE 43: of an attempt that was given up are not heard', async () => {
    const sent = send({ route });
    sent.attempt(1).start();
    sent.handler.controller.abort(new Error('enough'));
    sent.attempt(1).respond(103);
    expect(sent.handler.events).toEqual(['start', 'error enough']);
    expect(await quiet(sent)).toEqual(NOTHING);
  });

  it('EDGE 43: a pause given in one holds for the answer', async () => {
    const { attempt, handler } = send({
      route,
      reactions: {
        onResponseStart: (controller, statusCode) => {
          if (statusCode === 103) controller.pause();
        },
      },
    });
    attempt(1).start().respond(103).respond(200).data('a').end();
    expect(handler.events).toEqual(['start', 'response 103', 'response 200']);
    handler.controller.resume();
    expect(handler.events.slice(3)).toEqual(['data a', 'end']);
  });
});
