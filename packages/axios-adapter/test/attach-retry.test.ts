import { getRetryStatistics, RetryConfigError } from '@tenax/core';
import axios, { AxiosError, create } from 'axios';
import type { AxiosAdapter, AxiosInstance, AxiosRequestConfig, InternalAxiosRequestConfig } from 'axios';
import oldest from 'axios-oldest';
import { describe, expect, it } from 'vitest';

import { flakyServer, ok, status, unavailable } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { attachRetry, retryInterceptor } from '../src/index.ts';
import { AT_ONCE, attached, failureOf, onOldest } from './servers/attached.ts';

/** The interceptors of an instance, which has no other way to look at them. */
function interceptorsOf(instance: AxiosInstance): unknown[] {
  const found: unknown[] = [];
  const { request } = instance.interceptors as unknown as {
    request: { forEach(visit: (each: unknown) => void): void };
  };
  request.forEach((each) => found.push(each));
  return found;
}

describe('attachRetry', () => {
  it('a second time on one instance is a clear error', () => {
    const instance = create();
    attachRetry(instance);
    expect(() => attachRetry(instance)).toThrow(RetryConfigError);
    expect(() => attachRetry(instance)).toThrow(/instance.*detach\(\)/u);
    expect(interceptorsOf(instance)).toHaveLength(1);
  });

  it.each([undefined, null, {}, create, 'axios'])('refuses %s', (value) => {
    expect(() => attachRetry(value as AxiosInstance)).toThrow(RetryConfigError);
  });

  it.each([null, false, 5, 'fast', [], () => 1])('refuses %s as options', (options) => {
    expect(() => attachRetry(create(), options as never)).toThrow(/^options: given/u);
    expect(() => retryInterceptor(options as never)).toThrow(/^options: given/u);
  });

  it('an undefined `throwOnExhausted` is the default, and inherited options count', () => {
    const { policy } = retryInterceptor(
      Object.create({ maxAttempts: 7, throwOnExhausted: undefined }) as object,
    ).engine;
    expect(policy).toMatchObject({ maxAttempts: 7, throwOnExhausted: false });
  });

  it('refuses wrong options and leaves the instance as it was', () => {
    const instance = create();
    expect(() => attachRetry(instance, { retries: 3 } as object)).toThrow(/retries/u);
    expect(interceptorsOf(instance)).toEqual([]);
    attachRetry(instance);
  });

  it('detach restores the instance; a second call does nothing', async () => {
    await using server = await flakyServer(unavailable);
    const instance = create();
    const { adapter } = instance.defaults;
    const handle = attachRetry(instance, AT_ONCE);
    handle.detach();
    handle.detach();
    const error = await failureOf(instance.get(server.url));
    expect(server.requests).toHaveLength(1);
    expect(error.retry).toBeUndefined();
    expect(instance.defaults.adapter).toBe(adapter);
    expect(interceptorsOf(instance)).toEqual([]);
    attachRetry(instance);
    handle.detach();
    expect(interceptorsOf(instance)).toHaveLength(1);
  });

  it('clear() of the interceptors takes it off too; what comes after that stays', () => {
    const instance = create();
    const handle = attachRetry(instance);
    instance.interceptors.request.clear();
    const own = (config: InternalAxiosRequestConfig): InternalAxiosRequestConfig => config;
    instance.interceptors.request.use(own);
    handle.detach();
    expect(interceptorsOf(instance)).toMatchObject([{ fulfilled: own }]);
    const first = attachRetry(instance);
    instance.interceptors.request.clear();
    using second = attachRetry(instance);
    first.detach();
    expect(interceptorsOf(instance)).toHaveLength(1);
    expect(() => attachRetry(instance)).toThrow(RetryConfigError);
    expect(second.engine).not.toBe(first.engine);
  });

  it('detach takes its own off where another was ejected before', () => {
    const instance = create();
    const { request } = instance.interceptors;
    const id = request.use((config) => config);
    const handle = attachRetry(instance);
    request.eject(id);
    expect(() => attachRetry(instance)).toThrow(RetryConfigError);
    handle.detach();
    expect(interceptorsOf(instance)).toEqual([]);
  });

  it('works where the list of interceptors is not to be seen', async () => {
    await using server = await flakyServer(unavailable, ok);
    const instance = create();
    const { request } = instance.interceptors;
    instance.interceptors.request = new Proxy(request, {
      get: (target, name) => {
        const value: unknown = name === 'handlers' ? undefined : Reflect.get(target, name);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
    const handle = attachRetry(instance, AT_ONCE);
    expect(() => attachRetry(instance)).toThrow(RetryConfigError);
    expect((await instance.get(server.url)).retry?.attempts).toHaveLength(2);
    handle.detach();
    instance.interceptors.request = request;
    expect(interceptorsOf(instance)).toEqual([]);
  });

  it('detach leaves a request that is under way its retries', async () => {
    const instance = create();
    const handle = attachRetry(instance, AT_ONCE);
    await using server = await flakyServer((response) => {
      handle.detach();
      response.writeHead(503).end();
    }, ok);
    expect((await instance.get(server.url)).status).toBe(200);
  });

  it('using gives it back at the end of the block', () => {
    const instance = create();
    {
      using handle = attachRetry(instance, { maxAttempts: 7 });
      expect(handle.engine.policy.maxAttempts).toBe(7);
    }
    expect(interceptorsOf(instance)).toEqual([]);
  });

  it('instances made with create() from an attached one do not inherit', async () => {
    await using server = await flakyServer(unavailable);
    using _ = attachRetry(axios, AT_ONCE);
    const child = create();
    const grandchild = (child as AxiosInstance & { create(): AxiosInstance }).create();
    await failureOf(child.get(server.url));
    await failureOf(grandchild.get(server.url));
    expect(server.requests).toHaveLength(2);
  });

  it('works on an instance of another copy of axios', async () => {
    await using server = await flakyServer(unavailable, ok, status(404));
    const instance = oldest.create() as unknown as AxiosInstance;
    attachRetry(instance, AT_ONCE);
    expect((await instance.get(server.url)).retry?.attempts).toHaveLength(2);
    expect((await failureOf(instance.get(server.url))).code).toBe('ERR_BAD_REQUEST');
  });

  it('counts its operations in its own engine', async () => {
    await using server = await flakyServer(unavailable, ok);
    const instance = create();
    const { engine } = attachRetry(instance, AT_ONCE);
    await instance.get(server.url);
    expect(engine.statistics.snapshot()).toMatchObject({ totalOperations: 1, totalAttempts: 2 });
  });
});

describe('retryInterceptor', () => {
  it('works by hand, on the global axios too', async () => {
    await using server = await flakyServer(unavailable, ok);
    const id = axios.interceptors.request.use(retryInterceptor(AT_ONCE));
    const response = await axios.get(server.url).finally(() => {
      axios.interceptors.request.eject(id);
    });
    expect(response.retry?.attempts).toHaveLength(2);
  });
});

describe('config.retry', () => {
  it('overrides single options, and the others stay', async () => {
    await using server = await flakyServer(unavailable);
    const instance = attached({ maxAttempts: 2, statusCodes: [503] });
    await failureOf(instance.get(server.url, { retry: { maxAttempts: 4 } }));
    expect(server.requests).toHaveLength(4);
    await failureOf(instance.get(server.url, { retry: { maxAttempts: undefined } }));
    expect(server.requests).toHaveLength(6);
  });

  it('false sends once', async () => {
    await using server = await flakyServer(unavailable);
    const error = await failureOf(attached().get(server.url, { retry: false }));
    expect([server.requests.length, error.retry?.attempts.length]).toEqual([1, 1]);
  });

  it.each([true, 3, null, { attempts: 3 }, { maxAttempts: 0 }])(
    '%j is a clear error before anything is sent',
    async (retry) => {
      await using server = await flakyServer(ok);
      const config = { retry } as AxiosRequestConfig;
      expect(await failureOf(attached().get(server.url, config))).toBeInstanceOf(RetryConfigError);
      expect(server.requests).toHaveLength(0);
    },
  );

  it('in the defaults of an instance holds for its requests', async () => {
    await using server = await flakyServer(unavailable);
    const instance = attached();
    instance.defaults.retry = { maxAttempts: 2 };
    await failureOf(instance.get(server.url));
    expect(server.requests).toHaveLength(2);
  });

  it('keeps its functions and classes when it meets one in the defaults', async () => {
    await using server = await flakyServer(unavailable);
    const instance = attached();
    instance.defaults.retry = { shouldRetry: () => false };
    const error = await failureOf(
      instance.get(server.url, {
        retry: { retryableErrors: [RangeError], hooks: { onRetry: () => undefined } },
      }),
    );
    expect(error.retry?.reason).toBe('should_not_retry');
  });

  it('EDGE "state of a retry lives in a closure": parallel requests share one config object', async () => {
    await using server = await flakyServer(unavailable);
    const config: AxiosRequestConfig = {
      headers: { 'X-Own': '1' },
      params: { a: 1 },
      retry: { maxAttempts: 3 },
    };
    const before = structuredClone(config);
    const instance = attached();
    const errors = await Promise.all(
      Array.from({ length: 10 }, () => failureOf(instance.get(server.url, config))),
    );
    expect(errors.map(({ retry }) => retry?.attempts.length)).toEqual(Array(10).fill(3));
    expect(server.requests).toHaveLength(30);
    expect(config).toEqual(before);
  });

  it('a frozen config is as good as any', async () => {
    await using server = await flakyServer(unavailable, ok);
    const config = Object.freeze({ headers: Object.freeze({ 'X-Own': '1' }), retry: Object.freeze({}) });
    expect((await attached().get(server.url, config)).retry?.attempts).toHaveLength(2);
  });
});

describe("a request's adapter", () => {
  it.each([
    ['names, looked up in their order', ['fetch', 'xhr', 'http'] as const, true],
    ['one name', 'fetch', true],
    ['names that this platform has not, but one', ['xhr', 'http'] as const, false],
  ])('is the one that it asks for, whatever others ask for: %s', async (_, adapter, isFetch) => {
    await using server = await flakyServer(unavailable, ok, unavailable, ok, unavailable, ok);
    const instance = attached();
    const usual = await instance.get(server.url);
    const asked = await instance.get(server.url, {
      adapter: typeof adapter === 'string' ? adapter : [...adapter],
    });
    const after = await instance.get(server.url);
    const isFetched = [usual, asked, after].map(({ request }) => (request as unknown) instanceof Request);
    expect(isFetched).toEqual([false, isFetch, false]);
    for (const { retry } of [usual, asked, after]) expect(retry?.attempts).toHaveLength(2);
  });

  it('is in the config of the response as axios leaves it there, in a list of its own', async () => {
    await using server = await flakyServer(ok);
    const instance = attached();
    const bare = await axios.get(server.url);
    const [one, other] = [await instance.get(server.url), await instance.get(server.url)];
    expect(one.config.adapter).toEqual(bare.config.adapter);
    expect(other.config.adapter).toEqual(bare.config.adapter);
    expect(other.config.adapter).not.toBe(one.config.adapter);
  });

  it.skipIf(onOldest)('is the fetch of its own `env`, though it asks for the same names', async () => {
    const answering = (text: string) => async () => Promise.resolve(new Response(text));
    const instance = attached({}, { adapter: ['fetch'] });
    const texts = ['one', 'other'].map(async (text) => {
      const env = { fetch: answering(text) };
      const { data } = await instance.get<string>('http://127.0.0.1/', { env });
      return data;
    });
    expect(await Promise.all(texts)).toEqual(['one', 'other']);
  });

  it.skipIf(onOldest)('is fetch again after a request whose `env` has none', async () => {
    await using server = await flakyServer(ok);
    const instance = attached({}, { adapter: ['fetch', 'http'] });
    const without = await instance.get(server.url, { env: { fetch: 'none' as never } });
    const after = await instance.get(server.url);
    const isFetched = [without, after].map(({ request }) => (request as unknown) instanceof Request);
    expect(isFetched).toEqual([false, true]);
  });
});

describe('statistics', () => {
  it('are on response and error, not enumerable, and the same as getRetryStatistics gives', async () => {
    await using server = await flakyServer(unavailable, ok, unavailable);
    const instance = attached();
    const response = await instance.get(server.url);
    const error = await failureOf(instance.get(server.url));
    for (const ended of [response, error]) {
      expect(ended.retry).toEqual(getRetryStatistics(ended));
      expect(Object.keys(ended)).not.toContain('retry');
    }
    expect(response.retry).toMatchObject({ result: 'success', key: new URL(server.url).origin });
    expect(error.retry).toMatchObject({ result: 'retry_exhausted', reason: 'attempts_exhausted' });
  });

  it('are not on a proxy or a copy with the same prototype, as frameworks and libraries make them', async () => {
    await using server = await flakyServer(ok, unavailable);
    const instance = attached();
    for (const ended of [await instance.get(server.url), await failureOf(instance.get(server.url))]) {
      expect(ended.retry).toBeDefined();
      expect(new Proxy(ended, {}).retry).toBeUndefined();
      const copy = Object.create(ended) as typeof ended;
      expect([copy.retry, getRetryStatistics(copy)]).toEqual([undefined, undefined]);
    }
  });

  it("are not where the caller's own adapter has put something of that name", async () => {
    const adapter: AxiosAdapter = async (config) =>
      Promise.resolve({ data: 1, status: 200, statusText: '', headers: {}, config, retry: 'own' } as never);
    const response = await attached().get('http://127.0.0.1/', { adapter });
    expect(response.retry).toBe('own');
    expect(getRetryStatistics(response)?.attempts).toHaveLength(1);
  });

  it.each([
    ['', (adapter: AxiosAdapter) => adapter, { cached: true }],
    [', in a list too,', (adapter: AxiosAdapter) => [adapter], {}],
  ])(
    "are on a response of the caller's own adapter, which%s stays that object with all that it has",
    async (_, given, more) => {
      const made = { data: 1, status: 200, statusText: '', headers: {}, request: {}, ...more };
      const responses: object[] = [];
      const adapter: AxiosAdapter = async (config) => {
        const response = { ...made, config };
        responses.push(response);
        return Promise.resolve(response);
      };
      const response = await attached().get('http://127.0.0.1/', { adapter: given(adapter) });
      expect(responses).toEqual([response]);
      expect(response).toBe(responses[0]);
      expect(response).toMatchObject(more);
      expect(response.retry?.attempts).toHaveLength(1);
    },
  );

  it('EDGE 34: leave JSON.stringify(error) and error.toJSON() as bare axios has them', async () => {
    await using server = await flakyServer(unavailable);
    const config: AxiosRequestConfig = { params: { a: 1 }, headers: { 'X-Own': '1' } };
    const error = await failureOf(attached().get(server.url, config));
    const bare = await failureOf(axios.get(server.url, config));
    const withoutStack = (each: unknown): object => ({ ...(each as object), stack: '' });
    expect(withoutStack(error.toJSON())).toEqual(withoutStack(bare.toJSON()));
    expect(withoutStack(JSON.parse(JSON.stringify(error)))).toEqual(
      withoutStack(JSON.parse(JSON.stringify(bare))),
    );
    expect(Object.keys(error).toSorted()).toEqual(Object.keys(bare).toSorted());
  });

  it('EDGE 34: an error without a config, without anything, keeps its identity', async () => {
    const adapter = (thrown: unknown) => async (): Promise<never> => Promise.reject(thrown);
    const instance = attached();
    const frozen = Object.freeze(new Error('frozen'));
    for (const thrown of [frozen, 'text', undefined, null, new AxiosError('bare')]) {
      const caught = await instance
        .get('http://127.0.0.1/', { adapter: adapter(thrown) })
        .catch((error: unknown) => error);
      expect(caught).toBe(thrown);
    }
    expect(getRetryStatistics(frozen)?.attempts).toHaveLength(3);
  });

  it('hold no secret of the request', async () => {
    await using server = await flakyServer(unavailable);
    const url = server.url.replace('//', '//user:hunter2@');
    const error = await failureOf(
      attached().get(url, { params: { token: 'hunter2' }, headers: { Cookie: 'hunter2' } }),
    );
    expect(JSON.stringify(error.retry)).not.toContain('hunter2');
  });
});
