// Together with undici's own interceptors, inside and outside of them.
import { gzipSync } from 'node:zlib';

import type { RetryOptions } from '@tenax/core';
import { Agent, BalancedPool, Client, interceptors, Pool, request } from 'undici';
import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';

import {
  flakyServer,
  ok,
  reset,
  status,
  unavailable,
} from '../../fetch-adapter/test/servers/flaky-server.ts';
import type { Answer } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { RetryDispatcher, retryInterceptor } from '../src/index.ts';
import {
  AT_ONCE,
  classesOf,
  failureOf,
  onOldest,
  onUndici8,
  owned,
  retryDispatcher,
  statisticsOf,
} from './servers/retrying-agents.ts';
import type { OwnDispatcher } from './servers/retrying-agents.ts';

type Interceptor = Dispatcher.DispatcherComposeInterceptor;
type Place = 'inside' | 'outside';

/** An agent with retries inside or outside of another interceptor. The first that is composed is the innermost. */
function composed(place: Place, other: Interceptor, options: RetryOptions = {}): OwnDispatcher {
  const agent = new Agent({ connections: 1 });
  const own = retryInterceptor({ ...AT_ONCE, ...options });
  return owned(agent.compose(...(place === 'inside' ? [own, other] : [other, own])), agent);
}

const PLACES: readonly Place[] = ['inside', 'outside'];
// undici 7.0 calls methods of the older form on whatever handler is outside of these.
const PLACES_WHERE_POSSIBLE: readonly Place[] = onOldest ? ['inside'] : PLACES;

describe('redirect', () => {
  const moved = status(302, { location: '/there' });

  it('with retries inside sends each hop again for itself', async () => {
    await using server = await flakyServer(unavailable, moved, unavailable, unavailable, ok);
    await using own = composed('inside', interceptors.redirect({ maxRedirections: 2 }));
    const { body } = await request(server.url, own);
    expect(await body.text()).toBe('ok');
    expect(server.requests.map(({ url }) => url)).toEqual(['/', '/', '/there', '/there', '/there']);
  });

  it('with retries outside sends the whole way again', async () => {
    await using server = await flakyServer(moved, unavailable, moved, ok);
    await using own = composed('outside', interceptors.redirect({ maxRedirections: 2 }));
    const { body, context } = await request(server.url, own);
    expect([await body.text(), classesOf(context)]).toEqual(['ok', ['transient', undefined]]);
    expect(server.requests.map(({ url }) => url)).toEqual(['/', '/there', '/', '/there']);
  });

  it.each(PLACES)('with retries %s tells its caller of the hops and of the attempts', async (place) => {
    await using server = await flakyServer(unavailable, moved, ok);
    await using own = composed(place, interceptors.redirect({ maxRedirections: 2 }));
    const { context } = await request(server.url, own);
    const { history } = context as { history: URL[] };
    expect(history.map(({ pathname }) => pathname)).toEqual(['/', '/there']);
    expect(statisticsOf(context).attempts.length).toBeGreaterThan(0);
  });

  it.each(PLACES)('with retries %s sends a body along', async (place) => {
    await using server = await flakyServer(status(307, { location: '/there' }), ok);
    await using own = composed(place, interceptors.redirect({ maxRedirections: 2 }));
    const { body } = await request(server.url, { ...own, method: 'PUT', body: 'the same' });
    expect([await body.text(), server.requests.length]).toEqual(['the same', 2]);
  });

  it.each(PLACES)('with retries %s that goes round in circles is the error of undici', async (place) => {
    await using server = await flakyServer(moved);
    const redirect = interceptors.redirect({ maxRedirections: 2, throwOnMaxRedirect: true });
    // undici 7.0 reads it here.
    const options = { throwOnMaxRedirect: true };
    await using own = composed(place, redirect);
    await using bare = owned(new Agent().compose(redirect));
    const [error, bareError] = [
      await failureOf(request(server.url, { ...options, ...own })),
      await failureOf(request(server.url, { ...options, ...bare })),
    ];
    expect([error.message, error.name]).toEqual([bareError.message, bareError.name]);
  });
});

