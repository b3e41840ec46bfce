// Hedging, as a server sees it.
import { virtualClock } from '@tenax/core/testing';
import type { VirtualClock } from '@tenax/core/testing';
import type { AttemptRecord, RetryOptions } from '@tenax/core';
import { getRetryStatistics } from '@tenax/core';
import { fetch as undiciFetch } from 'undici';
import { describe, expect, it } from 'vitest';

import { createRetryingFetch } from '../src/index.ts';
import type { RetryingFetchOptions, RetryingRequestInit } from '../src/index.ts';
import { ownAgent } from './servers/agent.ts';
import { flakyServer, ok, silence, status, unavailable } from './servers/flaky-server.ts';
import type { Answer, FlakyServer } from './servers/flaky-server.ts';
import { held, passDelay } from './servers/held-request.ts';

const HEDGE = { delay: 100, maxExtraLoad: 10 } as const;

/** A function with hedging on a clock of its own. */
function hedging(options: RetryOptions = {}) {
  const clock = virtualClock();
  // The package's own fetch: the built-in one takes agents of its own version only.
  const fetch = createRetryingFetch({
    hedge: HEDGE,
    jitter: 'none',
    clock,
    fetch: undiciFetch as unknown as typeof globalThis.fetch,
    ...options,
  } as RetryingFetchOptions);
  return { clock, fetch };
}

/** The answer, once the hedge's delay has passed. */
const hedged = <T>(server: FlakyServer, clock: VirtualClock, pending: Promise<T>): Promise<T> =>
  passDelay(server, clock, 100, pending);

const told = (subject: object): unknown[] | undefined =>
  getRetryStatistics(subject)?.attempts.map(({ hedged: isHedge, reason, success }: AttemptRecord) => [
    isHedge,
    success,
    reason,
  ]);

describe('a request that the server holds', () => {
  it('is answered by its hedge, whole, and its own connection is closed', async () => {
    const { answer, closed } = held();
    const body = 'the answer '.repeat(50_000);
    await using server = await flakyServer(answer, status(200, { 'x-own': 'own' }, body));
    await using agent = ownAgent();
    const { clock, fetch } = hedging();
    const response = await hedged(
      server,
      clock,
      fetch(server.url, { dispatcher: agent.dispatcher } as object),
    );
    await closed;
    expect([response.status, response.headers.get('x-own')]).toEqual([200, 'own']);
    expect(await response.text()).toBe(body);
    expect([server.requests.length, server.open]).toEqual([2, 1]);
    expect(told(response)).toEqual([
      [false, false, 'hedge_lost'],
      [true, true, 'success'],
    ]);
    expect(clock.pending).toBe(0);
  });

  it('may have sent its headers: a body that stalls is no reason for a hedge', async () => {
    const stalled: Answer = (response) => {
      response.write('begin');
      setImmediate(() => response.end(' end'));
    };
    await using server = await flakyServer(stalled);
    const { clock, fetch } = hedging();
    const response = await fetch(server.url);
    await clock.advance(1000);
    expect(await response.text()).toBe('begin end');
    expect(server.requests).toHaveLength(1);
  });

  it('is answered by its hedge when the first response waits for shouldRetry', async () => {
    const { answer, closed } = held((response) => {
      response.writeHead(503).write('begin');
    });
    await using server = await flakyServer(answer, ok);
    await using agent = ownAgent();
    let thinks: (() => void) | undefined;
    const thinking = new Promise<void>((resolve) => {
      thinks = resolve;
    });
    let asked = 0;
    const { clock, fetch } = hedging({
      shouldRetry: async () => {
        asked += 1;
        thinks?.();
        return asked === 1
          ? new Promise<undefined>(
              (resolve) =>
                void clock.schedule(5000, () => {
                  resolve(undefined);
                }),
            )
          : undefined;
      },
    });
    const pending = fetch(server.url, { dispatcher: agent.dispatcher } as object);
    await thinking;
    const response = await hedged(server, clock, pending);
    expect(await response.text()).toBe('ok');
    // The loser's verdict comes when nobody asks for it any more.
    await clock.advance(5000);
    await closed;
    expect(told(response)).toEqual([
      [false, false, 'hedge_lost'],
      [true, true, 'success'],
    ]);
  });

  it('ends with the abort of its caller, and so does its hedge', async () => {
    await using server = await flakyServer(silence);
    await using agent = ownAgent();
    const { clock, fetch } = hedging();
    const controller = new AbortController();
    const pending = fetch(server.url, {
      dispatcher: agent.dispatcher,
      signal: controller.signal,
    } as object).catch((error: unknown) => error);
    await server.received(1);
    await clock.advance(100);
    await server.received(2);
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await pending).toBe(reason);
    await server.idle();
    expect(told(reason)).toEqual([
      [false, false, 'caller_aborted'],
      [true, false, 'caller_aborted'],
    ]);
  });

  it('has a response whose body still ends with the abort of its caller', async () => {
    const { answer, closed } = held((response) => {
      response.write('begin');
    });
    await using server = await flakyServer(silence, answer);
    await using agent = ownAgent();
    const { clock, fetch } = hedging();
    const controller = new AbortController();
    const { signal } = controller;
    const init = { dispatcher: agent.dispatcher, signal } as object;
    const response = await hedged(server, clock, fetch(server.url, init));
    controller.abort(new Error('enough'));
    await expect(response.text()).rejects.toThrow('enough');
    await closed;
  });
});

