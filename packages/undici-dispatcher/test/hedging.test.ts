// Hedging: what the caller's handler hears of it, and what a server sees.

import { Readable } from 'node:stream';

import type { AttemptRecord, RequestStatistics, RetryOptions } from '@tenax/core';
import { virtualClock } from '@tenax/core/testing';
import type { VirtualClock } from '@tenax/core/testing';
import { Agent, MockAgent, request } from 'undici';
import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';

import {
  flakyServer,
  ok,
  silence,
  status,
  unavailable,
} from '../../fetch-adapter/test/servers/flaky-server.ts';
import type { Answer, FlakyServer } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { held, passDelay } from '../../fetch-adapter/test/servers/held-request.ts';
import {
  captureRetryStatistics,
  installGlobalRetry,
  RetryDispatcher,
  retryInterceptor,
} from '../src/index.ts';
import { failure } from './servers/fake-dispatcher.ts';
import { ABORTED, afterAbort, NOTHING, quiet, ROUTES, send } from './servers/retried-request.ts';
import type { Given, RetriedRequest } from './servers/retried-request.ts';
import { failureOf, owned, statisticsOf } from './servers/retrying-agents.ts';

const HEDGE = { delay: 50, maxExtraLoad: 10 } as const;

const told = ({ attempts }: RequestStatistics): unknown[] =>
  attempts.map(({ hedged: isHedge, reason, success }: AttemptRecord) => [isHedge, success, reason]);
const LOST_AND_WON = [
  [false, false, 'hedge_lost'],
  [true, true, 'success'],
];

/** A request with two attempts under way. */
async function twoUnderWay(given: Given = {}): Promise<RetriedRequest> {
  const sent = send({ ...given, options: { hedge: HEDGE, ...given.options } as RetryOptions });
  sent.attempt(1).start({ from: 'one' });
  await sent.clock.advance(50);
  sent.attempt(2).start({ from: 'two' });
  return sent;
}

const textOf = (raw: unknown): string[] => (raw as Buffer[]).map(String);

describe.each(ROUTES)('a handler, through %s', (route) => {
  it.each([
    [1, 2],
    [2, 1],
  ])('hears attempt %d, which answers first, and nothing of attempt %d', async (winner, loser) => {
    const sent = await twoUnderWay({ route });
    sent
      .attempt(winner)
      .respond(200, { 'x-from': String(winner) })
      .data('a');
    expect(sent.attempt(loser).controller.aborted).toBe(true);
    sent
      .attempt(loser)
      .respond(200, { 'x-from': String(loser) })
      .data('z')
      .end();
    sent.attempt(winner).data('b').end({ 'x-sum': '1' });
    expect(sent.handler.events).toEqual(['start', 'response 200', 'data a', 'data b', 'end']);
    expect(sent.handler.headers).toEqual({ 'x-from': String(winner) });
    expect(sent.handler.trailers).toEqual({ 'x-sum': '1' });
    expect(await quiet(sent)).toEqual(NOTHING);
    expect(statisticsOf(sent.handler.context).attempts.map(({ success }) => success)).toEqual([
      winner === 1,
      winner === 2,
    ]);
  });

  it('hears the interim responses and the progress of the first alone, while nobody knows who wins', async () => {
    const sent = await twoUnderWay({ route });
    sent.attempt(1).bodySent('x').requestSent().respond(103, { link: 'one' });
    sent.attempt(2).bodySent('x').requestSent().responseStarted().respond(103, { link: 'two' });
    sent.attempt(2).respond(200).end();
    const [start, ...events] = sent.handler.events;
    expect([start, events.slice(-2)]).toEqual(['start', ['response 200', 'end']]);
    expect(events.filter((event) => event === 'response 103')).toHaveLength(1);
    expect(events.filter((event) => event.startsWith('body sent'))).toHaveLength(1);
    expect(await quiet(sent)).toEqual(NOTHING);
  });

  it('hears those of an attempt that a failure has started', () => {
    const sent = send({ route, options: { hedge: HEDGE } as RetryOptions });
    sent.attempt(1).start().respond(503).end();
    sent.attempt(2).start().respond(103).respond(200).end();
    expect(sent.handler.events).toEqual(['start', 'response 103', 'response 200', 'end']);
  });

  it('hears one end when both fail, and their retries too', async () => {
    const sent = await twoUnderWay({ route, options: { maxAttempts: 2 } });
    sent.attempt(1).fail(failure('ECONNRESET'));
    sent.attempt(2).fail(failure('EPIPE'));
    expect(sent.handler.events).toEqual(['start', 'error EPIPE']);
    expect(await quiet(sent)).toEqual(NOTHING);
  });

  it('hears the answer that a hedge gives after the failure of the first', async () => {
    const sent = send({ route, options: { hedge: HEDGE } as RetryOptions });
    sent.attempt(1).start().respond(503).data('later').end();
    sent.attempt(2).start().respond(200).data('ok').end();
    expect(sent.handler.events).toEqual(['start', 'response 200', 'data ok', 'end']);
    expect(sent.clock.now()).toBe(0);
    expect(await quiet(sent)).toEqual(NOTHING);
  });

  it('hears nothing of an attempt that gets its connection when it has lost', async () => {
    const sent = send({ route, options: { hedge: HEDGE } as RetryOptions });
    await sent.clock.advance(50);
    sent.attempt(2).start().respond(200).end();
    expect(sent.attempt(1).isQueued).toBe(true);
    sent.attempt(1).start();
    expect(sent.attempt(1).controller.aborted).toBe(true);
    expect(sent.handler.events).toEqual(['start', 'response 200', 'end']);
    expect(await quiet(sent)).toEqual(NOTHING);
  });
});

