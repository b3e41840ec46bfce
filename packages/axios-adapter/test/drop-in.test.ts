// What axios does once for a request it does once for an operation, however many attempts that takes.
import { inspect } from 'node:util';

import axios, { AxiosError, create, getAdapter } from 'axios';
import type { AxiosAdapter, AxiosResponse, InternalAxiosRequestConfig } from 'axios';
import { describe, expect, it } from 'vitest';

import { flakyServer, ok, status, unavailable } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { attachRetry, retryInterceptor } from '../src/index.ts';
import { ADAPTERS, AT_ONCE, attached, failureOf, onOldest } from './servers/attached.ts';

const json = status(200, { 'content-type': 'application/json' }, '{"answer":42}');

describe.each(ADAPTERS)('with the %s adapter', (adapter) => {
  it('a response is to all who look the plain object that bare axios gives, after retries too', async () => {
    await using server = await flakyServer(json, unavailable, json, json);
    // axios 1.21 measures a duration.
    const look = (
      { ...members }: AxiosResponse & { duration?: number },
      response: AxiosResponse,
    ): object => ({
      members: inspect({ ...members, duration: 0 }, { depth: 0, sorted: true }),
      data: members.data as unknown,
      constructor: response.constructor,
      inspected: [inspect(response, { depth: -1 }), Object.prototype.toString.call(response)],
      inherited: Object.keys(Object.getPrototypeOf(response) as object),
    });
    const instance = attached({}, { adapter });
    const atOnce = await instance.get(server.url);
    const retried = await instance.get(server.url);
    const bare = await create({ adapter }).get(server.url);
    expect([atOnce.retry?.attempts.length, retried.retry?.attempts.length]).toEqual([1, 2]);
    expect([look(atOnce, atOnce), look(retried, retried)]).toEqual([look(bare, bare), look(bare, bare)]);
  });

  it('EDGE 28: interceptors and transforms run once for three attempts', async () => {
    await using server = await flakyServer(unavailable, unavailable, json);
    const ran: string[] = [];
    const instance = attached(
      {},
      {
        adapter,
        transformRequest: [
          (data: unknown) => {
            ran.push('transformRequest');
            return JSON.stringify(data);
          },
        ],
        transformResponse: [
          (data: string) => {
            ran.push('transformResponse');
            return JSON.parse(data) as unknown;
          },
        ],
      },
    );
    instance.interceptors.request.use((config) => {
      ran.push('request');
      return config;
    });
    instance.interceptors.response.use((response) => {
      ran.push('response');
      return response;
    });
    const response = await instance.put(server.url, { text: 'a "quoted" one' });
    expect(response.data).toEqual({ answer: 42 });
    expect(ran).toEqual(['request', 'transformRequest', 'transformResponse', 'response']);
    const bodies = server.requests.map(({ body }) => body.toString());
    expect(bodies).toEqual(Array(3).fill('{"text":"a \\"quoted\\" one"}'));
  });

  it('EDGE 29: headers are not accumulated; baseURL and params are joined once', async () => {
    await using server = await flakyServer(unavailable, unavailable, json);
    const instance = attached(
      {},
      { adapter, baseURL: `${server.url}v1/`, params: { a: 1 }, headers: { 'X-Own': 'one' } },
    );
    await instance.put('items', { b: 2 }, { params: { c: [3, 4] } });
    const [first, ...others] = server.requests;
    expect(decodeURIComponent(first?.url ?? '')).toBe('/v1/items?a=1&c[]=3&c[]=4');
    expect(first?.headers).toMatchObject({ 'x-own': 'one', 'content-type': 'application/json' });
    expect(others).toEqual([first, first]);
  });

  it('EDGE "a success interceptor of the user\'s runs once": `r => r.data` ends as the data', async () => {
    await using server = await flakyServer(unavailable, unavailable, json);
    const instance = attached({}, { adapter });
    instance.interceptors.response.use((response) => response.data as AxiosResponse);
    expect(await instance.get(server.url)).toEqual({ answer: 42 });
  });

  it('the last response is what bare axios would have given', async () => {
    await using server = await flakyServer(
      status(503, { 'content-type': 'application/json' }, '{"later":1}'),
    );
    const error = await failureOf(attached({}, { adapter }).get(server.url));
    const bare = await failureOf(axios.get(server.url, { adapter }));
    expect(error).toBeInstanceOf(AxiosError);
    expect([error.message, error.code, error.status]).toEqual([bare.message, bare.code, bare.status]);
    expect(error.response?.data).toEqual({ later: 1 });
    expect(server.requests).toHaveLength(4);
  });
});

