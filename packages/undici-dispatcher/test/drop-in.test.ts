// Whatever carries the retries, a caller of undici gets what bare undici would have given, later.
import { getRetryStatistics, RetryExhaustedError } from '@tenax/core';
import type { RetryOptions } from '@tenax/core';
import { Agent, BalancedPool, Client, EnvHttpProxyAgent, Pool, request } from 'undici';
import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';

import { flakyServer, ok, status, unavailable } from '../../fetch-adapter/test/servers/flaky-server.ts';
import type { Answer } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { retryInterceptor } from '../src/index.ts';
import {
  AT_ONCE,
  onOldest,
  owned,
  retryDispatcher,
  retryingAgent,
  statisticsOf,
} from './servers/retrying-agents.ts';
import type { OwnDispatcher } from './servers/retrying-agents.ts';

const composed = (inner: Dispatcher, options: RetryOptions): OwnDispatcher =>
  owned(inner.compose(retryInterceptor({ ...AT_ONCE, ...options })), inner);

const FORMS: [string, (origin: string, options?: RetryOptions) => OwnDispatcher][] = [
  ['an Agent with the interceptor', (_, options = {}) => composed(new Agent(), options)],
  ['a Pool with the interceptor', (origin, options = {}) => composed(new Pool(origin), options)],
  ['a Client with the interceptor', (origin, options = {}) => composed(new Client(origin), options)],
  [
    'a BalancedPool with the interceptor',
    (origin, options = {}) => composed(new BalancedPool(origin), options),
  ],
  [
    'an EnvHttpProxyAgent with the interceptor',
    (_, options = {}) => composed(new EnvHttpProxyAgent({ noProxy: '*' }), options),
  ],
  ['a RetryDispatcher', (_, options) => retryDispatcher(options)],
  ['a RetryDispatcher around a Pool', (origin, options) => retryDispatcher(options, new Pool(origin))],
  ['a RetryDispatcher around a Client', (origin, options) => retryDispatcher(options, new Client(origin))],
];

describe.each(FORMS)('%s', (_, open) => {
  it('gives one answer for 503, 503 and 200', async () => {
    await using server = await flakyServer(unavailable, unavailable, ok);
    const { origin } = new URL(server.url);
    await using own = open(origin);
    const { body, context, statusCode } = await request(server.url, own);
    expect([statusCode, await body.text(), server.requests.length]).toEqual([200, 'ok', 3]);
    expect(statisticsOf(context).attempts.map((attempt) => attempt.status)).toEqual([503, 503, 200]);
  });

  it('gives the last response, whole, when attempts run out', async () => {
    await using server = await flakyServer(
      unavailable,
      unavailable,
      status(502, { 'x-own': 'last' }, 'the last'),
    );
    await using own = open(new URL(server.url).origin);
    const { body, context, headers, statusCode } = await request(server.url, own);
    expect([statusCode, headers['x-own'], await body.text()]).toEqual([502, 'last', 'the last']);
    expect([statisticsOf(context).result, server.requests.length]).toEqual(['retry_exhausted', 3]);
  });

  it('gives the 503 to a POST at once', async () => {
    await using server = await flakyServer(unavailable, ok);
    await using own = open(new URL(server.url).origin);
    const { body, context, statusCode } = await request(server.url, { ...own, method: 'POST', body: 'once' });
    expect([statusCode, await body.text()]).toEqual([503, 'later']);
    expect([statisticsOf(context).reason, server.requests.length]).toEqual(['method_not_idempotent', 1]);
  });
});

describe.each(FORMS.filter(([name]) => /Pool|Client/u.test(name)))('%s', (_, open) => {
  it('takes a request without an origin, for it knows one', async () => {
    await using server = await flakyServer(unavailable, ok);
    await using own = open(new URL(server.url).origin);
    const { body } = await own.dispatcher.request({ path: '/a?b=c', method: 'GET' });
    expect([await body.text(), server.requests.map(({ url }) => url)]).toEqual(['ok', ['/a?b=c', '/a?b=c']]);
  });
});

describe('a response that is no failure', () => {
  it.each<[number, Dispatcher.HttpMethod, string]>([
    [404, 'GET', 'later'],
    [301, 'GET', 'later'],
    [304, 'GET', ''],
    [204, 'GET', ''],
    [401, 'PUT', 'later'],
    [200, 'HEAD', ''],
  ])('with status %i to a %s is not touched', async (code, method, text) => {
    await using server = await flakyServer(status(code, { location: '/elsewhere', 'x-own': 'own' }));
    await using own = retryingAgent();
    const { body, headers, statusCode } = await request(server.url, { ...own, method });
    expect([statusCode, headers['x-own'], await body.text()]).toEqual([code, 'own', text]);
    expect(server.requests).toHaveLength(1);
  });

  it('EDGE 27: a HEAD that is answered by a 503 is retried, though it has a length and no body', async () => {
    await using server = await flakyServer(
      status(503, { 'content-length': '5' }),
      status(200, { 'content-length': '7' }),
    );
    await using own = retryingAgent();
    const { body, headers, statusCode } = await request(server.url, { ...own, method: 'HEAD' });
    expect([statusCode, headers['content-length'], await body.text()]).toEqual([200, '7', '']);
    expect(server.requests).toHaveLength(2);
  });
});