describe.each(ROUTES)('the controller, through %s', (route) => {
  it.each([1, 2])('acts on attempt %d when that has won', async (winner) => {
    const sent = await twoUnderWay({ route });
    const { attempt, handler } = sent;
    attempt(winner).respond(200, { 'x-from': String(winner) });
    const { controller } = handler;
    expect(textOf(controller.rawHeaders)).toEqual(['x-from', String(winner)]);
    controller.pause();
    attempt(winner).data('a').end();
    expect([attempt(winner).controller.paused, attempt(winner).heldBack]).toEqual([true, 2]);
    expect(handler.events.at(-1)).toBe('response 200');
    controller.resume();
    expect(handler.events.slice(-2)).toEqual(['data a', 'end']);
    expect(attempt(3 - winner).controller.calls).toEqual(['abort']);
  });

  it.each([1, 2])('aborts the body of attempt %d when that has won', async (winner) => {
    const sent = await twoUnderWay({ route });
    sent.attempt(winner).respond(200).data('a');
    const reason = new Error('enough');
    sent.handler.controller.abort(reason);
    expect(sent.attempt(winner).controller.reason).toBe(reason);
    expect(sent.handler.events).toEqual(['start', 'response 200', 'data a', 'error enough']);
    expect(await quiet(sent)).toEqual(NOTHING);
  });

  it('aborts both before one has won', async () => {
    const sent = await twoUnderWay({ route });
    const reason = new Error('enough');
    sent.handler.controller.abort(reason);
    expect([1, 2].map((number) => sent.attempt(number).controller.aborted)).toEqual([true, true]);
    expect(await afterAbort(sent, reason)).toEqual(ABORTED);
  });

  it('paused before the answer holds the body of the winner back', async () => {
    const sent = await twoUnderWay({ route });
    sent.handler.controller.pause();
    sent.attempt(2).respond(200).data('a').end();
    expect(sent.handler.events).toEqual(['start', 'response 200']);
    sent.handler.controller.resume();
    expect(sent.handler.events.slice(-2)).toEqual(['data a', 'end']);
  });

  it('and what was held while shouldRetry thought is of the winner alone', async () => {
    const shouldRetry = (): Promise<undefined> =>
      new Promise((resolve) => {
        answers.push(() => {
          resolve(undefined);
        });
      });
    const answers: (() => void)[] = [];
    const sent = await twoUnderWay({ route, options: { shouldRetry } });
    sent.attempt(1).respond(200, { 'x-from': '1' }).data('one').end();
    sent.attempt(2).respond(200, { 'x-from': '2' }).data('two').end();
    answers[1]?.();
    await sent.clock.advance(0);
    answers[0]?.();
    await sent.clock.advance(0);
    expect(sent.handler.events).toEqual(['start', 'response 200', 'data two', 'end']);
    expect(textOf(sent.handler.controller.rawHeaders)).toEqual(['x-from', '2']);
    expect(await quiet(sent)).toEqual(NOTHING);
  });
});

describe.each(ROUTES)('an upgrade, through %s', (route) => {
  it('is not hedged: the socket that lost would have been handed over too', async () => {
    const options = { hedge: HEDGE } as RetryOptions;
    const sent = send({ route, options, request: { upgrade: 'websocket' } });
    sent.attempt(1).start();
    await sent.clock.advance(1000);
    expect(() => sent.attempt(2)).toThrow('not dispatched');
  });
});

/** The answer, once the hedge's delay has passed. */
const hedged = <T>(server: FlakyServer, clock: VirtualClock, pending: Promise<T>): Promise<T> =>
  passDelay(server, clock, 50, pending);

const FORMS = [
  [
    'the interceptor',
    (options: RetryOptions, agent: Dispatcher) => owned(agent.compose(retryInterceptor(options)), agent),
  ],
  [
    'RetryDispatcher',
    (options: RetryOptions, agent: Dispatcher) => owned(new RetryDispatcher(agent, options)),
  ],
] as const;

