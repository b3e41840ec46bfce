// What a request leaves in its result, for those who send it again, and what is made of odd adapters and URLs.
import type { AxiosAdapter, AxiosRequestConfig, AxiosResponse } from 'axios';
import { describe, expect, it } from 'vitest';

import { flakyServer, ok, unavailable } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { attached, failureOf, onOldest } from './servers/attached.ts';

const answering =
  (status: number): AxiosAdapter =>
  (config) =>
    Promise.resolve({ data: '', status, statusText: '', headers: {}, config });

describe('the config of a result', () => {
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
});