describe('the response of a retry', () => {
  const elaborate: Answer = (response) => {
    response.writeHead(200, 'Quite All Right', {
      'Set-Cookie': ['a=1', 'b=2; Path=/'],
      'X-Own': 'own',
      'X-Latin': 'caf\u00e9',
      Trailer: 'X-Sum',
      Date: 'Mon, 03 Jun 2019 11:00:00 GMT',
    });
    response.write('body');
    response.addTrailers({ 'X-Sum': '42' });
    response.end();
  };

  const bareAgent = () => owned(new Agent());
  // undici 7 changes headers on their way through any interceptor.
  const interceptedAgent = () =>
    owned(new Agent().compose((dispatch) => (options, handler) => dispatch(options, handler)));

  type Open = () => OwnDispatcher;
  const PAIRS: [string, 'parsed' | 'raw', Open, Open][] = [
    ['the interceptor', 'parsed', retryingAgent, interceptedAgent],
    ['the interceptor', 'raw', retryingAgent, interceptedAgent],
    ['RetryDispatcher', 'parsed', retryDispatcher, bareAgent],
  ];
  // undici 7.0 hands raw headers to the oldest form of handlers alone.
  if (!onOldest) PAIRS.push(['RetryDispatcher', 'raw', retryDispatcher, bareAgent]);

  it.each(PAIRS)(
    'with %s has the status text, the %s headers and the trailers of undici',
    async (_, form, open, openBare) => {
      const seenBy = async ({ dispatcher }: OwnDispatcher, ...answers: Answer[]): Promise<unknown> => {
        await using server = await flakyServer(...answers);
        const responseHeaders = form === 'raw' ? 'raw' : null;
        const response = await request(server.url, { dispatcher, responseHeaders, opaque: 'own' });
        const text = await response.body.text();
        const { headers, opaque, statusCode, statusText, trailers } = response;
        return { headers, opaque, statusCode, statusText, text, trailers };
      };
      await using own = open();
      await using bare = openBare();
      const seen = await seenBy(own, unavailable, elaborate);
      expect(seen).toEqual(await seenBy(bare, elaborate));
      expect(seen).toMatchObject({ trailers: { 'x-sum': '42' }, text: 'body', opaque: 'own' });
    },
  );

  it.skipIf(onOldest)('has every cookie, and the status text', async () => {
    await using server = await flakyServer(unavailable, elaborate);
    await using own = retryingAgent();
    const { headers, statusText } = await request(server.url, own);
    expect([headers['set-cookie'], statusText]).toEqual([['a=1', 'b=2; Path=/'], 'Quite All Right']);
  });

  const hinting =
    (link: string, answer: Answer): Answer =>
    (response, incoming, seen) => {
      response.writeEarlyHints({ link });
      answer(response, incoming, seen);
    };

  it('EDGE 43: onInfo hears the 103 of every attempt once, in order, before the answer', async () => {
    await using server = await flakyServer(
      hinting('</a>; rel=preload', unavailable),
      hinting('</b>; rel=preload', ok),
    );
    await using own = retryingAgent();
    const heard: unknown[] = [];
    const { body } = await request(server.url, {
      ...own,
      onInfo: ({ headers, statusCode }) => heard.push([statusCode, headers['link']]),
    });
    heard.push(await body.text());
    expect(heard).toEqual([[103, '</a>; rel=preload'], [103, '</b>; rel=preload'], 'ok']);
  });
});

describe('throwOnExhausted', () => {
  it('turns the last response into a RetryExhaustedError with statistics', async () => {
    await using server = await flakyServer(unavailable);
    await using own = retryingAgent({ throwOnExhausted: true });
    const error = await request(server.url, own).catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(RetryExhaustedError);
    expect(error).toMatchObject({ code: 'TENAX_EXHAUSTED', statistics: { result: 'retry_exhausted' } });
    expect(server.requests).toHaveLength(3);
  });

  it('leaves the connection of the response that nobody gets to the next request', async () => {
    await using server = await flakyServer(unavailable, unavailable, unavailable, ok);
    await using own = retryingAgent({ throwOnExhausted: true }, { connections: 1 });
    await expect(request(server.url, own)).rejects.toThrow(RetryExhaustedError);
    expect(await (await request(server.url, own)).body.text()).toBe('ok');
  });

  it('has the last error as the cause', async () => {
    await using server = await flakyServer((_, incoming) => void incoming.socket.destroy());
    await using own = retryingAgent({ throwOnExhausted: true });
    await expect(request(server.url, own)).rejects.toMatchObject({
      code: 'TENAX_EXHAUSTED',
      cause: { code: 'UND_ERR_SOCKET' },
    });
  });

  it('does nothing to a failure that is not worth a retry', async () => {
    await using server = await flakyServer(unavailable);
    await using own = retryingAgent({ throwOnExhausted: true });
    const { context, statusCode } = await request(server.url, { ...own, method: 'POST' });
    expect([statusCode, getRetryStatistics(context)?.result]).toEqual([503, 'non_retryable_error']);
  });
});
