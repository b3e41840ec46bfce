import { runInNewContext } from 'node:vm';

import { getRetryStatistics, RetryConfigError, RetryExhaustedError } from '@tenax/core';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import createClient from 'openapi-fetch';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';

import { createRetryingFetch, retryingFetch } from '../src/index.ts';
import type { RetryingFetchOptions } from '../src/index.ts';
import { flakyServer, ok, reset, status, unavailable } from './servers/flaky-server.ts';

const QUICK = { baseDelay: 0, throttledBaseDelay: 0 };
const fetch = createRetryingFetch(QUICK);
const failure = (sent: Promise<unknown>): Promise<Error> =>
  sent.then(
    () => expect.fail('fulfilled'),
    (error: unknown) => error as Error,
  );

/** A response whose body breaks off, and can be continued. */
const brokenOff = (): Response =>
  new Response(
    new ReadableStream({
      pull: (controller) => {
        controller.error(new TypeError('terminated'));
      },
    }),
    { headers: { etag: '"v1"', 'content-length': '10' } },
  );

describe('the input', () => {
  it.each<[string, (url: string) => string | URL | Request]>([
    ['a string', (url) => url],
    ['a URL', (url) => new URL(url)],
    ['a Request', (url) => new Request(url, { headers: { 'x-a': '1' } })],
  ])('may be %s', async (_, make) => {
    await using server = await flakyServer(unavailable, ok);
    const response = await fetch(make(server.url), { headers: { 'x-a': '1' } });
    expect([response.status, response.url, response.redirected, response.type]).toEqual([
      200,
      server.url,
      false,
      'basic',
    ]);
    expect(server.requests.map(({ headers }) => headers['x-a'])).toEqual(['1', '1']);
  });

  it('may have a Request as its init, which can not be copied by its properties', async () => {
    await using server = await flakyServer(unavailable, ok);
    await fetch(
      server.url,
      new Request('http://x/', { method: 'PUT', body: 'text', headers: { 'x-a': '1' } }),
    );
    expect(server.requests.map(({ body, method }) => [method, body.toString()])).toEqual([
      ['PUT', 'text'],
      ['PUT', 'text'],
    ]);
  });

  it('may change while a wait is on: what was given counts', async () => {
    await using server = await flakyServer(unavailable, ok);
    const init = { method: 'PUT', body: 'first' };
    const sent = fetch(server.url, init);
    Object.assign(init, { method: 'POST', body: 'second' });
    await sent;
    expect(server.requests.map(({ body, method }) => `${method} ${String(body)}`)).toEqual([
      'PUT first',
      'PUT first',
    ]);
  });

  it.each<[string, () => HeadersInit & object, (headers: HeadersInit & object) => void]>([
    [
      'Headers',
      () => new Headers({ 'x-tenant': 'a' }),
      (headers) => {
        (headers as Headers).set('x-tenant', 'b');
      },
    ],
    ['a record', () => ({ 'x-tenant': 'a' }), (headers) => Object.assign(headers, { 'x-tenant': 'b' })],
    [
      'pairs',
      () => [['x-tenant', 'a']],
      (headers) => {
        (headers as [string, string][])[0]![1] = 'b';
      },
    ],
    [
      'an iterator',
      () => new Map([['x-tenant', 'a']]).entries() as unknown as [string, string][],
      () => undefined,
    ],
  ])('has a URL and %s of its own for each attempt', async (_, make, change) => {
    await using server = await flakyServer(unavailable, ok);
    const url = new URL('?page=1', server.url);
    const headers = make();
    const sent = fetch(url, { headers });
    url.searchParams.set('page', '2');
    change(headers);
    await sent;
    expect(server.requests.map((seen) => [seen.url, seen.headers['x-tenant']])).toEqual([
      ['/?page=1', 'a'],
      ['/?page=1', 'a'],
    ]);
  });

  it.each([
    ['without timeouts', undefined],
    ['with timeouts', { attemptTimeout: 60_000 }],
  ])('may have a method that is no string, as the platform allows, %s', async (_, retry) => {
    await using server = await flakyServer(unavailable, ok);
    const method = { toString: () => 'PUT' } as string;
    expect((await fetch(server.url, { method, body: 'text', retry })).status).toBe(200);
    expect(server.requests.map((seen) => `${seen.method} ${String(seen.body)}`)).toEqual([
      'PUT text',
      'PUT text',
    ]);
  });

  it('may be a Request whose method and headers the init replaces', async () => {
    await using server = await flakyServer(unavailable);
    const request = new Request(server.url, { headers: { 'x-a': 'old' } });
    const init = { method: 'POST', headers: { 'x-a': 'new' }, retry: { attemptHeaders: true } };
    const response = await fetch(request, init);
    expect(getRetryStatistics(response)?.reason).toBe('method_not_idempotent');
    expect(server.requests.map(({ headers, method }) => [method, headers['x-a']])).toEqual([['POST', 'new']]);
  });

  it('may have an init of another realm, which is as plain as any', async () => {
    const own = vi.fn<typeof globalThis.fetch>(async () => new Response('own'));
    const init = runInNewContext('({ method: "PUT", body: "text" })') as RequestInit;
    await createRetryingFetch({ fetch: own })('http://127.0.0.1/', init);
    expect(own).toHaveBeenCalledWith('http://127.0.0.1/', { method: 'PUT', body: 'text' });
  });

  it('may have null as its init, as the platform allows', async () => {
    await using server = await flakyServer(unavailable, ok);
    expect((await fetch(server.url, null as never)).status).toBe(200);
  });

  it('may have an init of a class, with what the platform does not read of it', async () => {
    const own = vi.fn<typeof globalThis.fetch>(async () => new Response('later', { status: 503 }));
    const dispatcher = {};
    class Init {
      method = 'PUT';
      dispatcher = dispatcher;
      retry = { maxAttempts: 2 };
    }
    await createRetryingFetch({ ...QUICK, fetch: own })('http://127.0.0.1/', new Init());
    expect(own.mock.calls.map(([input, init]) => [(input as Request).method, init])).toEqual(
      Array.from({ length: 2 }, () => ['PUT', { dispatcher }]),
    );
  });

  it('is relative to the page, and one that is invalid there is refused once too', async () => {
    vi.stubGlobal('location', { href: 'about:blank' });
    onTestFinished(() => void vi.unstubAllGlobals());
    const error = await failure(fetch('/users'));
    expect(error).toBeInstanceOf(TypeError);
    expect(getRetryStatistics(error)).toMatchObject({ reason: 'permanent_failure', attempts: [{}] });
  });

  it.each([
    ['an invalid URL', () => fetch('no url')],
    ['an invalid header', () => fetch('http://127.0.0.1/', { headers: { a: 'b\nsecret' } })],
    ['a header that is no pair', () => fetch('http://127.0.0.1/', { headers: ['ab'] as never })],
    ['EDGE "bad port"', () => fetch('http://127.0.0.1:1/')],
    ['EDGE "unknown scheme"', () => fetch('foo://x/')],
    ['null', () => fetch(null as never)],
    ['a GET with a body', () => fetch('http://127.0.0.1/', Object.assign({}, { body: 'x' }))],
  ])('%s is refused once, as the platform does', async (_, send) => {
    const error = await failure(send());
    expect(error).toBeInstanceOf(TypeError);
    expect(getRetryStatistics(error)).toMatchObject({ reason: 'permanent_failure', attempts: [{}] });
    expect(JSON.stringify(getRetryStatistics(error))).not.toContain('secret');
  });
});

