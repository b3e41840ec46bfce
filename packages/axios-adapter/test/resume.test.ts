// Downloads that go on where they broke off, as streams of either kind.
import { getEventListeners } from 'node:events';

import { AxiosHeaders, CanceledError, getAdapter } from 'axios';
import type { AxiosAdapter, AxiosInstance, AxiosRequestConfig } from 'axios';
import { describe, expect, it, vi } from 'vitest';

import {
  flakyServer,
  reset,
  silence,
  status,
  unavailable,
} from '../../fetch-adapter/test/servers/flaky-server.ts';
import type { Answer } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { ADAPTERS, attached, cancelSource, listenersOf, onOldest } from './servers/attached.ts';
import { content, hanging, part, read, STRONG } from '../../fetch-adapter/test/servers/download-server.ts';
import type { Data, Part } from '../../fetch-adapter/test/servers/download-server.ts';

describe.each(ADAPTERS)('resume, with the %s adapter', (adapter) => {
  const streaming = { adapter, responseType: 'stream' } as const;
  const client = attached({ resume: true, maxAttempts: 4 }, streaming);
  const download = async (url: string, config?: AxiosRequestConfig, from: AxiosInstance = client) =>
    (await from.get<Data>(url, config)).data;
  const failure = (data: Data): Promise<unknown> =>
    read(data).then(
      () => undefined,
      (error: unknown) => error,
    );

  /** After the first bytes. */
  const giveUp = async (data: Data): Promise<void> => {
    for await (const chunk of data) if (chunk.length > 0) return;
  };

  it.each([1, 2500, 4999])('continues a body that broke off after %d bytes', async (breakAfter) => {
    await using server = await flakyServer(part({ breakAfter }), part());
    const response = await client.get<Data>(server.url);
    expect(await read(response.data)).toEqual(content);
    expect(server.requests[1]?.headers).toMatchObject({
      range: expect.stringMatching(/^bytes=\d+-$/),
      'if-range': '"v1"',
    });
    expect(response.retry?.attempts).toHaveLength(1);
  });

  it('gives a stream of the kind that axios gives', async () => {
    await using server = await flakyServer(part());
    const own = await download(server.url, { retry: false });
    const resumed = await download(server.url);
    expect('pipe' in resumed).toBe('pipe' in own);
    expect(resumed instanceof ReadableStream).toBe(own instanceof ReadableStream);
    expect(await read(resumed)).toEqual(await read(own));
  });

  it('continues over several breaks and failures, within maxAttempts in all', async () => {
    const breaks = part({ breakAfter: 1000 });
    await using server = await flakyServer(breaks, breaks, unavailable, part());
    expect(await read(await download(server.url))).toEqual(content);
    await using worse = await flakyServer(part({ breakAfter: 100 }));
    expect(await failure(await download(worse.url))).toBeInstanceOf(Error);
    expect(worse.requests).toHaveLength(4);
  });

  it('counts the attempts that it took to get the response', async () => {
    await using server = await flakyServer(unavailable, unavailable, part({ breakAfter: 2000 }), reset);
    expect(await failure(await download(server.url))).toBeInstanceOf(Error);
    expect(server.requests).toHaveLength(4);
  });

  it('asks for what is missing when the server gives a part of the rest, of a body without a length', async () => {
    await using server = await flakyServer(
      part({ breakAfter: 1000, isMeasured: false }),
      part({ most: 3000 }),
      part(),
    );
    expect(await read(await download(server.url))).toEqual(content);
    expect(server.requests.map(({ headers }) => headers.range)).toEqual([
      undefined,
      'bytes=1000-',
      'bytes=4000-',
    ]);
  });

  it('EDGE 41: ends well when nothing was missing but the end', async () => {
    await using server = await flakyServer(
      part({ breakAfter: content.length, isMeasured: false }),
      status(416, { 'content-range': `bytes */${content.length}` }, ''),
    );
    expect(await read(await download(server.url))).toEqual(content);
    expect(server.requests).toHaveLength(2);
  });

  it.each<[string, Part]>([
    ['without a validator', { headers: {} }],
    ['with a weak ETag', { headers: { etag: 'W/"v1"' } }],
    ['with a content encoding', { headers: { ...STRONG, 'content-encoding': 'identity, x-own' } }],
    ['with an odd status', { code: 203 }],
  ])('does not touch a response %s', async (_, given) => {
    await using server = await flakyServer(part({ ...given, breakAfter: 2000 }), part(given));
    expect(await failure(await download(server.url))).toBeInstanceOf(Error);
    expect(server.requests).toHaveLength(1);
  });

  it('is for GET without a Range of the caller’s', async () => {
    await using server = await flakyServer(part({ breakAfter: 2000, code: 200 }));
    expect(await failure(await download(server.url, { headers: { Range: 'bytes=5-' } }))).toBeInstanceOf(
      Error,
    );
    const { data } = await client.put<Data>(server.url, 'x');
    expect(await failure(data)).toBeInstanceOf(Error);
    expect(server.requests).toHaveLength(2);
  });

  it('is no business of a body that is read whole: its attempt is repeated', async () => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), part());
    const { data } = await client.get<ArrayBuffer>(server.url, { responseType: 'arraybuffer' });
    expect(Buffer.from(data)).toEqual(content);
    expect(server.requests[1]?.headers.range).toBeUndefined();
  });

  it.each<[string, Answer]>([
    ['another version', part({ headers: { etag: '"v2"' } })],
    ['the whole entity', part({ code: 200 })],
    ['another range', part({ contentRange: 'bytes 7-4999/5000' })],
    ['another length', part({ contentRange: 'bytes 2000-5999/6000' })],
    ['no Content-Range', status(206, STRONG)],
    ['an end that comes too soon', status(416, { ...STRONG, 'content-range': 'bytes */2000' })],
    [
      'more bytes than there are',
      (response) => {
        const range = `bytes 2000-4999/${content.length}`;
        response.writeHead(206, { ...STRONG, 'content-range': range }).write(Buffer.alloc(3001));
      },
    ],
    ['a content encoding', part({ headers: { ...STRONG, 'content-encoding': 'gzip' } })],
    ['an error', status(404)],
  ])('EDGE 41: refuses to go on with %s, never mixes, and keeps no connection', async (_, answer) => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), answer);
    expect(await failure(await download(server.url))).toMatchObject({
      code: 'TENAX_RESUME_REFUSED',
      cause: expect.any(Error),
      statistics: { attempts: [{ failureClass: 'transport' }, { attemptNumber: 2 }] },
    });
    expect(server.requests).toHaveLength(2);
  });

  it.each<[string, (code: number) => boolean]>([
    ['accepts all', () => true],
    ['accepts 200 alone', (code) => code === 200],
  ])('is not for validateStatus to decide, where that %s', async (_, validateStatus) => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), unavailable, part());
    expect(await read(await download(server.url, { validateStatus }))).toEqual(content);
    expect(server.requests).toHaveLength(3);
  });

  it('asks shouldRetry about a status as it asks about that of any attempt', async () => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), status(401), part());
    const seen: unknown[] = [];
    const retry: AxiosRequestConfig['retry'] = {
      shouldRetry: (outcome) => {
        if (outcome.kind !== 'error' || outcome.response?.status !== 401) return undefined;
        seen.push((outcome.error as { code?: string }).code);
        return true;
      },
    };
    expect(await read(await download(server.url, { retry }))).toEqual(content);
    expect(seen).toEqual(['ERR_BAD_REQUEST']);
  });

  it('asks with the request’s own config, and runs interceptors and transforms once', async () => {
    const own = attached({ resume: true, attemptHeaders: true }, streaming);
    const intercepted = vi.fn<() => void>();
    own.interceptors.request.use((config) => {
      intercepted();
      return config;
    });
    own.interceptors.response.use((response) => {
      intercepted();
      return response;
    });
    await using server = await flakyServer(unavailable, part({ breakAfter: 2000 }), part());
    const data = await download(
      '/file',
      {
        baseURL: server.url,
        params: { of: 'x y' },
        auth: { username: 'me', password: 'secret' },
        headers: { 'x-own': 'yes' },
        transformResponse: (body: unknown) => {
          intercepted();
          return body;
        },
        retry: {
          hooks: {
            beforeRetry: ({ headers, status: code }) => {
              if (code === 503) headers.set('x-token', 'new');
            },
          },
        },
      },
      own,
    );
    expect(await read(data)).toEqual(content);
    const [first, second, third] = server.requests.map(({ headers, url }) => ({
      url,
      authorization: headers.authorization,
      own: headers['x-own'],
      token: headers['x-token'],
      attempt: headers['x-retry-attempt'],
    }));
    expect(second).toEqual({ ...first, token: 'new', attempt: '2' });
    expect(third).toEqual({ ...second, attempt: '2' });
    expect(intercepted).toHaveBeenCalledTimes(3);
  });

  it('asks with the config as it was, whatever the caller does with it', async () => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), part());
    const response = await client.get<Data>(server.url, { headers: { 'x-own': 'yes' } });
    response.config.headers = new AxiosHeaders();
    response.config.url = 'http://127.0.0.1:1/';
    expect(await read(response.data)).toEqual(content);
    expect(server.requests[1]?.headers['x-own']).toBe('yes');
  });

  it('works through an adapter of the caller’s', async () => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), part());
    const seen: unknown[] = [];
    const own: AxiosAdapter = (config) => {
      seen.push(config.headers.get('range'));
      return getAdapter(adapter)(config);
    };
    expect(await read(await download(server.url, { adapter: own }))).toEqual(content);
    expect(seen).toEqual([undefined, 'bytes=2000-']);
  });

  it('is an option of one request too, and off with retry: false', async () => {
    const bare = attached({}, streaming);
    await using server = await flakyServer(part({ breakAfter: 2000 }), part());
    expect(await read(await download(server.url, { retry: { resume: true } }, bare))).toEqual(content);
    await using other = await flakyServer(part({ breakAfter: 2000 }), part());
    expect(await failure(await download(other.url, { retry: false }))).toBeInstanceOf(Error);
    expect(await failure(await download(other.url, {}, bare))).toBeUndefined();
    expect(other.requests).toHaveLength(2);
  });

  it('is a retry with hedging too: what asks for the rest is no hedge of what broke off', async () => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), part());
    const onRetry = vi.fn<(event: { readonly reason: string }) => void>();
    const hedge = { delay: 60_000, maxExtraLoad: 10 };
    expect(await read(await download(server.url, { retry: { hedge, hooks: { onRetry } } }))).toEqual(content);
    expect(onRetry.mock.calls.map(([{ reason }]) => reason)).toEqual(['transport_error']);
  });

  it('does not go on with a response that shouldRetry refuses', async () => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), part());
    const retry = {
      shouldRetry: (_: unknown, { attemptNumber }: { attemptNumber: number }) => attemptNumber === 1,
    };
    expect(await read(await download(server.url, { retry }))).toEqual(content);
    expect(server.requests.map(({ headers }) => headers.range)).toEqual([undefined, undefined]);
  });

  it('ends with the last error of axios when nothing helps, with the caller’s config', async () => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), reset);
    const response = await client.get<Data>(server.url);
    const error = await failure(response.data);
    expect(error).toMatchObject({ isAxiosError: true });
    expect((error as { config?: unknown }).config).toBe(response.config);
    expect(server.requests).toHaveLength(4);
  });

  it.each([{}, { attemptTimeout: 5000 }, { timeout: 5000 }])(
    'ends with the caller’s abort in the continued part, with %o',
    async (retry) => {
      await using server = await flakyServer(part({ breakAfter: 2000 }), hanging);
      const controller = new AbortController();
      const data = await download(server.url, { signal: controller.signal, retry });
      let size = 0;
      const reading = (async () => {
        for await (const chunk of data) {
          size += chunk.length;
          if (size === 2005) controller.abort();
        }
      })();
      await expect(reading).rejects.toBeInstanceOf(CanceledError);
      await server.idle();
    },
  );

  it.each(['signal', 'cancelToken', 'both'] as const)(
    'ends with axios’ own CanceledError where the %s ends a wait, an attempt or a body that nobody reads',
    async (kind) => {
      for (const answers of [[part({ breakAfter: 2000 }), silence], [hanging]] as const) {
        await using server = await flakyServer(...answers);
        const controller = new AbortController();
        const source = cancelSource();
        const { signal } = controller;
        const { token: cancelToken } = source;
        const data = await download(server.url, {
          ...(kind !== 'cancelToken' && { signal }),
          ...(kind !== 'signal' && { cancelToken }),
        });
        const reading = failure(data);
        await server.received(answers.length);
        if (kind === 'cancelToken') source.cancel('enough');
        else controller.abort();
        expect(await reading).toMatchObject({ code: 'ERR_CANCELED', name: 'CanceledError' });
        await server.idle();
      }
    },
  );

  it('ends a wait with the caller’s abort at once', async () => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), unavailable);
    const controller = new AbortController();
    const hooks = {
      onRetry: () => {
        controller.abort();
      },
    };
    const retry = { hooks, strategy: 'fixed', jitter: 'none', baseDelay: 60_000, maxDelay: 60_000 } as const;
    const data = await download(server.url, { signal: controller.signal, retry });
    expect(await failure(data)).toMatchObject({ code: 'ERR_CANCELED' });
    expect(server.requests).toHaveLength(1);
  });

  // The fetch adapter of axios 1.7 lets go of no signal when a body fails.
  it.skipIf(onOldest && adapter === 'fetch').each<[string, Answer, (data: Data) => Promise<unknown>]>([
    ['its end', part(), read],
    ['its failure', status(404), failure],
    ['when it is given up', part(), giveUp],
  ])('listens to nobody after %s', async (_, answer, end) => {
    const { signal } = new AbortController();
    const { token: cancelToken } = cancelSource();
    for (const config of [{ signal }, { cancelToken }]) {
      await using server = await flakyServer(part({ breakAfter: 2000 }), answer);
      await end(await download(server.url, config));
    }
    await vi.waitFor(() => {
      expect(getEventListeners(signal, 'abort')).toEqual([]);
      expect(listenersOf(cancelToken)).toBe(0);
    });
  });

  it('leaves an unbroken body as it is', async () => {
    await using server = await flakyServer(part());
    expect(await read(await download(server.url))).toEqual(content);
    expect(server.requests).toHaveLength(1);
  });

  it('tells progress of the whole', async () => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), part());
    const told: (readonly [number, number | undefined, number | undefined])[] = [];
    const { promise: whole, resolve } = Promise.withResolvers<void>();
    const data = await download(server.url, {
      onDownloadProgress: ({ loaded, progress, total }) => {
        told.push([loaded, total, progress]);
        if (loaded === content.length) resolve();
      },
    });
    expect(await read(data)).toEqual(content);
    await whole;
    expect(told.at(-1)).toEqual([5000, 5000, 1]);
  });

  it.skipIf(onOldest)('holds maxContentLength for the whole', async () => {
    // The fetch adapter looks at what the server says of the length first.
    const answers = [part({ breakAfter: 2000, isMeasured: false }), part({ isMeasured: false })];
    await using server = await flakyServer(...answers);
    const error = await failure(await download(server.url, { maxContentLength: 4999 }));
    expect(error).toMatchObject({ code: 'ERR_BAD_RESPONSE' });
    await using other = await flakyServer(...answers);
    expect(await read(await download(other.url, { maxContentLength: 5000 }))).toEqual(content);
  });
});
