// Retries within retries: one loop is enough.
import { virtualClock } from '@tenax/core/testing';
import { RetryDispatcher, retryInterceptor } from '@tenax/undici-dispatcher';
import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';

import { FakeDispatcher, ok, refused, reset, unavailable } from './servers/fake-dispatcher.ts';
import type { Answer } from './servers/fake-dispatcher.ts';
import { RecordingHandler } from './servers/recording-handler.ts';
import { GET } from './servers/retried-request.ts';

type Nest = (inner: Dispatcher, options: NonNullable<Parameters<typeof retryInterceptor>[0]>) => Dispatcher;

const NESTS: Record<string, Nest> = {
  'an interceptor inside a RetryDispatcher': (inner, options) =>
    new RetryDispatcher(inner.compose(retryInterceptor(options)), options),
  'a RetryDispatcher inside an interceptor': (inner, options) =>
    new RetryDispatcher(inner, options).compose(retryInterceptor(options)),
  'an interceptor inside an interceptor': (inner, options) =>
    inner.compose(retryInterceptor(options), retryInterceptor(options)),
  'a RetryDispatcher inside two others': (inner, options) =>
    new RetryDispatcher(new RetryDispatcher(new RetryDispatcher(inner, options), options), options),
};

describe.each(Object.entries(NESTS))('%s', (_, nest) => {
  const run = async (...answers: Answer[]) => {
    const clock = virtualClock();
    const inner = new FakeDispatcher(...answers);
    const handler = new RecordingHandler();
    nest(inner, { clock }).dispatch({ ...GET }, handler);
    await clock.run(handler.ended);
    return { clock, handler, inner };
  };

  it.each<[string, Answer, string]>([
    ['a 503', unavailable, 'end'],
    ['a reset', reset, 'error ECONNRESET'],
    ['no connection', refused, 'error ECONNREFUSED'],
  ])('EDGE 14: %s at every attempt is sent three times, not nine', async (__, answer, ending) => {
    const { clock, handler, inner } = await run(answer);
    expect([inner.attempts.length, handler.endings, clock.pending]).toEqual([3, [ending], 0]);
  });

  it('EDGE 14: an answer is told once, and the statistics are of one loop', async () => {
    const { handler, inner } = await run(unavailable, ok);
    expect(handler.events).toEqual(['start', 'response 200', 'data ok', 'end']);
    expect(inner.attempts).toHaveLength(2);
    expect(handler.context).toMatchObject({ retry: { result: 'success', attempts: { length: 2 } } });
  });
});

it("EDGE 14: the outer loop's options count", async () => {
  const clock = virtualClock();
  const inner = new FakeDispatcher(unavailable);
  const within = inner.compose(retryInterceptor({ clock, maxAttempts: 5 }));
  const handler = new RecordingHandler();
  new RetryDispatcher(within, { clock, maxAttempts: 2 }).dispatch(GET, handler);
  await clock.run(handler.ended);
  expect(inner.attempts).toHaveLength(2);
});

it.each([
  ['a 503', unavailable],
  ['a reset', reset],
  ['no connection', refused],
] as const)(
  'EDGE 14: %s is sent three times, with an interceptor of its own handler between',
  async (_, answer) => {
    const clock = virtualClock();
    const inner = new FakeDispatcher(answer);
    const between: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
      dispatch(
        { ...options },
        {
          onRequestStart: (...told) => handler.onRequestStart?.(...told),
          onResponseStart: (...told) => handler.onResponseStart?.(...told),
          onResponseData: (...told) => handler.onResponseData?.(...told),
          onResponseEnd: (...told) => handler.onResponseEnd?.(...told),
          onResponseError: (...told) => handler.onResponseError?.(...told),
        },
      );
    const handler = new RecordingHandler();
    inner.compose(retryInterceptor({ clock }), between, retryInterceptor({ clock })).dispatch(GET, handler);
    await clock.run(handler.ended);
    expect([inner.attempts.length, handler.endings.length, clock.pending]).toEqual([3, 1, 0]);
  },
);