describe('the fetch behind it', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it('EDGE 26: is looked up at each call', async () => {
    const replacement = vi.fn<typeof globalThis.fetch>(async () => new Response('replaced'));
    vi.stubGlobal('fetch', replacement);
    expect(await (await fetch('http://127.0.0.1/')).text()).toBe('replaced');
    expect(replacement).toHaveBeenCalledWith('http://127.0.0.1/', undefined);
  });

  it('may be one of the user’s, and gets no option of ours', async () => {
    const own = vi.fn<typeof globalThis.fetch>(async () => new Response('own'));
    const retrying = createRetryingFetch({ fetch: own });
    await retrying('http://127.0.0.1/', { cache: 'no-store', retry: { maxAttempts: 2 } });
    expect(own.mock.lastCall).toEqual(['http://127.0.0.1/', { cache: 'no-store' }]);
  });

  it('EDGE 26: has no receiver: that of browsers and workers takes none but the global object', async () => {
    const receivers: unknown[] = [];
    const retrying = createRetryingFetch({
      ...QUICK,
      resume: true,
      async fetch(this: unknown) {
        receivers.push(this);
        return receivers.length === 2 ? brokenOff() : new Response(null, { status: 503 });
      },
    });
    const response = await retrying('http://127.0.0.1/');
    await expect(response.text()).rejects.toThrow('broke off');
    expect(receivers).toEqual([undefined, undefined, undefined]);
  });

  it('is the one before where the retrying fetch itself takes the place of the global one', async () => {
    const before = vi.fn<typeof globalThis.fetch>(async () => new Response('before'));
    vi.stubGlobal('fetch', before);
    vi.stubGlobal('fetch', createRetryingFetch());
    expect(await (await globalThis.fetch('http://127.0.0.1/')).text()).toBe('before');
    expect(before).toHaveBeenCalledTimes(1);
  });

  it('is the one before where another takes the place of a retrying fetch, as a module does that is loaded anew', async () => {
    const before = vi.fn<typeof globalThis.fetch>(async () => new Response('before'));
    vi.stubGlobal('fetch', before);
    const first = createRetryingFetch();
    vi.stubGlobal('fetch', first);
    vi.stubGlobal('fetch', createRetryingFetch());
    for (const send of [globalThis.fetch, first]) {
      expect(await (await send('http://127.0.0.1/')).text()).toBe('before');
    }
    expect(before).toHaveBeenCalledTimes(2);
  });

  it.each([{}, { timeout: 1000 }, { resume: true }])(
    'may answer without a promise, as a mock does, with %j',
    async (options) => {
      const own = (() => new Response('own')) as never;
      const { signal } = new AbortController();
      const response = await createRetryingFetch({ ...options, fetch: own })('http://127.0.0.1/', { signal });
      expect(await response.text()).toBe('own');
    },
  );

  it('may answer with what has no headers, as a mock does, with resume too', async () => {
    const answer = { status: 200, json: async () => 'own' };
    const own = (async () => answer) as never;
    const response = await createRetryingFetch({ fetch: own, resume: true })('http://127.0.0.1/');
    expect(await response.json()).toBe('own');
  });

  it('is missed in plain words, once, where there is none', async () => {
    vi.stubGlobal('fetch', undefined);
    const error = await failure(createRetryingFetch()('http://127.0.0.1/'));
    expect(error.message).toBe('fetch is not a function');
    expect(getRetryStatistics(error)?.attempts).toHaveLength(1);
  });

  it('may throw at once', async () => {
    const own = (() => {
      throw new Error('sync');
    }) as typeof globalThis.fetch;
    const error = await failure(createRetryingFetch({ ...QUICK, fetch: own })('http://127.0.0.1/'));
    expect(error.message).toBe('sync');
    expect(getRetryStatistics(error)?.attempts).toHaveLength(3);
  });
});

