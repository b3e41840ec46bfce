// The caller's wish to stop: a signal, the older CancelToken, or both. axios answers each with a CanceledError.
import { getEventListeners } from 'node:events';

import type { RetryOptions } from '@tenax/core';
import { AxiosError, CanceledError, create, isCancel } from 'axios';
import type { AxiosAdapter, AxiosRequestConfig, InternalAxiosRequestConfig } from 'axios';
import FormDataPackage from 'form-data';
import { describe, expect, it, vi } from 'vitest';

import { flakyServer, ok, silence, unavailable } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { attachRetry, retryInterceptor } from '../src/index.ts';
import { ADAPTERS, attached, cancelSource, failureOf, listenersOf, onOldest } from './servers/attached.ts';

interface Stop {
  readonly config: AxiosRequestConfig;
  stop(): void;
  /** How many listeners are left. */
  listeners(): number;
}

const KINDS: Record<string, () => Stop> = {
  signal: () => {
    const controller = new AbortController();
    return {
      config: { signal: controller.signal },
      stop: () => {
        controller.abort(new Error('enough'));
      },
      listeners: () => getEventListeners(controller.signal, 'abort').length,
    };
  },
  cancelToken: () => {
    const { cancel, token } = cancelSource();
    return {
      config: { cancelToken: token },
      stop: () => {
        cancel('enough');
      },
      listeners: () => listenersOf(token),
    };
  },
  'signal and cancelToken': () => {
    const controller = new AbortController();
    const { token } = cancelSource();
    return {
      config: { signal: controller.signal, cancelToken: token },
      stop: () => {
        controller.abort();
      },
      listeners: () => getEventListeners(controller.signal, 'abort').length + listenersOf(token),
    };
  },
};

function expectCanceled(error: unknown): void {
  expect(isCancel(error)).toBe(true);
  expect(error).toMatchObject({ name: 'CanceledError', code: 'ERR_CANCELED' });
}

const CASES = ADAPTERS.flatMap((adapter) => Object.keys(KINDS).map((kind) => [adapter, kind] as const));

