// What one request says of its retries: opts.retry.
import { RetryConfigError } from '@tenax/core';
import type { RetryOverride } from '@tenax/core';
import { Agent, fetch, Headers as UndiciHeaders, request, stream } from 'undici';
import { describe, expect, it, vi } from 'vitest';

import { flakyServer, ok, unavailable } from '../../fetch-adapter/test/servers/flaky-server.ts';
import {
  captureRetryStatistics,
  installGlobalRetry,
  RetryDispatcher,
  retryInterceptor,
} from '../src/index.ts';
import { RecordingHandler } from './servers/recording-handler.ts';
import { failureOf, retryDispatcher, retryingAgent, statisticsOf } from './servers/retrying-agents.ts';

describe('opts.retry', () => {
  it.each<[RetryOverride | undefined, number]>([
    [undefined, 3],
    [{}, 3],
    [{ maxAttempts: 2 }, 2],
    [{ maxAttempts: undefined }, 3],
    [{ statusCodes: [500] }, 1],
    [false, 1],
  ])('of %j: %i attempts', async (retry, attempts) => {
    await using server = await flakyServer(unavailable);
    await using own = retryingAgent();
    const { body, statusCode } = await request(server.url, { ...own, retry });
    expect([statusCode, await body.text(), server.requests.length]).toEqual([503, 'later', attempts]);
  });

  it('false takes throwOnExhausted back, too', async () => {
    await using server = await flakyServer(unavailable);
    await using own = retryingAgent({ throwOnExhausted: true });
    const { context, statusCode } = await request(server.url, { ...own, retry: false });
    expect([statusCode, statisticsOf(context).attempts.length]).toEqual([503, 1]);
  });

  it('makes a POST retryable', async () => {
    await using server = await flakyServer(unavailable, ok);
    await using own = retryDispatcher();
    const retry = { methods: ['POST'] };
    const { body } = await request(server.url, { ...own, method: 'POST', body: 'again', retry });
    expect([await body.text(), server.requests.length]).toEqual(['again', 2]);
  });

  it.each([{ maxAttempt: 2 }, { maxAttempts: 0 }, { maxAttempts: Infinity }, 3, 'no', true, null])(
    'of %j is a RetryConfigError, and nothing is sent',
    async (retry) => {
      await using server = await flakyServer(ok);
      await using own = retryingAgent();
      const options = { ...own, retry: retry as RetryOverride };
      expect(await failureOf(request(server.url, options))).toBeInstanceOf(RetryConfigError);
      const factory = vi.fn<() => never>();
      expect(await failureOf(stream(server.url, { ...options, method: 'GET' }, factory))).toBeInstanceOf(
        RetryConfigError,
      );
      expect([server.requests.length, factory.mock.calls.length]).toEqual([0, 0]);
    },
  );

  it('of one request means nothing to another of the same dispatcher', async () => {
    await using server = await flakyServer(unavailable);
    await using own = retryingAgent();
    const counts = await Promise.all(
      [1, 4, undefined].map(async (maxAttempts) => {
        const { context } = await request(server.url, { ...own, retry: { maxAttempts } });
        return statisticsOf(context).attempts.length;
      }),
    );
    expect(counts).toEqual([1, 4, 3]);
  });

  it('EDGE "State of a retry lives in a closure or a WeakMap": the options may be shared, and are left as they are', async () => {
    await using server = await flakyServer(unavailable, ok);
    await using own = retryingAgent({ attemptHeaders: true });
    const options = {
      ...own,
      headers: Object.freeze({ 'X-Own': 'own' }),
      retry: Object.freeze({ maxAttempts: 4 }),
    };
    const before = { ...options };
    await Promise.all([request(server.url, options), request(server.url, options)]);
    expect(options).toEqual(before);
    expect(server.requests.map(({ headers }) => headers['x-own'])).toEqual(Array(3).fill('own'));
  });
});

