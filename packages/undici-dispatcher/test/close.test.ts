// RetryDispatcher.close(): what is under way is finished, waits included, and nothing new begins.
import { virtualClock } from '@tenax/core/testing';
import { Agent, fetch, request, stream } from 'undici';
import type { Dispatcher } from 'undici';
import { describe, expect, it, vi } from 'vitest';

import { flakyServer, ok, reset, unavailable } from '../../fetch-adapter/test/servers/flaky-server.ts';
import type { Answer } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { RetryDispatcher } from '../src/index.ts';
import { content, part } from './servers/download-server.ts';
import { AT_ONCE, failureOf, statisticsOf } from './servers/retrying-agents.ts';

/** A dispatcher whose waits never end by themselves, and what tells that one has begun. */
function waitingDispatcher(options: { readonly resume?: boolean } = {}, inner: Dispatcher = new Agent()) {
  const clock = virtualClock();
  let waits = 0;
  const dispatcher = new RetryDispatcher(inner, {
    ...AT_ONCE,
    ...options,
    clock,
    hooks: {
      onRetry: () => {
        waits += 1;
      },
    },
  });
  const waiting = (count: number): Promise<void> =>
    vi.waitUntil(() => waits >= count, { interval: 1 }).then(() => undefined);
  return { clock, dispatcher, waiting, [Symbol.asyncDispose]: () => dispatcher.destroy() };
}

/** An answer that is held back until somebody gives it. */
function heldBack(answer: Answer) {
  let give: (() => void) | undefined;
  const held: Answer = (...given) => {
    give = () => {
      answer(...given);
    };
  };
  return { held, give: () => give?.() };
}

describe('EDGE 46: close()', () => {
  it('during an attempt waits for its answer', async () => {
    const { give, held } = heldBack(ok);
    await using server = await flakyServer(held);
    await using own = waitingDispatcher();
    const order: string[] = [];
    const answered = request(server.url, own).then(async ({ body }) => order.push(await body.text()));
    await server.received(1);
    const closed = own.dispatcher.close().then(() => order.push('closed'));
    give();
    await Promise.all([answered, closed]);
    expect(order).toEqual(['ok', 'closed']);
  });

  it.each<[string, Answer, object]>([
    ['a 503', unavailable, { statusCode: 503 }],
    ['a reset', reset, { code: 'ECONNRESET' }],
  ])('during an attempt that ends with %s begins no retry', async (_, answer, expected) => {
    const { give, held } = heldBack(answer);
    await using server = await flakyServer(held, ok);
    await using own = waitingDispatcher();
    const ended = request(server.url, own).then(
      async (response) => {
        await response.body.dump();
        return response;
      },
      (error: unknown) => error,
    );
    await server.received(1);
    const closed = own.dispatcher.close();
    give();
    expect(await ended).toMatchObject(expected);
    await closed;
    const carrier = (await ended) as { context?: unknown };
    expect([statisticsOf(carrier.context ?? carrier).reason, server.requests.length]).toEqual([
      'client_closing',
      1,
    ]);
  });

  it('during a wait ends it: the retry is sent and answered, then it is closed', async () => {
    await using server = await flakyServer(unavailable, ok);
    await using own = waitingDispatcher();
    const order: string[] = [];
    const answered = request(server.url, own).then(async ({ body }) => order.push(await body.text()));
    await own.waiting(1);
    const closed = own.dispatcher.close().then(() => order.push('closed'));
    await Promise.all([answered, closed]);
    expect([order, server.requests.length, own.clock.now()]).toEqual([['ok', 'closed'], 2, 0]);
  });

  it.each<[string, Answer, object]>([
    ['a 503', unavailable, { statusCode: 503 }],
    ['a reset', reset, { code: 'ECONNRESET' }],
  ])('during a wait whose retry ends with %s: there is no second one', async (_, answer, expected) => {
    await using server = await flakyServer(unavailable, answer, ok);
    await using own = waitingDispatcher();
    const ended = request(server.url, own).catch((error: unknown) => error);
    await own.waiting(1);
    const closed = own.dispatcher.close();
    const end = await ended;
    expect(end).toMatchObject(expected);
    if (typeof end === 'object' && end !== null && 'body' in end)
      await (end.body as { dump(): Promise<void> }).dump();
    await closed;
    expect(server.requests).toHaveLength(2);
  });

  it('during a wait whose retry has to look up its address first waits for it, too', async () => {
    await using server = await flakyServer(unavailable, ok);
    const found: (() => void)[] = [];
    const agent = new Agent();
    const lookingUp = agent.compose((dispatch) => (options, handler) => {
      found.push(() => dispatch(options, handler));
      return true;
    });
    await using own = waitingDispatcher({}, lookingUp);
    const answered = request(server.url, own).then(({ body }) => body.text());
    found.shift()?.();
    await own.waiting(1);
    const closed = own.dispatcher.close();
    await vi.waitUntil(() => found.length > 0, { interval: 1 });
    found.shift()?.();
    expect(await answered).toBe('ok');
    await closed;
  });

  it('in the hook that is told of a wait ends that wait, too', async () => {
    await using server = await flakyServer(unavailable, ok);
    await using own = waitingDispatcher();
    let closed: Promise<void> | undefined;
    const onRetry = (): void => {
      closed = own.dispatcher.close();
    };
    const { body } = await request(server.url, { ...own, retry: { hooks: { onRetry } } });
    expect(await body.text()).toBe('ok');
    await closed;
  });

  it('during many waits ends them all', async () => {
    const seen = new Set<string>();
    await using server = await flakyServer((response, incoming, request_) => {
      if (seen.has(request_.url)) ok(response, incoming, request_);
      else unavailable(response, incoming, request_);
      seen.add(request_.url);
    });
    await using own = waitingDispatcher();
    const texts = Array.from({ length: 10 }, async (_, index) =>
      (await request(`${server.url}${index}`, own)).body.text(),
    );
    await own.waiting(10);
    await own.dispatcher.close();
    expect(await Promise.all(texts)).toEqual(Array(10).fill('ok'));
    expect([server.requests.length, own.clock.pending]).toEqual([20, 0]);
  });

  it('during the wait of a download that broke off waits for the rest', async () => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), part());
    await using own = waitingDispatcher({ resume: true });
    const { body } = await request(server.url, own);
    const read = body.arrayBuffer().then(
      (bytes) => Buffer.from(bytes).equals(content),
      (error: unknown) => (error as Error).message,
    );
    await own.waiting(1);
    await own.dispatcher.close();
    expect([await read, server.requests.length]).toEqual([true, 2]);
  });

  it('twice is closed once, for both', async () => {
    await using server = await flakyServer(unavailable, ok);
    await using own = waitingDispatcher();
    const answered = request(server.url, own).then(({ body }) => body.text());
    await own.waiting(1);
    await Promise.all([own.dispatcher.close(), own.dispatcher.close()]);
    expect([await answered, own.dispatcher.closed]).toEqual(['ok', true]);
  });

  it('tells its callback, once', async () => {
    await using server = await flakyServer(unavailable, ok);
    await using own = waitingDispatcher();
    const answered = request(server.url, own).then(({ body }) => body.text());
    await own.waiting(1);
    const callback = vi.fn<(error?: unknown) => void>();
    await new Promise<void>((resolve) => {
      own.dispatcher.close((error) => {
        callback(error);
        resolve();
      });
    });
    expect([await answered, callback.mock.calls]).toEqual(['ok', [[null]]]);
  });

  it('leaves no connection', async () => {
    await using server = await flakyServer(unavailable, ok);
    await using own = waitingDispatcher();
    const answered = request(server.url, own).then(({ body }) => body.text());
    await own.waiting(1);
    await own.dispatcher.close();
    await answered;
    await server.idle();
    expect(server.open).toBe(0);
  });
});

