// shouldRetry looks at a response that nobody has got yet. Whatever it reads, the caller then gets whole.
import type { RetryOptions, ResponseOutcome } from '@tenax/core';
import { describe, expect, it } from 'vitest';

import { failure } from './servers/fake-dispatcher.ts';
import { NOTHING, quiet, ROUTES, send } from './servers/retried-request.ts';

type Answer = boolean | undefined;

/** A shouldRetry for responses alone, which keeps what it has seen. */
function look<T>(
  see: (outcome: ResponseOutcome) => T | Promise<T>,
  answer: (seen: T) => Answer = () => undefined,
) {
  const seen: T[] = [];
  const shouldRetry: RetryOptions['shouldRetry'] = async (outcome) => {
    if (outcome.kind !== 'response') return undefined;
    const value = await see(outcome);
    seen.push(value);
    return answer(value);
  };
  return { seen, shouldRetry };
}

const text = (outcome: ResponseOutcome): Promise<string> => outcome.text();

describe.each(ROUTES)('shouldRetry through %s', (route) => {
  it('sees the status and the headers', async () => {
    const { seen, shouldRetry } = look(({ headers, status }) => [
      status,
      headers.get('x-from'),
      headers.get('set-cookie'),
      headers.get('absent'),
    ]);
    const { attempt, clock } = send({ route, options: { shouldRetry } });
    attempt(1)
      .start()
      .respond(503, { 'x-from': 'one', 'set-cookie': ['a=1', 'b=2'] })
      .end();
    await clock.advance(100);
    attempt(2).start().respond(200, { 'x-from': 'two' }).end();
    await clock.advance(0);
    expect(seen).toEqual([
      [503, 'one', 'a=1, b=2', undefined],
      [200, 'two', undefined, undefined],
    ]);
  });

  it('reads the body as text, while it comes', async () => {
    const { seen, shouldRetry } = look(text);
    const { attempt, clock, handler } = send({ route, options: { shouldRetry } });
    attempt(1).start().respond(200).data('gr');
    await clock.advance(0);
    attempt(1).data('üß').data('e').end({ checksum: 'x' });
    await clock.advance(0);
    expect(seen).toEqual(['grüße']);
    expect(handler.events).toEqual(['start', 'response 200', 'data gr', 'data üß', 'data e', 'end']);
    expect(handler.trailers).toEqual({ checksum: 'x' });
  });

  it('reads the body as JSON, and may retry a success for it', async () => {
    const { seen, shouldRetry } = look(
      (outcome) => outcome.json(),
      (body) => (body as { ready: boolean }).ready === false,
    );
    const { attempt, clock, handler } = send({ route, options: { shouldRetry } });
    attempt(1).start().respond(200).data('{"ready":').data('false}').end();
    await clock.advance(100);
    attempt(2).start().respond(200).data('{"ready":true}').end();
    await clock.advance(0);
    expect(seen).toEqual([{ ready: false }, { ready: true }]);
    expect(handler.events).toEqual(['start', 'response 200', 'data {"ready":true}', 'end']);
  });

  it('reads an empty body', async () => {
    const { seen, shouldRetry } = look(text);
    const { attempt, clock, handler } = send({ route, options: { shouldRetry } });
    attempt(1).start().respond(204).end();
    await clock.advance(0);
    expect([seen, handler.events]).toEqual([[''], ['start', 'response 204', 'end']]);
  });

  it.each<[string, (outcome: ResponseOutcome) => Promise<unknown>]>([
    ['one after the other', async (outcome) => [await outcome.text(), await outcome.json()]],
    ['at once', (outcome) => Promise.all([outcome.text(), outcome.json()])],
    ['later', async (outcome) => [await Promise.resolve(outcome).then(text), await outcome.json()]],
  ])('reads the body twice, %s', async (_, see) => {
    const { seen, shouldRetry } = look(see);
    const sent = send({ route, options: { shouldRetry } });
    sent.attempt(1).start().respond(200).data('[1]').end();
    await sent.clock.advance(0);
    expect(seen).toEqual([['[1]', [1]]]);
    expect(sent.handler.events).toEqual(['start', 'response 200', 'data [1]', 'end']);
  });

  it('gets a SyntaxError for a body that is no JSON, and the built-in verdict stands', async () => {
    const errors: unknown[] = [];
    const shouldRetry: RetryOptions['shouldRetry'] = (outcome) =>
      outcome.kind === 'response'
        ? outcome.json().then(
            () => undefined,
            (error: unknown) => void errors.push(error),
          )
        : undefined;
    const { attempt, clock, handler } = send({ route, options: { shouldRetry } });
    attempt(1).start().respond(200).data('<html>').end();
    await clock.advance(0);
    expect(errors).toEqual([expect.any(SyntaxError)]);
    expect(handler.events).toEqual(['start', 'response 200', 'data <html>', 'end']);
  });

  it('gets the error of a body that fails, and the caller gets it too', async () => {
    const errors: unknown[] = [];
    const shouldRetry: RetryOptions['shouldRetry'] = (outcome) =>
      outcome.kind === 'response'
        ? outcome.text().then(
            () => undefined,
            (error: unknown) => void errors.push(error),
          )
        : undefined;
    const sent = send({ route, options: { shouldRetry } });
    const broken = failure('ECONNRESET');
    sent.attempt(1).start().respond(200).data('a');
    await sent.clock.advance(0);
    sent.attempt(1).fail(broken);
    await sent.clock.advance(0);
    expect(errors).toEqual([broken]);
    expect(sent.handler.events).toEqual(['start', 'response 200', 'data a', 'error ECONNRESET']);
    expect(sent.handler.error).toBe(broken);
    expect(await quiet(sent)).toEqual(NOTHING);
  });

  it.each(['text', 'json'] as const)('%s() after the answer rejects', async (method) => {
    let seen: ResponseOutcome | undefined;
    const { shouldRetry } = look((outcome) => {
      seen = outcome;
    });
    const { attempt, clock } = send({ route, options: { shouldRetry } });
    attempt(1).start().respond(200).data('{}').end();
    await clock.advance(0);
    await expect(seen?.[method]()).rejects.toThrow(TypeError);
  });

  it('is asked about an error too, and may retry what would not be', async () => {
    const { attempt, clock, dispatcher } = send({
      route,
      request: { method: 'POST' },
      options: { shouldRetry: async (outcome) => outcome.kind === 'error' },
    });
    attempt(1).start().fail(failure('ECONNRESET'));
    await clock.advance(100);
    expect(dispatcher.attempts).toHaveLength(2);
  });

  it('may accept a 503, whose body the caller gets', async () => {
    const { attempt, clock, handler } = send({ route, options: { shouldRetry: async () => false } });
    attempt(1).start().respond(503).data('a').end();
    await clock.advance(0);
    expect(handler.events).toEqual(['start', 'response 503', 'data a', 'end']);
    expect(handler.context).toMatchObject({ retry: { reason: 'should_not_retry' } });
  });
});
