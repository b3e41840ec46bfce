// The context that undici hands to its callers: with the statistics in `retry`, beside what others have put there.
import { inspect } from 'node:util';

import { formatStatistics, getRetryStatistics } from '@tenax/core';
import type { RequestStatistics } from '@tenax/core';
import { describe, expect, it } from 'vitest';

import { failure } from './servers/fake-dispatcher.ts';
import { ROUTES, send } from './servers/retried-request.ts';
import type { RetriedRequest } from './servers/retried-request.ts';

interface Context {
  readonly retry: RequestStatistics;
  readonly [name: string | symbol]: unknown;
}

const contextOf = ({ handler }: RetriedRequest): Context => handler.context as Context;

describe.each(ROUTES)('context.retry through %s', (route) => {
  const retriedOnce = async (sent: RetriedRequest): Promise<void> => {
    sent.attempt(1).start().respond(503).end();
    await sent.clock.advance(100);
    sent.attempt(2).start().respond(200);
  };

  it('is live before the end', async () => {
    const sent = send({ route });
    sent.attempt(1).start();
    const { retry } = contextOf(sent);
    expect(retry.attempts).toEqual([]);
    sent.attempt(1).respond(503).end();
    expect(retry.attempts).toMatchObject([{ attemptNumber: 1, status: 503, reason: 'transient_status' }]);
    await sent.clock.advance(100);
    sent.attempt(2).start().respond(200);
    expect(retry.attempts).toMatchObject([{ status: 503 }, { status: 200 }]);
  });

  it('is whole after the end, and then as getRetryStatistics says', async () => {
    const sent = send({ route });
    await retriedOnce(sent);
    const context = contextOf(sent);
    const statistics = getRetryStatistics(context) as RequestStatistics;
    const { attempts, id, key, reason, result, totalDelay, totalTime } = context.retry;
    expect({ attempts, id, key, reason, result, totalDelay, totalTime }).toEqual(statistics);
    expect([context.retry, { ...context.retry }]).toEqual([statistics, statistics]);
    expect(statistics).toMatchObject({ result: 'success', totalDelay: 100, attempts: { length: 2 } });
    expect(formatStatistics(context.retry)).toBe(formatStatistics(statistics));
  });

  it('is there when onResponseStart is called', async () => {
    let seen: RequestStatistics | undefined;
    const sent: RetriedRequest = send({
      route,
      reactions: {
        onResponseStart: () => {
          seen = getRetryStatistics(contextOf(sent));
        },
      },
    });
    await retriedOnce(sent);
    expect(seen).toMatchObject({ result: 'success', attempts: { length: 2 } });
  });

  it('is enumerable, and survives a copy by spread that was made before the end', async () => {
    const sent = send({ route });
    sent.attempt(1).start();
    expect(Object.keys(contextOf(sent))).toEqual(['retry']);
    const copy: Context = { ...contextOf(sent) };
    sent.attempt(1).respond(503).end();
    await sent.clock.advance(100);
    sent.attempt(2).start().respond(200);
    expect(copy.retry).toMatchObject({ result: 'success', reason: 'success', totalDelay: 100 });
    expect(copy.retry.attempts).toHaveLength(2);
    expect(getRetryStatistics(copy)).toEqual(getRetryStatistics(contextOf(sent)));
  });

  it('can be made into JSON, in the context and in its copy', async () => {
    const sent = send({ route });
    sent.attempt(1).start();
    const copy = { ...contextOf(sent) };
    sent.attempt(1).respond(503).end();
    await sent.clock.advance(100);
    sent.attempt(2).start().respond(200);
    const statistics = JSON.parse(JSON.stringify(getRetryStatistics(contextOf(sent)))) as unknown;
    for (const context of [contextOf(sent), copy]) {
      expect(JSON.parse(JSON.stringify(context))).toEqual({ retry: statistics });
    }
  });

  it('can be looked at', async () => {
    const sent = send({ route });
    await retriedOnce(sent);
    expect(inspect(contextOf(sent), { depth: 5 })).toContain("result: 'success'");
  });

  it('is of its own request', async () => {
    const [one, two] = [send({ route }), send({ route })];
    one.attempt(1).start();
    await retriedOnce(two);
    one.attempt(1).fail(new TypeError('wrong'));
    expect([contextOf(one).retry.attempts.length, contextOf(two).retry.attempts.length]).toEqual([1, 2]);
    expect(contextOf(one).retry.id).not.toBe(contextOf(two).retry.id);
  });
});

describe.each(ROUTES)('a context that an interceptor further in has made, through %s', (route) => {
  it('keeps its place beside retry, the same references', () => {
    const sent = send({ route });
    const history: URL[] = [];
    const secret = Symbol('secret');
    const given = { history, [secret]: 1 };
    sent.attempt(1).start(given);
    const context = contextOf(sent);
    expect(context['history']).toBe(history);
    expect(context[secret]).toBe(1);
    expect(context.retry.attempts).toEqual([]);
    expect(given).toEqual({ history, [secret]: 1 });
  });

  it.each([null, undefined, 5])('may be %s', (given) => {
    const sent = send({ route });
    sent.attempt(1).start(given);
    expect(Object.keys(contextOf(sent))).toEqual(['retry']);
  });

  it('is the one of the attempt that answers', async () => {
    const sent = send({ route });
    sent
      .attempt(1)
      .start({ history: ['one'] })
      .respond(503)
      .end();
    await sent.clock.advance(100);
    sent
      .attempt(2)
      .start({ history: ['two'] })
      .respond(200);
    expect(contextOf(sent)['history']).toEqual(['two']);
  });

  it('is there when the first attempt had no connection', async () => {
    const sent = send({ route });
    sent.attempt(1).fail(failure('ECONNREFUSED'));
    await sent.clock.advance(100);
    sent
      .attempt(2)
      .start({ history: ['two'] })
      .respond(200);
    expect(contextOf(sent)['history']).toEqual(['two']);
  });

  it('does not take the place of retry', async () => {
    const sent = send({ route });
    sent.attempt(1).start({ retry: 'one' }).respond(503).end();
    await sent.clock.advance(100);
    sent.attempt(2).start({ retry: 'two' }).respond(200);
    expect(contextOf(sent).retry.attempts).toHaveLength(2);
  });
});
