// What attempts say while nobody wants to hear it, or twice, or too late.
import { describe, expect, it } from 'vitest';

import { failure } from './servers/fake-dispatcher.ts';
import { NOTHING, quiet, ROUTES, send } from './servers/retried-request.ts';
import type { Given } from './servers/retried-request.ts';

/** A request whose shouldRetry answers when the test says so. */
function decidedLater(given: Given = {}) {
  let decide: ((verdict: boolean | undefined) => void) | undefined;
  const verdict = new Promise<boolean | undefined>((resolve) => {
    decide = resolve;
  });
  let asked = 0;
  const shouldRetry = (): Promise<boolean | undefined> | undefined => {
    asked += 1;
    return asked === 1 ? verdict : undefined;
  };
  const sent = send({ ...given, options: { ...given.options, shouldRetry } });
  return {
    ...sent,
    decide: async (answer: boolean | undefined): Promise<void> => {
      decide?.(answer);
      await sent.clock.advance(0);
    },
  };
}

describe.each(ROUTES)('through %s, while a decision is held', (route) => {
  it("EDGE 40: a response that ends is the caller's, whole, when it is accepted", async () => {
    const sent = decidedLater({ route });
    sent.attempt(1).start().respond(200).data('a').data('b').end({ checksum: 'x' });
    await sent.clock.advance(10);
    expect(sent.handler.events).toEqual(['start']);
    await sent.decide(undefined);
    expect(sent.handler.events).toEqual(['start', 'response 200', 'data a', 'data b', 'end']);
    expect(sent.handler.trailers).toEqual({ checksum: 'x' });
    expect(await quiet(sent)).toEqual(NOTHING);
  });

  it('EDGE 40: a response that ends is not heard when it is not accepted', async () => {
    const { attempt, clock, decide, handler } = decidedLater({ route });
    attempt(1).start().respond(200).data('a').end();
    await decide(true);
    await clock.advance(100);
    attempt(2).start().respond(200).data('b').end();
    await clock.advance(0);
    expect(handler.events).toEqual(['start', 'response 200', 'data b', 'end']);
  });

  it('EDGE 40: an error of the body follows the response that is accepted', async () => {
    const sent = decidedLater({ route });
    sent.attempt(1).start().respond(200).data('a');
    sent.attempt(1).fail(failure('ECONNRESET'));
    expect(sent.handler.events).toEqual(['start']);
    await sent.decide(undefined);
    expect(sent.handler.events.slice(0, 2)).toEqual(['start', 'response 200']);
    expect(sent.handler.endings).toEqual(['error ECONNRESET']);
    expect(await quiet(sent)).toEqual(NOTHING);
  });

  it('EDGE 40: an error of the body is not heard when the response is not accepted', async () => {
    const { attempt, clock, decide, handler } = decidedLater({ route });
    attempt(1).start().respond(503).fail(failure('ECONNRESET'));
    await decide(undefined);
    await clock.advance(100);
    attempt(2).start().respond(200).end();
    await clock.advance(0);
    expect(handler.events).toEqual(['start', 'response 200', 'end']);
  });
});

describe.each(ROUTES)('through %s, while a wait is pending', (route) => {
  it('EDGE 40: an error of the attempt before changes nothing', async () => {
    const { attempt, clock, dispatcher, handler } = send({ route });
    attempt(1).start().respond(503).data('a');
    attempt(1).fail(failure('ECONNRESET'));
    expect(dispatcher.attempts).toHaveLength(1);
    await clock.advance(100);
    expect(dispatcher.attempts).toHaveLength(2);
    attempt(2).start().respond(200).end();
    expect(handler.events).toEqual(['start', 'response 200', 'end']);
  });

  it('EDGE 40: a second error of the same attempt changes nothing', async () => {
    const { attempt, clock, dispatcher, engine, handler } = send({ route });
    attempt(1).start().fail(failure('ECONNRESET')).fail(failure('ENOTFOUND'));
    await clock.advance(100);
    attempt(1).fail(failure('EPIPE'));
    await clock.advance(1000);
    expect([dispatcher.attempts.length, handler.events]).toEqual([2, ['start']]);
    expect(engine.statistics.snapshot().totalAttempts).toBe(1);
  });
});

describe.each(ROUTES)('through %s, too late', (route) => {
  /** Everything that an attempt could still say. */
  const sayAll = ({ attempt }: ReturnType<typeof send>, number: number): void => {
    attempt(number)
      .responseStarted()
      .respond(103)
      .respond(200)
      .data('late')
      .end()
      .fail(failure('ECONNRESET'));
  };

  it('EDGE 40: an attempt says more after another one has answered', async () => {
    const sent = send({ route });
    sent.attempt(1).start().respond(503).end();
    await sent.clock.advance(100);
    sayAll(sent, 1);
    sent.attempt(2).start().respond(200).data('a');
    sayAll(sent, 1);
    sent.attempt(2).end();
    sayAll(sent, 1);
    expect(sent.handler.events).toEqual(['start', 'response 200', 'data a', 'end']);
    expect(await quiet(sent)).toEqual(NOTHING);
  });

  it('EDGE 40: an attempt that took too long answers while the next one is under way', async () => {
    const sent = send({ route, options: { attemptTimeout: 50 } });
    sent.attempt(1).start();
    await sent.clock.advance(150);
    sent.attempt(2).start();
    sayAll(sent, 1);
    sent.attempt(2).respond(200).data('a').end();
    sayAll(sent, 1);
    expect(sent.handler.events).toEqual(['start', 'response 200', 'data a', 'end']);
    expect(await quiet(sent)).toEqual(NOTHING);
  });

  it.each<[string, (sent: ReturnType<typeof send>) => unknown]>([
    ['an end', ({ attempt }) => attempt(1).respond(200).end()],
    ['an error', ({ attempt }) => attempt(1).fail(new TypeError('wrong'))],
    ['a broken body', ({ attempt }) => attempt(1).respond(200).fail(failure('ECONNRESET'))],
  ])('EDGE 40: the attempt says more after %s', async (_, end) => {
    const sent = send({ route });
    sent.attempt(1).start();
    end(sent);
    expect(sent.handler.endings).toHaveLength(1);
    const heard = [...sent.handler.events];
    sayAll(sent, 1);
    expect(sent.handler.events).toEqual(heard);
    expect(await quiet(sent)).toEqual(NOTHING);
  });
});