describe('dns', () => {
  const resolving = (lookups: string[]): Interceptor =>
    interceptors.dns({
      affinity: 4,
      dualStack: false,
      lookup: (origin, _options, callback) => {
        lookups.push(origin.hostname);
        callback(null, [{ address: '127.0.0.1', family: 4, ttl: 60_000 }]);
      },
    });

  it.each(PLACES_WHERE_POSSIBLE)('with retries %s', async (place) => {
    await using server = await flakyServer(unavailable, reset, ok);
    const lookups: string[] = [];
    await using own = composed(place, resolving(lookups));
    const { port } = new URL(server.url);
    const { body, context } = await request(`http://own.example:${port}/`, own);
    expect([await body.text(), classesOf(context)]).toEqual(['ok', ['transient', 'transport', undefined]]);
    const hosts = server.requests.map(({ headers }) => headers.host?.split(':')[0]);
    expect(hosts).toEqual(Array(3).fill('own.example'));
    expect(lookups).toContain('own.example');
  });

  it.skipIf(onOldest)('with retries outside looks a name up again that was not found', async () => {
    await using server = await flakyServer(ok);
    let lookups = 0;
    const failingTwice = interceptors.dns({
      affinity: 4,
      dualStack: false,
      lookup: (_, _options, callback) => {
        lookups += 1;
        const error = Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
        if (lookups < 3) callback(error, []);
        else callback(null, [{ address: '127.0.0.1', family: 4, ttl: 60_000 }]);
      },
    });
    await using own = composed('outside', failingTwice);
    const { port } = new URL(server.url);
    const { body, context } = await request(`http://own.example:${port}/`, {
      ...own,
      method: 'POST',
      body: 'x',
    });
    expect([await body.text(), classesOf(context)]).toEqual(['x', ['connection', 'connection', undefined]]);
  });
});

describe('responseError', () => {
  it.each(PLACES_WHERE_POSSIBLE)('with retries %s gives the good answer after a bad one', async (place) => {
    await using server = await flakyServer(unavailable, unavailable, ok);
    await using own = composed(place, interceptors.responseError());
    const { body } = await request(server.url, own);
    expect([await body.text(), server.requests.length]).toEqual(['ok', 3]);
  });

  it.each(PLACES_WHERE_POSSIBLE)('with retries %s gives its error when attempts run out', async (place) => {
    await using server = await flakyServer(status(503, { 'content-type': 'text/plain' }, 'no'));
    await using own = composed(place, interceptors.responseError());
    const error = await failureOf(request(server.url, own));
    expect(error).toMatchObject({ code: 'UND_ERR_RESPONSE', statusCode: 503, body: 'no' });
    expect(server.requests).toHaveLength(3);
  });

  it.each(PLACES_WHERE_POSSIBLE)('with retries %s sends no 404 again, and no POST', async (place) => {
    const text = { 'content-type': 'text/plain' };
    await using server = await flakyServer(status(404, text), status(503, text));
    await using own = composed(place, interceptors.responseError());
    expect(await failureOf(request(server.url, own))).toMatchObject({ statusCode: 404 });
    const posted = request(server.url, { ...own, method: 'POST', body: 'once' });
    expect(await failureOf(posted)).toMatchObject({ statusCode: 503 });
    expect(server.requests).toHaveLength(2);
  });
});