describe('what is given in the end', () => {
  it('is the last response', async () => {
    await using server = await flakyServer(status(503, {}, 'first'), status(502, {}, 'last'));
    const response = await fetch(server.url, { retry: { maxAttempts: 2 } });
    expect([response.status, await response.text()]).toEqual([502, 'last']);
    expect(getRetryStatistics(response)).toMatchObject({
      result: 'retry_exhausted',
      key: server.url.slice(0, -1),
    });
  });

  it('is the last error itself', async () => {
    const error = await failure(fetch('http://127.0.0.1:1999/'));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.cause).toMatchObject({ code: 'ECONNREFUSED' });
    expect(getRetryStatistics(error)?.attempts).toHaveLength(3);
  });

  it('is a RetryExhaustedError with throwOnExhausted, with the response to read', async () => {
    await using server = await flakyServer(status(503, {}, 'why'));
    const error = await failure(fetch(server.url, { retry: { throwOnExhausted: true } }));
    expect(error).toBeInstanceOf(RetryExhaustedError);
    expect(await ((error as RetryExhaustedError).response as Response).text()).toBe('why');
    expect((error as RetryExhaustedError).statistics?.attempts).toHaveLength(3);
  });

  it('EDGE 21: is an opaque redirect when it was asked for, and no failure', async () => {
    await using server = await flakyServer(status(302, { location: '/elsewhere' }));
    expect((await fetch(server.url, { redirect: 'manual' })).status).toBe(302);
    const error = await failure(fetch(server.url, { redirect: 'error' }));
    expect(getRetryStatistics(error)?.attempts).toHaveLength(1);
  });
});