describe('interceptors', () => {
  it("EDGE 33: one that throws keeps the adapter from running, and its error is the caller's", async () => {
    await using server = await flakyServer(ok);
    const instance = attached();
    const own = new Error('no token');
    instance.interceptors.request.use(() => {
      throw own;
    });
    expect(await failureOf(instance.get(server.url))).toBe(own);
    expect(server.requests).toHaveLength(0);
  });

  it.each([
    'earlier',
    'later',
    ...(onOldest ? [] : ['later, with the interceptors in order', 'later, with other transitional options']),
  ])(
    'EDGE "request interceptors run last in, first out": an adapter set by one registered %s is retried',
    async (when) => {
      let sent = 0;
      const adapter: AxiosAdapter = async (config) => {
        sent += 1;
        await Promise.resolve();
        const code = sent < 3 ? 'ECONNRESET' : undefined;
        if (code) throw new AxiosError('reset', code, config);
        return { data: 'own', status: 200, statusText: '', headers: {}, config };
      };
      const replace = (config: InternalAxiosRequestConfig): InternalAxiosRequestConfig => {
        config.adapter = adapter;
        return config;
      };
      const transitional = { legacyInterceptorReqResOrdering: false };
      const instance = create(when.includes('order') ? { transitional } : {});
      // Not merged with the defaults, as what is given to `create` is: axios then knows no order, and takes this one.
      if (when.includes('other')) instance.defaults.transitional = { silentJSONParsing: false };
      if (when === 'earlier') instance.interceptors.request.use(replace);
      attachRetry(instance, AT_ONCE);
      if (when !== 'earlier') instance.interceptors.request.use(replace);
      const response = await instance.get('http://127.0.0.1/');
      expect([response.data, sent, response.retry?.attempts.length]).toEqual(['own', 3, 3]);
    },
  );

  it.each(['attachRetry', 'retryInterceptor'])(
    'an adapter that later ones wrap around that of the config is retried as a whole, with %s',
    async (name) => {
      const calls: string[] = [];
      let failures = 1;
      const adapter: AxiosAdapter = async (config) => {
        calls.push('own');
        await Promise.resolve();
        if (failures-- > 0) throw new AxiosError('reset', 'ECONNRESET', config);
        return { data: 'own', status: 200, statusText: '', headers: {}, config };
      };
      const instance = create({ adapter });
      for (const wrapper of ['outer', 'inner']) {
        instance.interceptors.request.use((config) => {
          const wrapped = getAdapter(config.adapter);
          config.adapter = (dispatched) => {
            calls.push(wrapper);
            return wrapped(dispatched);
          };
          return config;
        });
      }
      if (name === 'attachRetry') attachRetry(instance, AT_ONCE);
      else instance.interceptors.request.use(retryInterceptor(AT_ONCE));
      const { config, retry } = await instance.get('http://127.0.0.1/');
      expect(calls).toEqual(['outer', 'inner', 'own', 'outer', 'inner', 'own']);
      expect(retry?.attempts).toHaveLength(2);
      calls.length = 0;
      failures = Infinity;
      // Wrapped twice by now, and still retried by one loop.
      const error = await failureOf(instance.request(config));
      expect(error.retry?.attempts).toHaveLength(3);
      expect(calls.filter((call) => call === 'own')).toHaveLength(3);
    },
  );

  it('an earlier one that gives a copy of the config, asynchronously, keeps the retries', async () => {
    await using server = await flakyServer(unavailable, ok);
    const instance = create();
    instance.interceptors.request.use(async (config) => Promise.resolve({ ...config }));
    attachRetry(instance, AT_ONCE);
    expect((await instance.get(server.url)).retry?.attempts).toHaveLength(2);
  });

  // Older versions of axios fail such a request themselves.
  describe
    .skipIf(onOldest)
    .each<[string, (config: InternalAxiosRequestConfig) => InternalAxiosRequestConfig]>([
      ['freezes', (config) => Object.freeze(config)],
      ['seals', (config) => Object.seal(config)],
    ])('an earlier one that %s the config', (_, close) => {
    it.each(['attachRetry', 'retryInterceptor'])('keeps the retries of %s', async (name) => {
      await using server = await flakyServer(unavailable, ok);
      const instance = create();
      if (name === 'attachRetry') attachRetry(instance, AT_ONCE);
      else instance.interceptors.request.use(retryInterceptor(AT_ONCE));
      instance.interceptors.request.use(close);
      const { config, retry } = await instance.get(server.url);
      expect(retry?.attempts).toHaveLength(2);
      expect(config.adapter).toEqual(axios.defaults.adapter);
    });

    it('leaves a request that was cancelled to end as such', async () => {
      const instance = attached();
      instance.interceptors.request.use(close);
      const error = await failureOf(instance.get('http://127.0.0.1/', { signal: AbortSignal.abort() }));
      expect([error.code, error.retry?.attempts]).toEqual(['ERR_CANCELED', []]);
    });
  });

  it('EDGE 35: a response interceptor that resolves errors runs once, after the last attempt', async () => {
    await using server = await flakyServer(unavailable);
    const instance = attached();
    let seen = 0;
    instance.interceptors.response.use(undefined, (error: { response: AxiosResponse }) => {
      seen += 1;
      return error.response;
    });
    const response = await instance.get(server.url);
    expect([response.status, seen, server.requests.length]).toEqual([503, 1, 3]);
    expect(response.retry).toBeUndefined();
  });

  it('EDGE 35: one that rejects a 200 is no failure of an attempt', async () => {
    await using server = await flakyServer(ok);
    const instance = attached();
    instance.interceptors.response.use(() => {
      throw new Error('not good enough');
    });
    expect((await failureOf(instance.get(server.url))).message).toBe('not good enough');
    expect(server.requests).toHaveLength(1);
  });

  it("one that repeats a request with the error's own config gets a new operation", async () => {
    await using server = await flakyServer(status(401), unavailable, ok);
    const instance = attached({ maxAttempts: 2 });
    instance.interceptors.response.use(undefined, async (error: { config: InternalAxiosRequestConfig }) => {
      error.config.headers.set('Authorization', 'Bearer new');
      return instance.request(error.config);
    });
    const response = await instance.get(server.url);
    expect(response.retry?.attempts).toHaveLength(2);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      'Bearer new',
      'Bearer new',
    ]);
  });
});