describe('headers that the policy adds', () => {
  const forms: [string, Record<string, string> | string[] | Iterable<[string, string]>][] = [
    ['an object', { 'X-Own': 'own', 'Idempotency-Key': '"mine"' }],
    ['a flat list', ['X-Own', 'own', 'Idempotency-Key', '"mine"']],
    [
      'a Map',
      new Map([
        ['X-Own', 'own'],
        ['Idempotency-Key', '"mine"'],
      ]),
    ],
    ['Headers', new Headers({ 'X-Own': 'own', 'Idempotency-Key': '"mine"' })],
  ];

  it.each(forms)('are set anew for each attempt over headers in the form of %s', async (_, headers) => {
    await using server = await flakyServer(unavailable, unavailable, ok);
    await using own = retryingAgent({ attemptHeaders: true, timeout: 60_000 });
    await request(server.url, { ...own, headers });
    const seen = server.requests.map((incoming) => [
      incoming.headers['x-own'],
      incoming.headers['x-retry-attempt'],
    ]);
    expect(seen).toEqual([
      ['own', '1'],
      ['own', '2'],
      ['own', '3'],
    ]);
    expect(server.requests.map((incoming) => incoming.headers['x-retry-remaining-ms'])).toEqual(
      Array(3).fill(expect.stringMatching(/^\d+$/u)),
    );
  });

  it.each(forms)(
    'leave the idempotency key of the caller in %s, and make its POST retryable',
    async (_, headers) => {
      await using server = await flakyServer(unavailable, ok);
      await using own = retryingAgent({ idempotencyKey: true });
      await request(server.url, { ...own, method: 'POST', headers });
      expect(server.requests.map((incoming) => incoming.headers['idempotency-key'])).toEqual([
        '"mine"',
        '"mine"',
      ]);
    },
  );

  it('give a POST one idempotency key for all attempts', async () => {
    await using server = await flakyServer(unavailable, ok);
    await using own = retryingAgent({ idempotencyKey: true });
    await request(server.url, { ...own, method: 'POST', body: 'x' });
    const [first, second] = server.requests.map(({ headers }) => headers['idempotency-key']);
    expect(first).toMatch(/^"[0-9a-f-]{36}"$/u);
    expect(second).toBe(first);
  });

  describe.each([
    ['undefined', undefined],
    ['an empty list', []],
  ])('where the idempotency key of the caller is %s, which undici leaves out', (_, key) => {
    const headers = { 'Idempotency-Key': key };

    it('do not let its POST be sent again', async () => {
      await using server = await flakyServer(unavailable, ok);
      await using own = retryingAgent();
      const { statusCode } = await request(server.url, { ...own, method: 'POST', headers });
      expect([statusCode, server.requests.length]).toEqual([503, 1]);
    });

    it('give its POST a key of ours', async () => {
      await using server = await flakyServer(unavailable, ok);
      await using own = retryingAgent({ idempotencyKey: true });
      await request(server.url, { ...own, method: 'POST', headers });
      const [first, second] = server.requests.map((incoming) => incoming.headers['idempotency-key']);
      expect(first).toMatch(/^"[0-9a-f-]{36}"$/u);
      expect(second).toBe(first);
    });
  });

  it('reach the server from beforeRetry', async () => {
    await using server = await flakyServer(unavailable, ok);
    await using own = retryingAgent({
      hooks: {
        beforeRetry: ({ attemptNumber, headers }) => {
          headers.set('Authorization', `Bearer ${attemptNumber}`);
        },
      },
    });
    await fetch(server.url, { ...own, headers: { authorization: 'Bearer 1' } });
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer 1', 'Bearer 2']);
  });
});

describe('what undici is told of a request', () => {
  it('is told of every attempt', async () => {
    const given = {
      reset: true,
      idempotent: false,
      blocking: true,
      headersTimeout: 20_000,
      bodyTimeout: 30_000,
      expectContinue: false,
    };
    await using server = await flakyServer(unavailable, unavailable, ok);
    const told: unknown[] = [];
    const agent = new Agent();
    const listening = agent.compose((dispatch) => (options, handler) => {
      told.push(options);
      return dispatch(options, handler);
    });
    await using own = retryDispatcher({}, listening);
    const { body } = await request(server.url, { ...own, ...given });
    expect(await body.text()).toBe('ok');
    expect(told).toMatchObject([given, given, given]);
    // `reset` closes the connection of each.
    expect(server.requests.map(({ headers }) => headers.connection)).toEqual(Array(3).fill('close'));
    expect(server.connections).toBe(3);
  });
});