describe('options', () => {
  it.each([{ retries: 3 }, { fetch: 'no' }, null, { maxAttempts: 0 }])('%j are refused', (options) => {
    expect(() => createRetryingFetch(options as RetryingFetchOptions)).toThrow(RetryConfigError);
  });

  it.each([{ maxAttempts: 0 }, 3, 'x', true, null])(
    'init.retry of %j rejects, and sends nothing',
    async (retry) => {
      await using server = await flakyServer(ok);
      const error = await failure(fetch(server.url, { retry: retry as never }));
      expect(error).toBeInstanceOf(RetryConfigError);
      expect(server.requests).toHaveLength(0);
    },
  );

  it('init.retry: false sends once', async () => {
    await using server = await flakyServer(unavailable);
    expect((await fetch(server.url, { retry: false })).status).toBe(503);
    expect(server.requests).toHaveLength(1);
  });

  it('EDGE "keepalive: true": is one attempt unless asked otherwise', async () => {
    await using server = await flakyServer(unavailable);
    await fetch(server.url, { keepalive: true });
    expect(server.requests).toHaveLength(1);
    await fetch(server.url, { keepalive: true, retry: { maxAttempts: 2 } });
    expect(server.requests).toHaveLength(3);
    await fetch(new Request(server.url, { keepalive: true }), { keepalive: false });
    expect(server.requests).toHaveLength(6);
  });

  it('retryingFetch has the defaults, and an engine', () => {
    expect(retryingFetch.engine.policy).toMatchObject({ maxAttempts: 3, throwOnExhausted: false });
  });
});

describe('headers', () => {
  it.each<[string, HeadersInit]>([
    ['a record', { 'Idempotency-Key': 'mine' }],
    ['pairs', [['IDEMPOTENCY-KEY', 'mine']]],
    ['Headers', new Headers({ 'idempotency-key': 'mine' })],
  ])('a key of the caller’s in %s makes a POST repeatable and is kept', async (_, headers) => {
    await using server = await flakyServer(unavailable, ok);
    await fetch(server.url, { method: 'POST', body: 'x', headers, retry: { idempotencyKey: true } });
    expect(server.requests.map((request) => request.headers['idempotency-key'])).toEqual(['mine', 'mine']);
  });

  it('idempotencyKey sends one quoted UUID with every attempt', async () => {
    await using server = await flakyServer(unavailable, status(409), ok);
    await fetch(server.url, { method: 'POST', body: 'x', retry: { idempotencyKey: true } });
    const keys = server.requests.map((request) => request.headers['idempotency-key']);
    expect(keys[0]).toMatch(/^"[0-9a-f-]{36}"$/);
    expect(keys).toEqual([keys[0], keys[0], keys[0]]);
  });

  it('EDGE 19: are set again for each attempt, not appended', async () => {
    await using server = await flakyServer(unavailable, unavailable, ok);
    await fetch(server.url, {
      headers: [['x-retry-attempt', 'old']],
      retry: { attemptHeaders: true, timeout: 5000 },
    });
    expect(server.requests.map(({ headers }) => headers['x-retry-attempt'])).toEqual(['1', '2', '3']);
    expect(Number(server.requests[2]?.headers['x-retry-remaining-ms'])).toBeLessThanOrEqual(5000);
  });

  it('may be changed before a retry: a token that has expired', async () => {
    await using server = await flakyServer(status(401), ok);
    const response = await fetch(server.url, {
      headers: { authorization: 'Bearer old', accept: 'text/plain' },
      retry: {
        shouldRetry: (outcome) => (outcome.kind === 'response' && outcome.status === 401 ? true : undefined),
        hooks: {
          beforeRetry: async ({ headers, status: code }) => {
            await Promise.resolve();
            if (code === 401) headers.set('authorization', 'Bearer new');
          },
        },
      },
    });
    expect(response.status).toBe(200);
    expect(server.requests.map(({ headers }) => [headers.authorization, headers.accept])).toEqual([
      ['Bearer old', 'text/plain'],
      ['Bearer new', 'text/plain'],
    ]);
    expect(JSON.stringify(getRetryStatistics(response))).not.toContain('Bearer');
  });

  it('a URL’s credentials and query are in no statistic', async () => {
    const error = await failure(fetch('http://me:secret@127.0.0.1:1999/?token=secret'));
    expect(JSON.stringify(getRetryStatistics(error))).not.toContain('secret');
  });
});

describe('shouldRetry', () => {
  it('EDGE 25: may read the body, and the caller still can', async () => {
    await using server = await flakyServer(
      status(200, {}, '{"state":"later"}'),
      status(200, {}, '{"state":"done"}'),
    );
    const response = await fetch(server.url, {
      retry: {
        shouldRetry: async (outcome) =>
          outcome.kind === 'response' && ((await outcome.json()) as { state: string }).state === 'later',
      },
    });
    expect(await response.json()).toEqual({ state: 'done' });
    expect(server.requests).toHaveLength(2);
  });
});