describe.each(CASES)('with the %s adapter, a %s', (adapter, kind) => {
  const begin = KINDS[kind] as () => Stop;

  it('EDGE 2: that stopped before sends nothing', async () => {
    await using server = await flakyServer(ok);
    const stop = begin();
    stop.stop();
    for (const heard of [{}, { onDownloadProgress: () => undefined }]) {
      expectCanceled(
        await failureOf(attached({}, { adapter }).get(server.url, { ...stop.config, ...heard })),
      );
    }
    expect([server.requests.length, stop.listeners()]).toEqual([0, 0]);
  });

  it('that stopped before is an operation without attempts, with the error of bare axios', async () => {
    const stop = begin();
    stop.stop();
    const transformRequest = vi.fn<(data: unknown) => unknown>();
    const config = { ...stop.config, transformRequest };
    const [error, bare] = await Promise.all(
      [attached({}, { adapter }), create({ adapter })].map((api) =>
        failureOf(api.get('http://127.0.0.1:1/', config)),
      ),
    );
    expect(error?.retry).toMatchObject({ result: 'aborted', reason: 'caller_aborted', attempts: [] });
    expect(transformRequest).not.toHaveBeenCalled();
    for (const name of ['signal', 'cancelToken', 'transformRequest'] as const)
      expect(error?.config?.[name]).toEqual(bare?.config?.[name]);
  });

  it('that stopped before leaves the body to be sent as JSON by whoever sends its config again', async () => {
    await using server = await flakyServer(ok);
    const stop = begin();
    stop.stop();
    const instance = attached({}, { adapter });
    let held: InternalAxiosRequestConfig | undefined;
    instance.interceptors.request.use((config) => (held = config));
    expectCanceled(await failureOf(instance.post(server.url, { a: 1 }, stop.config)));
    const again = { ...held, signal: undefined, cancelToken: undefined };
    await create({ adapter }).request(again as unknown as AxiosRequestConfig);
    expect(server.requests[0]?.body.toString()).toBe('{"a":1}');
  });

  it('that stopped before sends nothing by the adapter of a copy that a later interceptor makes', async () => {
    const stop = begin();
    stop.stop();
    const own = vi.fn<AxiosAdapter>();
    const instance = create({ adapter });
    instance.interceptors.request.use((config) => ({ ...config, adapter: own }));
    attachRetry(instance);
    expectCanceled(await failureOf(instance.post('http://127.0.0.1:1/', { a: 1 }, stop.config)));
    expect(own).not.toHaveBeenCalled();
  });

  it('that stopped before leaves the config as it is where interceptors may run later', async () => {
    const stop = begin();
    stop.stop();
    const instance = create({ adapter });
    instance.interceptors.request.use(retryInterceptor());
    const error = await failureOf(instance.get('http://127.0.0.1:1/', stop.config));
    expectCanceled(error);
    // The error of a cancelToken has none.
    expect(error.config?.adapter ?? adapter).toBe(adapter);
  });

  it.each([{}, { attemptTimeout: 5_000 }, { timeout: 5_000 }])(
    'EDGE 34: that stops during an attempt ends it, with %j',
    async (options) => {
      await using server = await flakyServer(unavailable, silence);
      const stop = begin();
      const ended = failureOf(attached(options, { adapter }).get(server.url, stop.config));
      await server.received(2);
      stop.stop();
      const error = await ended;
      expectCanceled(error);
      expect(error.retry).toMatchObject({ result: 'aborted', reason: 'caller_aborted' });
      expect([server.requests.length, stop.listeners()]).toEqual([2, 0]);
    },
  );

  // The fetch adapter of axios 1.7 listens to no token.
  it.skipIf(onOldest && adapter === 'fetch' && kind === 'cancelToken').each([{}, { attemptTimeout: 5_000 }])(
    'that stops after the answer ends a body that streams, with %j',
    async (options) => {
      await using server = await flakyServer((response) => {
        response.writeHead(200).write('begin');
      });
      const stop = begin();
      const config = { ...stop.config, responseType: 'stream' } as const;
      const { data } = await attached(options, { adapter }).get<AsyncIterable<unknown>>(server.url, config);
      const reading = (async () => {
        for await (const chunk of data) if (chunk) stop.stop();
      })();
      await expect(reading).rejects.toMatchObject({ code: 'ERR_CANCELED' });
      await server.idle();
    },
  );

  it('EDGE 1: that stops during a wait ends it at once, and nothing more is sent', async () => {
    await using server = await flakyServer(unavailable);
    const stop = begin();
    const instance = attached({ baseDelay: 60_000, maxDelay: 60_000, jitter: 'none' }, { adapter });
    let begun: (() => void) | undefined;
    const waiting = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const ended = failureOf(
      instance.get(server.url, { ...stop.config, retry: { hooks: { onRetry: () => begun?.() } } }),
    );
    await waiting;
    stop.stop();
    const error = await ended;
    expectCanceled(error);
    expect(error.retry?.attempts).toHaveLength(1);
    expect([server.requests.length, stop.listeners()]).toEqual([1, 0]);
  });

  it('leaves no listener after a success', async () => {
    await using server = await flakyServer(unavailable, ok);
    const stop = begin();
    await attached({}, { adapter }).get(server.url, stop.config);
    // axios 1.7 takes its own away a turn later.
    await vi.waitFor(() => {
      expect(stop.listeners()).toBe(0);
    });
  });

  it('EDGE "already cancelled or not: CanceledError, no hooks after it"', async () => {
    await using server = await flakyServer(unavailable);
    const stop = begin();
    const called: string[] = [];
    const instance = attached(
      {
        hooks: {
          onRetry: () => {
            called.push('onRetry');
            stop.stop();
          },
          beforeRetry: () => {
            called.push('beforeRetry');
          },
          onGiveUp: () => {
            called.push('onGiveUp');
          },
        },
      },
      { adapter },
    );
    expectCanceled(await failureOf(instance.get(server.url, stop.config)));
    expect(called).toEqual(['onRetry', 'onGiveUp']);
  });
});