describe('what a caller gives once', () => {
  it('headers that come from an iterator are sent with every attempt', async () => {
    await using server = await flakyServer(unavailable, unavailable, ok);
    await using own = retryingAgent();
    const headers = new Map([['authorization', 'mine']]).entries();
    await request(server.url, { ...own, headers });
    expect(server.requests.map((incoming) => incoming.headers.authorization)).toEqual(Array(3).fill('mine'));
  });

  it('options that are used for the next request meanwhile do not change this one', async () => {
    await using server = await flakyServer(unavailable, ok);
    await using own = retryingAgent();
    const options = { origin: server.url, path: '/first', method: 'GET', headers: { 'x-own': 'first' } };
    const ended = own.dispatcher.request(options);
    Object.assign(options, { path: '/second', method: 'DELETE' });
    options.headers['x-own'] = 'second';
    await (await ended).body.dump();
    const seen = server.requests.map(({ headers, method, url }) => [method, url, headers['x-own']]);
    expect(seen).toEqual(Array.from({ length: 2 }, () => ['GET', '/first', 'first']));
  });

  it.each<[string, Map<string, string> | Headers | UndiciHeaders]>([
    ['a Map', new Map([['x-own', 'first']])],
    ['Headers', new Headers({ 'x-own': 'first' })],
    ['Headers of undici', new UndiciHeaders({ 'x-own': 'first' })],
  ])('so do headers in %s, which stay what they are for an interceptor further in', async (_, headers) => {
    await using server = await flakyServer(unavailable, ok);
    const { constructor } = headers;
    const kinds: unknown[] = [];
    await using own = retryDispatcher(
      {},
      new Agent().compose((dispatch) => (options, handler) => {
        kinds.push(options.headers?.constructor);
        return dispatch(options, handler);
      }),
    );
    const ended = request(server.url, { ...own, headers });
    headers.set('x-own', 'second');
    await (await ended).body.dump();
    expect(server.requests.map((incoming) => incoming.headers['x-own'])).toEqual(['first', 'first']);
    expect(kinds).toEqual([constructor, constructor]);
  });

  it.each([null, 5])('a method that is %j ends with the error of undici', async (method) => {
    await using own = retryingAgent();
    const options = { origin: 'http://127.0.0.1', path: '/', method: method as never };
    const error = await failureOf(own.dispatcher.request(options));
    expect(error).toMatchObject({ code: 'UND_ERR_INVALID_ARG', message: 'method must be a string' });
  });

  it('options are read where they are inherited, as by undici', async () => {
    class Upload {
      readonly #name = 'inherited';
      readonly method = 'PUT';
      readonly origin: string;
      constructor(origin: string) {
        this.origin = origin;
      }
      get path(): string {
        return `/${this.#name}`;
      }
    }
    await using server = await flakyServer(unavailable, ok);
    await using own = retryingAgent();
    await (await own.dispatcher.request(new Upload(new URL(server.url).origin))).body.dump();
    expect(server.requests.map(({ method, url }) => [method, url])).toEqual(
      Array.from({ length: 2 }, () => ['PUT', '/inherited']),
    );
  });

  it.each<[string, unknown]>([
    ['a list with an odd length', ['a']],
    ['a list of pairs', [['a', 'b']]],
    ['a number', 5],
    ['pairs of three', new Set([['a', 'b', 'c']])],
  ])('headers that are %s end with the error of undici, whatever is added', async (_, headers) => {
    await using server = await flakyServer(ok);
    await using own = retryingAgent({ attemptHeaders: true });
    const error = await failureOf(request(server.url, { ...own, headers: headers as never }));
    expect([error.code, server.requests]).toEqual(['UND_ERR_INVALID_ARG', []]);
  });

  it('headers whose iterator throws end with its error, told to the handler', async () => {
    await using own = retryingAgent();
    const headers = (function* (): Generator<[string, string]> {
      yield ['x-own', 'first'];
      throw new Error('no headers');
    })();
    const handler = new RecordingHandler();
    own.dispatcher.dispatch({ origin: 'http://127.0.0.1', path: '/', method: 'GET', headers }, handler);
    expect(handler.events).toEqual(['error no headers']);
  });
});

describe('what is no options', () => {
  it.each([null, false, 5, 'fast', [], () => 1])('%s is refused', (value) => {
    const options = value as never;
    expect(() => retryInterceptor(options)).toThrow(/^options: given/u);
    expect(() => new RetryDispatcher(undefined, options)).toThrow(/^options: given/u);
    expect(() => installGlobalRetry(options)).toThrow(/^options: given/u);
  });

  it('an undefined `throwOnExhausted` is the default, and inherited options count', () => {
    const options = Object.create({ maxAttempts: 7, throwOnExhausted: undefined }) as object;
    expect(retryInterceptor(options).engine.policy).toMatchObject({
      maxAttempts: 7,
      throwOnExhausted: false,
    });
  });

  it('a promise is no code to capture', async () => {
    const capture = captureRetryStatistics(Promise.resolve() as never);
    await expect(capture).rejects.toThrow(/^run: given an instance of Promise/u);
  });
});
