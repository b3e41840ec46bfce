// What a request leaves in its result, for those who send it again, and what is made of odd adapters and URLs.
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { instrument } from '@tenax/core';
import type { Instrumentation, RequestDescription, ShouldRetryContext } from '@tenax/core';
import axios, { AxiosError, create } from 'axios';
import type { AxiosAdapter, AxiosInstance, AxiosRequestConfig, AxiosResponse, AxiosStatic } from 'axios';
import { describe, expect, it, vi } from 'vitest';

import { flakyServer, ok, status, unavailable } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { attachRetry, retryInterceptor } from '../src/index.ts';
import { ADAPTERS, AT_ONCE, attached, failureOf, onOldest } from './servers/attached.ts';

const answering =
  (code: number): AxiosAdapter =>
  (config) =>
    Promise.resolve({ data: '', status: code, statusText: '', headers: {}, config });

describe('the config of a result', () => {
  it.each(
    ADAPTERS.flatMap(
      (adapter) =>
        [
          [adapter, {}, undefined, 200],
          [adapter, {}, undefined, 503],
          [adapter, { timeout: 5000, attemptHeaders: true }, 'stream', 200],
        ] as const,
    ),
  )(
    'is the one that interceptors have seen, with the %s adapter and %j',
    async (adapter, options, body, code) => {
      await using server = await flakyServer(unavailable, status(code));
      const known = new Set<object>();
      const instance = attached(options, { adapter });
      instance.interceptors.request.use((config) => {
        known.add(config);
        return config;
      });
      const data = body && Readable.from([Buffer.from(body)]);
      const request = instance.put(server.url, data);
      const result = code === 200 ? { response: await request } : await failureOf(request);
      const configs = ['config' in result ? result.config : undefined, result.response?.config];
      expect(configs.filter(Boolean).every((config) => known.has(config as object))).toBe(true);
      expect([result.response?.status, configs[1]?.data]).toEqual([code, data]);
    },
  );

  it.each<[string, (instance: AxiosInstance) => unknown]>([
    ['attachRetry', (instance) => attachRetry(instance, AT_ONCE)],
    ['retryInterceptor', (instance) => instance.interceptors.request.use(retryInterceptor(AT_ONCE))],
  ])('is the one that an interceptor has seen which %s comes after', async (_, add) => {
    await using server = await flakyServer(ok, unavailable, ok, status(404));
    const known = new Set<object | undefined>();
    const instance = create();
    instance.interceptors.request.use((config) => {
      known.add(config);
      return config;
    });
    add(instance);
    const responses = [await instance.get(server.url), await instance.get(server.url)];
    const error = await failureOf(instance.get(server.url));
    const configs = [...responses, error, error.response].map((result) => result?.config);
    expect(configs.map((config) => known.has(config))).toEqual([true, true, true, true]);
    expect(configs.map((config) => config?.adapter)).toEqual(Array(4).fill(axios.defaults.adapter));
  });

  it.each(['onUploadProgress', 'onDownloadProgress'] as const)("has the caller's own %s", async (name) => {
    const listener = (): void => undefined;
    const options: AxiosRequestConfig = { adapter: answering(200), [name]: listener };
    const { config } = await attached().get('http://127.0.0.1/', options);
    expect(config[name]).toBe(listener);
  });

  it.each([{ attemptTimeout: 5000 }, { timeout: 5000 }, { hedge: { delay: 5000 } }])(
    "has the caller's own signal, or none, with %j",
    async (options) => {
      await using server = await flakyServer(unavailable, ok);
      const { signal } = new AbortController();
      const instance = attached(options);
      const { config } = await instance.get(server.url, { signal });
      expect(config.signal).toBe(signal);
      expect((await instance.get(server.url)).config).not.toHaveProperty('signal');
    },
  );
});