describe('a cancellation', () => {
  it('by a token in a wait keeps its message', async () => {
    await using server = await flakyServer(unavailable);
    const { cancel, token } = cancelSource();
    const hooks = {
      onRetry: () => {
        cancel('not needed');
      },
    };
    const error = await failureOf(attached({ hooks }).get(server.url, { cancelToken: token }));
    expect(error.message).toBe('not needed');
  });

  it.each(
    ADAPTERS.flatMap((adapter) => [[adapter, {}] as const, [adapter, { attemptTimeout: 5_000 }] as const]),
  )("has the request's config, as in bare axios, with the %s adapter and %j", async (adapter, options) => {
    await using server = await flakyServer(silence);
    const controller = new AbortController();
    const instance = attached(options, { adapter });
    let seen: unknown;
    instance.interceptors.request.use((config) => (seen = config));
    const ended = failureOf(instance.get(server.url, { signal: controller.signal, params: { a: 1 } }));
    await server.received(1);
    controller.abort();
    const error = await ended;
    expect(error.config).toBe(seen);
    // By then the attempt that was given up has ended too.
    await new Promise(setImmediate);
    expect(error.config).toBe(seen);
    expect(error.config).toMatchObject({ params: { a: 1 }, signal: controller.signal });
  });

  it.each<[string, RetryOptions]>([
    ['the defaults say', {}],
    ['retryableErrors names', { retryableErrors: [AxiosError] }],
    ['shouldRetry says', { shouldRetry: () => true }],
  ])(
    "EDGE 34: by an adapter of the user's own, without a signal, is never retried, whatever %s",
    async (_, options) => {
      let sent = 0;
      const adapter = async (): Promise<never> => {
        sent += 1;
        return Promise.reject(new CanceledError());
      };
      expectCanceled(await failureOf(attached(options).get('http://127.0.0.1/', { adapter })));
      expect(sent).toBe(1);
    },
  );

  it.each(ADAPTERS)(
    "EDGE 5: by AbortSignal.timeout is the caller's, with the %s adapter",
    async (adapter) => {
      await using server = await flakyServer(silence);
      const signal = AbortSignal.timeout(30);
      const error = await failureOf(attached({}, { adapter }).get(server.url, { signal }));
      expect(error.code).toMatch(/ERR_CANCELED|ETIMEDOUT|ECONNABORTED/u);
      expect(server.requests).toHaveLength(1);
    },
  );

  it.each<RetryOptions>([{}, { attemptTimeout: 5_000 }])(
    'while a form is still asked for its length sends nothing, with %j',
    async (options) => {
      const form = new FormDataPackage();
      const answers: (() => void)[] = [];
      vi.spyOn(form, 'getLength').mockImplementation((callback) => {
        answers.push(() => {
          callback(null, 0);
        });
      });
      const adapter = vi.fn<AxiosAdapter>();
      const controller = new AbortController();
      const ended = failureOf(
        attached(options).post('http://127.0.0.1/', form, { adapter, signal: controller.signal }),
      );
      await vi.waitUntil(() => answers.length > 0);
      controller.abort();
      expectCanceled(await ended);
      for (const answer of answers) answer();
      await new Promise(setImmediate);
      expect(adapter).not.toHaveBeenCalled();
    },
  );

  it('EDGE 3: that races with a success gives one answer', async () => {
    for (let round = 0; round < 20; round += 1) {
      const controller = new AbortController();
      await using server = await flakyServer((response) => {
        response.end('ok', () => {
          controller.abort();
        });
      });
      const ended = await attached()
        .get(server.url, { signal: controller.signal })
        .then(({ status }) => status)
        .catch((error: unknown) => isCancel(error));
      expect([200, true]).toContain(ended);
      expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    }
  });

  it('EDGE 4: one signal shared by operations that have a token too carries one listener', async () => {
    const { signal } = new AbortController();
    let most = 0;
    const instance = attached(
      { baseDelay: 1 },
      {
        adapter: async (config) => {
          most = Math.max(most, getEventListeners(signal, 'abort').length);
          await new Promise(setImmediate);
          return { data: '', status: 200, statusText: '', headers: {}, config };
        },
      },
    );
    const send = (): Promise<unknown> =>
      instance.get('http://127.0.0.1/', { signal, cancelToken: cancelSource().token });
    await Promise.all(Array.from({ length: 20 }, send));
    expect([most, getEventListeners(signal, 'abort').length]).toEqual([1, 0]);
  });

  it('EDGE 4: one signal shared by 200 operations has no listener left, and warns of none', async () => {
    await using server = await flakyServer(unavailable, ok);
    const { signal } = new AbortController();
    const warnings: Error[] = [];
    const warned = (warning: Error): void => {
      warnings.push(warning);
    };
    process.on('warning', warned);
    const instance = attached(
      { maxAttempts: 5 },
      { adapter: async (config) => ({ data: '', status: 200, statusText: '', headers: {}, config }) },
    );
    await Promise.all(Array.from({ length: 200 }, () => instance.get(server.url, { signal })));
    await new Promise(setImmediate);
    process.off('warning', warned);
    expect([warnings, getEventListeners(signal, 'abort')]).toEqual([[], []]);
  });

  it('after the answer still ends a body that streams', async () => {
    await using server = await flakyServer(unavailable, (response) => {
      response.writeHead(200).write('begin');
    });
    const controller = new AbortController();
    const { data } = await attached({ attemptTimeout: 5_000 }).get<NodeJS.ReadableStream>(server.url, {
      responseType: 'stream',
      signal: controller.signal,
    });
    const failed = new Promise<Error>((resolve) => data.once('error', resolve));
    data.resume();
    controller.abort();
    expect((await failed).message).toMatch(/cancel|abort/u);
  });
});