describe('dump', () => {
  it.each(PLACES_WHERE_POSSIBLE)('with retries %s leaves the status, and no body', async (place) => {
    await using server = await flakyServer(unavailable, reset, ok);
    await using own = composed(place, interceptors.dump());
    const { body, statusCode } = await request(server.url, own);
    expect([statusCode, await body.text(), server.requests.length]).toEqual([200, '', 3]);
  });

  it.skipIf(onOldest)(
    'with retries outside lets a large response go that shouldRetry was shown',
    async () => {
      const large = 'x'.repeat(200_000);
      const late = status(503, { 'content-length': String(large.length) }, large);
      await using server = await flakyServer(late, late, ok);
      await using own = composed('outside', interceptors.dump(), { shouldRetry: async () => undefined });
      const { statusCode } = await request(server.url, own);
      expect([statusCode, server.requests.length]).toEqual([200, 3]);
    },
  );
});

describe('cache', () => {
  const fresh: Answer = (response) =>
    void response.writeHead(200, { 'cache-control': 'max-age=60' }).end('fresh');

  it.each(PLACES)('with retries %s keeps the answer of the retry, and no 503', async (place) => {
    await using server = await flakyServer(unavailable, fresh, unavailable);
    await using own = composed(place, interceptors.cache());
    const answers: string[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      const { body } = await request(server.url, own);
      answers.push(await body.text());
    }
    expect([answers, server.requests.length]).toEqual([['fresh', 'fresh', 'fresh'], 2]);
  });

  it.runIf(onUndici8).each<[string, number, (origin: string) => Dispatcher]>([
    ['a client, which has one origin', 1, (origin) => new Client(origin)],
    ['a pool, which has one origin', 1, (origin) => new Pool(origin)],
    ['a BalancedPool, which has several', 2, (origin) => new BalancedPool(origin)],
    ['a client in retries', 1, (origin) => new RetryDispatcher(new Client(origin))],
  ])('around a RetryDispatcher is that of %s: %i requests', async (_, requests, open) => {
    await using server = await flakyServer(fresh);
    await using own = retryDispatcher({}, open(new URL(server.url).origin));
    const dispatcher = own.dispatcher.compose(interceptors.cache());
    for (let turn = 0; turn < 2; turn += 1) {
      const { body } = await dispatcher.request({ path: '/', method: 'GET' });
      expect(await body.text()).toBe('fresh');
    }
    expect(server.requests).toHaveLength(requests);
  });

  it('with retries outside counts a hit as a success', async () => {
    await using server = await flakyServer(fresh);
    await using own = composed('outside', interceptors.cache());
    await (await request(server.url, own)).body.text();
    const { body, context } = await request(server.url, own);
    expect([await body.text(), classesOf(context), server.requests.length]).toEqual([
      'fresh',
      [undefined],
      1,
    ]);
  });
});

describe.skipIf(onOldest)('decompress', () => {
  const zipped =
    (code: number, text: string): Answer =>
    (response) =>
      void response.writeHead(code, { 'content-encoding': 'gzip' }).end(gzipSync(text));

  it.each(PLACES)('with retries %s unpacks the answer of the retry', async (place) => {
    await using server = await flakyServer(zipped(503, 'later'), zipped(200, 'unpacked'));
    await using own = composed(place, interceptors.decompress());
    const { body } = await request(server.url, own);
    expect([await body.text(), server.requests.length]).toEqual(['unpacked', 2]);
  });

  it.each(PLACES)('with retries %s unpacks the last answer when attempts run out', async (place) => {
    await using server = await flakyServer(zipped(503, 'later'));
    await using own = composed(place, interceptors.decompress({ skipErrorResponses: false }));
    const { body, statusCode } = await request(server.url, own);
    expect([statusCode, await body.text(), server.requests.length]).toEqual([503, 'later', 3]);
  });
});

describe.skipIf(onOldest)('deduplicate', () => {
  it.each(PLACES)('with retries %s: all callers get the answer', async (place) => {
    await using server = await flakyServer(unavailable, ok);
    await using own = composed(place, interceptors.deduplicate());
    const texts = Array.from({ length: 4 }, async () => (await request(server.url, own)).body.text());
    expect(await Promise.all(texts)).toEqual(Array(4).fill('ok'));
    expect(server.requests.length).toBeLessThanOrEqual(place === 'inside' ? 2 : 5);
  });
});