describe('a failure that passes', () => {
  it('starts the hedge at once', async () => {
    await using server = await flakyServer(unavailable, ok);
    const { clock, fetch } = hedging();
    const response = await fetch(server.url);
    expect(await response.text()).toBe('ok');
    expect(clock.now()).toBe(0);
    expect(told(response)).toEqual([
      [false, false, 'transient_status'],
      [true, true, 'success'],
    ]);
  });
});

describe('one request only is sent', () => {
  const streamed = (): ReadableStream =>
    new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('body'));
        controller.close();
      },
    });
  const late: Answer = (response) => void setImmediate(() => response.end('ok'));

  it('where the answer is fast', async () => {
    await using server = await flakyServer(ok);
    const { clock, fetch } = hedging();
    const response = await fetch(server.url);
    await clock.advance(1000);
    expect(await response.text()).toBe('ok');
    expect(server.requests).toHaveLength(1);
    expect(told(response)).toEqual([[false, true, 'success']]);
  });

  it.each<[string, () => RetryingRequestInit]>([
    ['a POST without a key', () => ({ method: 'POST', body: 'text' })],
    ['a stream', () => ({ method: 'PUT', body: streamed(), duplex: 'half' })],
    [
      'a stream that nothing is kept of',
      () => ({ method: 'PUT', body: streamed(), duplex: 'half', retry: { replay: false } }),
    ],
  ])('for %s', async (_what, init) => {
    await using server = await flakyServer(late);
    const { clock, fetch } = hedging();
    const response = await hedged(server, clock, fetch(server.url, init()));
    expect(await response.text()).toBe('ok');
    expect(server.requests).toHaveLength(1);
  });

  it.each<[string, RetryingRequestInit]>([
    ['a POST with a key', { method: 'POST', body: 'text', headers: { 'idempotency-key': 'one' } }],
    ['a PUT of bytes', { method: 'PUT', body: new TextEncoder().encode('text') }],
    ['a DELETE', { method: 'DELETE', body: 'text' }],
  ])('but two for %s, with the same body and key', async (_what, init) => {
    await using server = await flakyServer(silence, ok);
    await using agent = ownAgent();
    const { clock, fetch } = hedging();
    const pending = fetch(server.url, { ...init, dispatcher: agent.dispatcher } as RetryingRequestInit);
    expect(await (await hedged(server, clock, pending)).text()).toBe('text');
    expect(server.requests.map(({ body }) => String(body))).toEqual(['text', 'text']);
    const keys = server.requests.map(({ headers }) => headers['idempotency-key']);
    expect(keys[0]).toBe(keys[1]);
  });
});

describe('a download that breaks off', () => {
  const headers = { 'content-length': '10', etag: '"one"' };
  const broken: Answer = (response, request) => {
    response.writeHead(200, headers).write('01234', () => request.socket.resetAndDestroy());
  };
  const rest: Answer = (response) => {
    response
      .writeHead(206, { 'content-length': '5', 'content-range': 'bytes 5-9/10', etag: '"one"' })
      .end('56789');
  };

  it.each([
    [3, '0123456789'],
    [2, undefined],
  ])('counts its hedges toward maxAttempts: with %d the end is %s', async (maxAttempts, whole) => {
    let answerFirst: (() => void) | undefined;
    const first: Answer = (response, request, seen) => {
      answerFirst = () => broken(response, request, seen);
    };
    const second: Answer = () => answerFirst?.();
    await using server = await flakyServer(first, second, rest);
    await using agent = ownAgent();
    const { clock, fetch } = hedging({ resume: true, maxAttempts, baseDelay: 0 });
    const init = { dispatcher: agent.dispatcher } as object;
    const response = await hedged(server, clock, fetch(server.url, init));
    const text = clock.run(response.text()).catch(() => undefined);
    expect(await text).toBe(whole);
    expect(server.requests).toHaveLength(maxAttempts);
  });
});