describe('the server’s hints over the wire', () => {
  it.each<[string, Record<string, string>]>([
    ['Retry-After', { 'retry-after': '7' }],
    [
      'a Retry-After date on a server whose clock is wrong',
      { date: 'Mon, 03 Jun 2019 11:00:00 GMT', 'retry-after': 'Mon, 03 Jun 2019 11:00:07 GMT' },
    ],
    ['RateLimit', { ratelimit: '"default";r=0;t=7' }],
  ])('%s beyond the limit ends the operation at once', async (_, headers) => {
    await using server = await flakyServer(status(503, headers));
    const response = await fetch(server.url, { retry: { retryAfter: { max: 6_999 } } });
    expect(getRetryStatistics(response)).toMatchObject({
      reason: 'retry_after_exceeds_max',
      attempts: [{ hint: 7000 }],
    });
  });

  it('Retry-After-Ms is waited for', async () => {
    await using server = await flakyServer(status(503, { 'retry-after-ms': '20' }), ok);
    const response = await fetch(server.url);
    expect(getRetryStatistics(response)?.totalDelay).toBeGreaterThanOrEqual(19);
  });
});

describe('other tools', () => {
  const url = 'https://api.example.com/thing';
  const mock = setupServer();
  beforeAll(() => {
    mock.listen();
  });
  afterEach(() => {
    mock.resetHandlers();
  });
  afterAll(() => {
    mock.close();
  });

  it('msw sees every attempt', async () => {
    let calls = 0;
    mock.use(
      http.put(url, async ({ request }) => {
        calls += 1;
        if (calls === 1) return new HttpResponse(null, { status: 503 });
        if (calls === 2) return HttpResponse.error();
        return HttpResponse.text(await request.text());
      }),
    );
    const response = await fetch(url, { method: 'PUT', body: 'text' });
    expect([calls, await response.text()]).toEqual([3, 'text']);
  });

  it('openapi-fetch takes it, and so retries', async () => {
    let calls = 0;
    mock.use(
      http.post(url, async ({ request }) => {
        calls += 1;
        return calls === 1
          ? new HttpResponse(null, { status: 429 })
          : HttpResponse.json(await request.json());
      }),
    );
    interface Paths {
      '/thing': {
        post: {
          requestBody: { content: { 'application/json': { a: number } } };
          responses: { 200: { content: { 'application/json': { a: number } } } };
        };
      };
    }
    const client = createClient<Paths>({ baseUrl: 'https://api.example.com', fetch });
    const { data } = await client.POST('/thing', { body: { a: 1 } });
    expect([calls, data]).toEqual([2, { a: 1 }]);
  });
});

describe('EDGE 14: a retrying fetch over another one', () => {
  it.each([
    ['a status', unavailable],
    ['a reset', reset],
  ])('does not multiply the attempts after %s', async (_, answer) => {
    await using server = await flakyServer(answer);
    const outer = createRetryingFetch({ ...QUICK, fetch });
    const ended = await outer(server.url).catch((error: unknown) => error as Error);
    expect(server.requests).toHaveLength(3);
    expect(getRetryStatistics(ended)?.attempts).toHaveLength(1);
  });
});

describe('options', () => {
  it.each([null, false, 5, 'fast', [], () => 1])('refuses %s', (options) => {
    expect(() => createRetryingFetch(options as never)).toThrow(/^options: given/u);
  });

  it('an undefined `throwOnExhausted` is the default, and inherited options count', () => {
    const inherited = Object.create({ maxAttempts: 7 }) as object;
    expect(createRetryingFetch(inherited).engine.policy.maxAttempts).toBe(7);
    expect(createRetryingFetch({ throwOnExhausted: undefined }).engine.policy.throwOnExhausted).toBe(false);
  });

  it.each<[string, () => Promise<Response>]>([
    ['beside', async () => new Response('own')],
    ['among', async () => new Response('inherited')],
  ])('a `fetch` %s inherited options takes nothing from them', async (place, own) => {
    const inherited: object = { maxAttempts: 7, ...(place === 'among' && { fetch: own }) };
    const options = Object.assign(Object.create(inherited) as object, place === 'beside' && { fetch: own });
    const retrying = createRetryingFetch(options);
    expect(retrying.engine.policy.maxAttempts).toBe(7);
    expect(await (await retrying('http://127.0.0.1/')).text()).toMatch(/own|inherited/u);
    expect(() => createRetryingFetch({ ...options, retries: 3 } as object)).toThrow(/^retries: given/u);
  });

  it.each([5, 'signal', {}, new AbortController()])(
    'refuses the signal %s in the words of fetch itself',
    async (value) => {
      const signal = value as AbortSignal;
      const bare: unknown = await globalThis.fetch('data:,', { signal }).catch((error: unknown) => error);
      const bounded = createRetryingFetch({ attemptTimeout: 60_000 });
      await expect(bounded('data:,', { signal })).rejects.toThrow((bare as Error).message);
    },
  );
});