describe('a dispatcher that is', () => {
  const errorsOf = async (url: string, dispatcher: RetryDispatcher): Promise<unknown[]> => [
    await failureOf(request(url, { dispatcher })),
    await failureOf(stream(url, { dispatcher, method: 'GET' }, () => process.stdout)),
    (await failureOf(fetch(url, { dispatcher }))).cause,
  ];

  it('closing gives new requests a ClientClosedError, and sends nothing', async () => {
    const { give, held } = heldBack(ok);
    await using server = await flakyServer(held);
    await using own = waitingDispatcher();
    const pending = request(server.url, own);
    await server.received(1);
    const closed = own.dispatcher.close();
    for (const error of await errorsOf(server.url, own.dispatcher))
      expect(error).toMatchObject({ code: 'UND_ERR_CLOSED', name: 'ClientClosedError' });
    expect([own.dispatcher.closed, own.dispatcher.destroyed]).toEqual([true, false]);
    give();
    await (await pending).body.dump();
    await closed;
    expect(server.requests).toHaveLength(1);
  });

  it('closed gives them a ClientDestroyedError, as undici does', async () => {
    await using server = await flakyServer(ok);
    await using own = waitingDispatcher();
    await own.dispatcher.close();
    const bare = new Agent();
    await bare.close();
    const expected = await failureOf(request(server.url, { dispatcher: bare }));
    for (const error of await errorsOf(server.url, own.dispatcher))
      expect(error).toMatchObject({ code: expected.code, name: expected.name });
    expect([own.dispatcher.closed, expected.code, server.requests.length]).toEqual([
      true,
      'UND_ERR_DESTROYED',
      0,
    ]);
  });
});
