// EDGE 14: retries within retries do not multiply. And several interceptors at once, in every order.
import { gzipSync } from 'node:zlib';

import { createClientEngine } from '@tenax/core';
import { Agent, fetch, interceptors, request, RetryAgent } from 'undici';
import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';

import {
  flakyServer,
  ok,
  reset,
  status,
  unavailable,
} from '../../fetch-adapter/test/servers/flaky-server.ts';
import { RetryDispatcher, retryInterceptor } from '../src/index.ts';
import { AT_ONCE, failureOf, onOldest, owned } from './servers/retrying-agents.ts';

const UPSTREAM = { maxRetries: 2, minTimeout: 1, maxTimeout: 1 };
const own = () => retryInterceptor(AT_ONCE);

const NESTED: [string, () => Dispatcher][] = [
  ['the interceptor twice', () => new Agent().compose(own(), own())],
  ['the interceptor three times', () => new Agent().compose(own(), own(), own())],
  [
    'a RetryDispatcher around the interceptor',
    () => new RetryDispatcher(new Agent().compose(own()), AT_ONCE),
  ],
  [
    'a RetryDispatcher around a RetryDispatcher',
    () => new RetryDispatcher(new RetryDispatcher(new Agent(), AT_ONCE), AT_ONCE),
  ],
  ['a RetryDispatcher with the interceptor', () => new RetryDispatcher(new Agent(), AT_ONCE).compose(own())],
  [
    'the interceptor outside of redirect and inside of it',
    () => new Agent().compose(own(), interceptors.redirect({ maxRedirections: 1 }), own()),
  ],
];
const UPSTREAM_INSIDE: [string, () => Dispatcher][] = [
  ["outside of undici's retry", () => new Agent().compose(interceptors.retry(UPSTREAM), own())],
  ["around undici's RetryAgent", () => new RetryDispatcher(new RetryAgent(new Agent(), UPSTREAM), AT_ONCE)],
];
const UPSTREAM_OUTSIDE: [string, () => Dispatcher][] = [
  ["inside of undici's retry", () => new Agent().compose(own(), interceptors.retry(UPSTREAM))],
  [
    "inside of undici's RetryAgent",
    () => new RetryAgent(new RetryDispatcher(new Agent(), AT_ONCE), UPSTREAM),
  ],
];

describe('EDGE 14: nested retries', () => {
  it('a retried fetch over a RetryDispatcher: three attempts at a lost connection, not nine', async () => {
    await using server = await flakyServer(reset);
    await using nested = owned(new RetryDispatcher(new Agent(), AT_ONCE));
    const failure = await failureOf(createClientEngine(AT_ONCE).execute(() => fetch(server.url, nested)));
    expect([failure.name, server.requests.length]).toEqual(['TypeError', 3]);
  });

  it.each([...NESTED, ...UPSTREAM_INSIDE, ...UPSTREAM_OUTSIDE])(
    '%s: three attempts at a 503, not nine',
    async (_, open) => {
      await using server = await flakyServer(unavailable);
      await using nested = owned(open());
      const ended = await request(server.url, nested).then(
        ({ statusCode }) => statusCode,
        (error: unknown) => (error as { statusCode?: number }).statusCode,
      );
      expect([ended, server.requests.length]).toEqual([503, 3]);
    },
  );

  it.each([...NESTED, ...UPSTREAM_OUTSIDE])('%s: three attempts at a reset, not nine', async (_, open) => {
    await using server = await flakyServer(reset);
    await using nested = owned(open());
    expect(await failureOf(request(server.url, nested))).toMatchObject({ code: 'ECONNRESET' });
    expect(server.requests).toHaveLength(3);
  });

  it.each([...NESTED, ...UPSTREAM_INSIDE, ...UPSTREAM_OUTSIDE])(
    '%s: the answer of a retry comes through',
    async (_, open) => {
      await using server = await flakyServer(unavailable, unavailable, ok);
      await using nested = owned(open());
      const { body } = await request(server.url, nested);
      expect([await body.text(), server.requests.length]).toEqual(['ok', 3]);
    },
  );
});

// undici 7.0 has no decompress, and its responseError takes no handlers of today.
describe.skipIf(onOldest)('several interceptors at once', () => {
  const others = () => [
    interceptors.redirect({ maxRedirections: 2 }),
    interceptors.responseError(),
    interceptors.decompress(),
  ];

  it.each([0, 1, 2, 3])('with retries in place %i', async (place) => {
    await using server = await flakyServer(
      unavailable,
      reset,
      status(302, { location: '/there' }),
      (response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('unpacked')),
    );
    const agent = new Agent();
    await using composed = owned(agent.compose(...others().toSpliced(place, 0, own())), agent);
    const { body } = await request(server.url, composed);
    expect([await body.text(), server.requests.length]).toEqual(['unpacked', 4]);
    await using broken = await flakyServer(unavailable);
    expect(await failureOf(request(broken.url, composed))).toMatchObject({
      code: 'UND_ERR_RESPONSE',
      statusCode: 503,
    });
    expect(broken.requests).toHaveLength(3);
  });
});