describe('the config that an adapter of the user has', () => {
  it('is the one of the interceptors, as with bare axios', async () => {
    const instance = attached();
    let seen: unknown;
    instance.interceptors.request.use((config) => (seen = config));
    const { config } = await instance.get('http://127.0.0.1/', { adapter: answering(200) });
    expect(config).toBe(seen);
  });

  it('is at each retry as if none had been sent before, whatever the adapter does to it', async () => {
    const seen: unknown[] = [];
    const adapter: AxiosAdapter = (config) => {
      seen.push([config.url, config.headers.get('X-Sent'), config.data]);
      config.headers.set('X-Sent', 'yes');
      Object.assign(config, { url: 'http://elsewhere.example/', data: 'changed' });
      const response = { data: '', status: 503, statusText: '', headers: {}, config };
      return Promise.reject(new AxiosError('busy', 'ERR_BAD_RESPONSE', config, undefined, response));
    };
    await failureOf(attached().put('http://127.0.0.1/', 'body', { adapter }));
    const asGiven = ['http://127.0.0.1/', undefined, 'body'];
    expect(seen).toEqual([asGiven, asGiven, asGiven]);
  });
});

describe('an adapter', () => {
  it.each([undefined, null])('that gives %s rejects, beside a signal too', async (nothing) => {
    const adapter = (): Promise<AxiosResponse> => Promise.resolve(nothing as unknown as AxiosResponse);
    const { signal } = new AbortController();
    const error = await failureOf(attached().get('http://127.0.0.1/', { adapter, signal }));
    expect(error).toBeInstanceOf(TypeError);
  });

  it.each([undefined, null, ''])(
    'that an interceptor leaves as %j is the default one, retried',
    async (none) => {
      await using server = await flakyServer(unavailable, ok);
      const instance = attached();
      instance.interceptors.request.use((config) => Object.assign(config, { adapter: none }));
      expect((await instance.get(server.url)).retry?.attempts).toHaveLength(2);
    },
  );
});

// The copy for `require` is of the version that the package has, so that of the oldest is not there.
describe.skipIf(onOldest)('the error of an instance that was made by require("axios")', () => {
  const required = createRequire(import.meta.url)('axios') as AxiosStatic;
  const attachedToRequired = (): AxiosInstance => {
    const instance = required.create();
    attachRetry(instance, AT_ONCE);
    return instance;
  };

  it.each(ADAPTERS)('is an AxiosError of that copy, with the %s adapter', async (adapter) => {
    await using server = await flakyServer(unavailable);
    const error = await failureOf(attachedToRequired().get(server.url, { adapter }));
    expect(error).toBeInstanceOf(required.AxiosError);
    expect(error.retry?.attempts).toHaveLength(3);
  });

  it('is a CanceledError of that copy after an abort', async () => {
    const controller = new AbortController();
    await using server = await flakyServer(() => {
      controller.abort();
    });
    const error = await failureOf(attachedToRequired().get(server.url, { signal: controller.signal }));
    expect(error).toBeInstanceOf(required.CanceledError);
  });
});

describe.skipIf(onOldest)('the oldest axios, by require("axios")', () => {
  // In a process of its own, where it is the only one.
  it.each(ADAPTERS)(
    'sends the same headers again, and shows those of the answer, with the %s adapter',
    async (adapter) => {
      const program = fileURLToPath(new URL('servers/required-program.ts', import.meta.url));
      const { stdout } = await promisify(execFile)(process.execPath, [program, adapter]);
      const seen = JSON.parse(stdout) as { hints: unknown[]; requests: { headers: object }[] };
      const [first, ...others] = seen.requests;
      expect(first?.headers).toMatchObject({ 'content-type': 'application/json', 'x-own': 'one' });
      expect(others).toEqual([first]);
      expect(seen).toMatchObject({ version: '1.7.0', hints: ['1', null], isOfTheCopy: true });
    },
  );
});