describe('the config of a response', () => {
  it.each(ADAPTERS)('is the one of bare axios, at once and after a retry (%s)', async (adapter) => {
    await using server = await flakyServer(ok, ok, unavailable, ok);
    const given = { adapter, params: { q: 1 }, headers: { 'x-own': '1' }, timeout: 5_000 };
    const api = attached();
    const responses = [
      await create().get(server.url, given),
      await api.get(server.url, given),
      await api.get(server.url, given),
    ];
    const [bare, ...retried] = responses.map(({ config }) => ({
      ...config,
      headers: config.headers.toJSON(),
    }));
    expect(retried).toEqual([bare, bare]);
  });

  it('has no members more when an interceptor runs after that of the retries', async () => {
    const instance = create();
    instance.interceptors.request.use((config) => config);
    attachRetry(instance, AT_ONCE);
    await using server = await flakyServer(ok);
    const [bare, response] = [await create().get(server.url), await instance.get(server.url)];
    expect(Object.keys(response.config)).toEqual(Object.keys(bare.config));
  });
});

describe('a later interceptor', () => {
  // Older versions of axios fail such a request themselves.
  it.skipIf(onOldest).each<[string, (config: InternalAxiosRequestConfig) => InternalAxiosRequestConfig]>([
    ['freezes the config', (config) => Object.freeze(config)],
    ['seals the config', (config) => Object.seal(config)],
    ['fixes a member of it', (config) => Object.defineProperty(config, 'method', { writable: false })],
  ])('that %s keeps the retries', async (_, close) => {
    await using server = await flakyServer(unavailable, ok);
    const instance = create();
    instance.interceptors.request.use(close);
    attachRetry(instance, AT_ONCE);
    const { config, retry } = await instance.put(server.url, { a: 1 });
    expect(retry?.attempts).toHaveLength(2);
    expect([config.adapter, config.data]).toEqual([axios.defaults.adapter, '{"a":1}']);
  });
});