describe.each(FORMS)('request with %s', (_, open) => {
  const hedging = (options: RetryOptions = {}, agent: Dispatcher = new Agent()) => {
    const clock = virtualClock();
    const policy = { hedge: HEDGE, baseDelay: 0, jitter: 'none', clock, ...options } as RetryOptions;
    return { clock, ...open(policy, agent) };
  };

  it('is answered by the hedge, whole, when the server holds the first; that connection is closed', async () => {
    const { answer, closed } = held();
    const body = 'the answer '.repeat(50_000);
    await using server = await flakyServer(answer, status(200, { 'x-own': 'own' }, body));
    await using own = hedging();
    const { dispatcher } = own;
    const response = await hedged(server, own.clock, request(server.url, { dispatcher }));
    // undici 7 opens another one in its place, as after every abort.
    await closed;
    expect([response.statusCode, response.headers['x-own']]).toEqual([200, 'own']);
    expect(await response.body.text()).toBe(body);
    expect([server.requests.length, own.clock.pending]).toEqual([2, 0]);
    expect(told(statisticsOf(response.context))).toEqual(LOST_AND_WON);
  });

  it('never sends a hedge that waits for the one connection of a pool when the first is answered', async () => {
    let answerFirst: (() => void) | undefined;
    const first: Answer = (response) => {
      answerFirst = () => response.end('ok');
    };
    await using server = await flakyServer(first, ok);
    await using own = hedging({}, new Agent({ connections: 1 }));
    const { dispatcher } = own;
    const pending = request(server.url, { dispatcher });
    await server.received(1);
    await own.clock.advance(50);
    answerFirst?.();
    const response = await pending;
    expect(await response.body.text()).toBe('ok');
    expect(await (await request(server.url, { dispatcher })).body.text()).toBe('ok');
    // The second one is the caller's next request.
    expect(server.requests).toHaveLength(2);
  });

  it('ends with the abort of its caller, and so do both connections', async () => {
    await using server = await flakyServer(silence);
    await using own = hedging();
    const controller = new AbortController();
    const { dispatcher } = own;
    const pending = failureOf(request(server.url, { dispatcher, signal: controller.signal }));
    await server.received(1);
    await own.clock.advance(50);
    await server.received(2);
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await pending).toBe(reason);
    await server.idle();
  });

  it('sends one request only where the answer is fast', async () => {
    await using server = await flakyServer(ok);
    await using own = hedging();
    const { dispatcher } = own;
    const response = await request(server.url, { dispatcher });
    await own.clock.advance(1000);
    expect([await response.body.text(), server.requests.length, own.clock.pending]).toEqual(['ok', 1, 0]);
  });

  const late: Answer = (response) => void setImmediate(() => response.end('ok'));
  it.each<[string, () => object]>([
    ['a POST without a key', () => ({ method: 'POST', body: 'text' })],
    ['a stream', () => ({ method: 'PUT', body: Readable.from(['text']) })],
  ])('sends one request only for %s', async (_what, given) => {
    await using server = await flakyServer(late);
    await using own = hedging();
    const { dispatcher } = own;
    const pending = request(server.url, { dispatcher, ...given() });
    const response = await hedged(server, own.clock, pending);
    expect([await response.body.text(), server.requests.length]).toEqual(['ok', 1]);
  });

  it('sends the same body twice for a POST with a key', async () => {
    await using server = await flakyServer(silence, ok);
    await using own = hedging();
    const { dispatcher } = own;
    const headers = { 'idempotency-key': 'one' };
    const pending = request(server.url, { dispatcher, method: 'POST', body: 'text', headers });
    expect(await (await hedged(server, own.clock, pending)).body.text()).toBe('text');
    expect(server.requests.map(({ body }) => String(body))).toEqual(['text', 'text']);
  });

  it('gives every record where a mock answers within the dispatch', async () => {
    const mock = new MockAgent();
    mock.disableNetConnect();
    const pool = mock.get('http://origin.test');
    pool.intercept({ path: '/' }).reply(503, 'later');
    pool.intercept({ path: '/' }).reply(200, 'ok');
    const { clock, dispatcher } = hedging({}, mock);
    const response = await request('http://origin.test/', { dispatcher });
    expect(await response.body.text()).toBe('ok');
    expect(told(statisticsOf(response.context))).toEqual([
      [false, false, 'transient_status'],
      [true, true, 'success'],
    ]);
    expect(clock.now()).toBe(0);
    await mock.close();
  });

  it('lets a request under way come to its end while the dispatcher is being closed', async () => {
    let answerFirst: (() => void) | undefined;
    const first: Answer = (response) => {
      answerFirst = () => response.end('ok');
    };
    await using server = await flakyServer(first, unavailable);
    await using own = hedging();
    const { dispatcher } = own;
    const pending = request(server.url, { dispatcher });
    await server.received(1);
    const closing = dispatcher.close();
    await own.clock.advance(50);
    answerFirst?.();
    const response = await pending;
    expect(await response.body.text()).toBe('ok');
    await closing;
  });
});

describe('installGlobalRetry', () => {
  it('hedges the global fetch', async () => {
    const { answer, closed } = held();
    await using server = await flakyServer(answer, ok);
    const clock = virtualClock();
    const retries = installGlobalRetry({ hedge: HEDGE, clock });
    try {
      const { value, statistics } = await captureRetryStatistics(() =>
        hedged(server, clock, fetch(server.url)),
      );
      await closed;
      expect(await value.text()).toBe('ok');
      expect(statistics.map(told)).toEqual([LOST_AND_WON]);
      expect([server.requests.length, clock.pending]).toEqual([2, 0]);
    } finally {
      retries.restore();
    }
  });
});