describe('transitional: null, from an interceptor', () => {
  it('means the default order of interceptors, as in axios', async () => {
    const instance = attached({}, { adapter: answering(200) });
    instance.interceptors.request.use((config) => Object.assign(config, { transitional: null }));
    expect((await instance.get('http://127.0.0.1/')).status).toBe(200);
  });
});

describe('the destination', () => {
  it('of a URL object is its origin', async () => {
    await using server = await flakyServer(ok);
    const response = await attached().get(new URL(server.url) as unknown as string);
    expect(response.retry?.key).toBe(new URL(server.url).origin);
  });

  it.skipIf(onOldest)('with allowAbsoluteUrls: false is that of baseURL', async () => {
    const options = { adapter: answering(200), baseURL: 'http://a.example/', allowAbsoluteUrls: false };
    const response = await attached().get('http://b.example/x', options);
    expect(response.retry?.key).toBe('http://a.example');
  });

  it.each([
    ['http://a.example/v1/', '/users', 'http://a.example/v1/users?q=1'],
    ['http://a.example/v1', 'users', 'http://a.example/v1/users?q=1'],
    ['http://a.example/v1/', '', 'http://a.example/v1/?q=1'],
    ['http://a.example/v1', 'http://b.example/x', 'http://b.example/x?q=1'],
  ])('of %s and %s is asked for with the URL that axios sends', async (baseURL, url, sent) => {
    const seen: unknown[] = [];
    const note = ({ url: one }: { readonly url?: string | undefined }): string => {
      seen.push(one);
      return 'noted';
    };
    const options = { key: note, idempotencyKey: note };
    const config = { adapter: answering(200), baseURL, params: { q: 1 } };
    await attached(options).post(url, '', config);
    expect(seen).toEqual([sent, sent]);
  });

  it('of a URL object as baseURL is its origin, and asked for as text', async () => {
    const seen: unknown[] = [];
    const idempotencyKey = ({ url }: RequestDescription): string => String(seen.push(url));
    const config = { adapter: answering(200), baseURL: new URL('http://a.example/v1') as unknown as string };
    const response = await attached({ idempotencyKey }).post('', '', config);
    expect([response.retry?.key, seen]).toEqual(['http://a.example', ['http://a.example/v1']]);
  });

  it('is put together once, whoever asks for it', async () => {
    let count = 0;
    const seen: unknown[] = [];
    const note = ({ url }: RequestDescription): string => String(seen.push(url));
    const shouldRetry = (_: unknown, { request }: ShouldRetryContext): undefined => void note(request);
    const options = { key: note, idempotencyKey: note, shouldRetry };
    const paramsSerializer = (): string => `at=${(count += 1)}`;
    const config = { adapter: answering(200), params: {}, paramsSerializer };
    await attached(options).post('http://a.example/x', '', config);
    expect(seen).toEqual(Array.from({ length: 3 }, () => 'http://a.example/x?at=1'));
  });

  it('is told to whoever observes without params, which nobody is asked to put into words for that', async () => {
    const paramsSerializer = vi.fn<() => string>(() => 'q=1');
    const operationStarted = vi.fn<Instrumentation['operationStarted']>(() => undefined);
    using _ = instrument({ operationStarted });
    const config = {
      adapter: answering(200),
      baseURL: 'http://a.example/v1/',
      params: { q: 1 },
      paramsSerializer,
    };
    await attached().get('/users', config);
    expect(operationStarted.mock.calls).toMatchObject([[{ url: 'http://a.example/v1/users' }]]);
    expect(paramsSerializer).not.toHaveBeenCalled();
  });

  it('of params that cannot be put into words is asked for without them', async () => {
    const seen: unknown[] = [];
    const key = ({ url }: { readonly url?: string | undefined }): string => String(seen.push(url));
    const paramsSerializer = (): never => {
      throw new Error('no words');
    };
    const config = { adapter: answering(200), params: { q: 1 }, paramsSerializer };
    await attached({ key }).get('http://a.example/x', config);
    expect(seen).toEqual(['http://a.example/x']);
  });
});