describe('adapters', () => {
  it("a user's own gets each attempt with headers of its own", async () => {
    const configs: InternalAxiosRequestConfig[] = [];
    const adapter: AxiosAdapter = async (config) => {
      configs.push(config);
      config.headers.set('X-Attempts', `${String(config.headers.get('X-Attempts') ?? '')}+`);
      await Promise.resolve();
      if (configs.length < 3) throw new AxiosError('lost', 'ERR_NETWORK', config);
      return { data: '', status: 200, statusText: '', headers: {}, config };
    };
    await attached().get('http://127.0.0.1/', { adapter });
    expect(configs.map(({ headers }) => headers.get('X-Attempts'))).toEqual(['+', '+', '+']);
    expect(configs.map((config) => config.adapter)).toEqual([adapter, adapter, adapter]);
  });

  it('one that throws at once, without a promise, is retried like any other', async () => {
    let sent = 0;
    const adapter = ((config) => {
      sent += 1;
      throw new AxiosError('lost', 'ERR_NETWORK', config);
    }) as AxiosAdapter;
    expect((await failureOf(attached().get('http://127.0.0.1/', { adapter }))).code).toBe('ERR_NETWORK');
    expect(sent).toBe(3);
  });

  it('a list of which none is supported fails as in bare axios', async () => {
    const adapter = 'telegraph' as 'http';
    const error = await failureOf(attached().get('http://127.0.0.1/', { adapter }));
    const bare = await failureOf(axios.get('http://127.0.0.1/', { adapter }));
    expect([error.message, error.code]).toEqual([bare.message, bare.code]);
  });

  it('EDGE "attached to an instance and to the global axios": one retry loop', async () => {
    await using server = await flakyServer(unavailable);
    using _ = attachRetry(axios, AT_ONCE);
    await failureOf(attached().get(server.url));
    expect(server.requests).toHaveLength(3);
    await failureOf(axios.get(server.url));
    expect(server.requests).toHaveLength(6);
  });

  it.each([
    ['attachRetry', attached],
    [
      'another one',
      () => {
        const instance = create();
        instance.interceptors.request.use(retryInterceptor(AT_ONCE));
        return instance;
      },
    ],
  ])('retryInterceptor by hand beside %s: one retry loop', async (_, make) => {
    await using server = await flakyServer(unavailable);
    const instance = make();
    const interceptor = retryInterceptor({ ...AT_ONCE, maxAttempts: 2 });
    instance.interceptors.request.use(interceptor);
    const error = await failureOf(instance.get(server.url));
    // The one that was registered last runs first.
    expect([server.requests.length, error.retry?.attempts.length]).toEqual([2, 2]);
    expect(interceptor.engine.statistics.snapshot().totalOperations).toBe(1);
  });
});
