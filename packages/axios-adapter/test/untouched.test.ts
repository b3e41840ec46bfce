// What axios does with a request and its answer, it does in each attempt: credentials, proxies, redirects,
// decompression, XSRF tokens. The first attempt fails everywhere, so that the next one is looked at too.
import { execFile } from 'node:child_process';
import type { IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { Readable } from 'node:stream';

import type { Outcome } from '@tenax/core';
import { create } from 'axios';
import type { AxiosRequestConfig } from 'axios';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { flakyServer, ok, status, unavailable } from '../../fetch-adapter/test/servers/flaky-server.ts';
import type { Answer, FlakyServer } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { ADAPTERS, attached, failureOf, onOldest } from './servers/attached.ts';
import { forward } from './servers/forwarding.ts';

const basic = (credentials: string): string => `Basic ${Buffer.from(credentials).toString('base64')}`;
const headersOf = ({ requests }: FlakyServer, name: string): unknown[] =>
  requests.map(({ headers }) => headers[name]);
const pathsOf = ({ requests }: FlakyServer): string[] => requests.map(({ url }) => url);
const moved = (code: number, location: string): Answer => status(code, { location });

describe.each(ADAPTERS)('credentials, with the %s adapter', (adapter) => {
  const auth = { username: 'user', password: 'pässword' };

  it('of auth are sent in each attempt, in place of an Authorization header', async () => {
    await using server = await flakyServer(unavailable, unavailable, ok);
    await attached({}, { adapter }).get(server.url, { auth, headers: { Authorization: 'Bearer old' } });
    expect(headersOf(server, 'authorization')).toEqual(Array(3).fill(basic('user:pässword')));
  });

  it.skipIf(onOldest && adapter === 'fetch')('of the URL are sent in each attempt', async () => {
    await using server = await flakyServer(unavailable, ok);
    await attached({}, { adapter }).get(server.url.replace('//', '//user:pass@'));
    expect(headersOf(server, 'authorization')).toEqual(Array(2).fill(basic('user:pass')));
  });

  it('do not follow to another origin, in any attempt', async () => {
    await using other = await flakyServer(unavailable, ok);
    await using server = await flakyServer(moved(302, other.url));
    await attached({}, { adapter }).get(server.url, { auth });
    expect(headersOf(server, 'authorization')).toEqual(Array(2).fill(basic('user:pässword')));
    expect(headersOf(other, 'authorization')).toEqual([undefined, undefined]);
  });
});

describe('a proxy', () => {
  const proxyOf = ({ url }: FlakyServer): { host: string; port: number } => {
    const { hostname, port } = new URL(url);
    return { host: hostname, port: Number(port) };
  };
  beforeEach(() => {
    for (const name of ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY', 'no_proxy', 'NO_PROXY'])
      vi.stubEnv(name, '');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('carries each attempt, and may be what fails', async () => {
    await using origin = await flakyServer(ok);
    await using proxy = await flakyServer(unavailable, forward);
    const { data } = await attached().put(`${origin.url}a`, { b: 1 }, { proxy: proxyOf(proxy) });
    expect(data).toEqual({ b: 1 });
    expect(pathsOf(proxy)).toEqual(Array(2).fill(`${origin.url}a`));
    expect([pathsOf(origin), headersOf(origin, 'host')]).toEqual([['/a'], [new URL(origin.url).host]]);
  });

  it('carries each attempt when the server behind it fails', async () => {
    await using origin = await flakyServer(unavailable, unavailable, ok);
    await using proxy = await flakyServer(forward);
    const response = await attached().get(origin.url, { proxy: proxyOf(proxy) });
    expect(response.retry?.attempts).toHaveLength(3);
    expect([proxy.requests.length, origin.requests.length]).toEqual([3, 3]);
  });

  it('gets its own credentials in each attempt, and the server has those of the request', async () => {
    await using origin = await flakyServer(ok);
    await using proxy = await flakyServer(unavailable, forward);
    await attached().get(origin.url, {
      proxy: { ...proxyOf(proxy), auth: { username: 'gate', password: 'keeper' } },
      auth: { username: 'user', password: 'password' },
    });
    expect(headersOf(proxy, 'proxy-authorization')).toEqual(Array(2).fill(basic('gate:keeper')));
    expect(headersOf(proxy, 'authorization')).toEqual(Array(2).fill(basic('user:password')));
  });

  it('that nobody listens at was not reached: a POST is sent again', async () => {
    await using origin = await flakyServer(ok);
    const proxy = await flakyServer();
    await proxy[Symbol.asyncDispose]();
    const error = await failureOf(attached().post(origin.url, 'once', { proxy: proxyOf(proxy) }));
    expect(error.retry?.attempts.map(({ failureClass }) => failureClass)).toEqual(
      Array(3).fill('connection'),
    );
    expect(origin.requests).toHaveLength(0);
  });

  it('of the environment carries each attempt', async () => {
    await using origin = await flakyServer(unavailable, ok);
    await using proxy = await flakyServer(unavailable, forward);
    vi.stubEnv('http_proxy', proxy.url);
    expect((await attached().get(origin.url)).data).toBe('ok');
    expect([proxy.requests.length, origin.requests.length]).toEqual([3, 2]);
  });

  it('of the environment is passed by in each attempt with proxy: false', async () => {
    await using origin = await flakyServer(unavailable, ok);
    await using proxy = await flakyServer(forward);
    vi.stubEnv('http_proxy', proxy.url);
    expect((await attached().get(origin.url, { proxy: false })).data).toBe('ok');
    expect([proxy.requests.length, origin.requests.length]).toEqual([0, 2]);
  });

  it('of the environment is looked up for each attempt anew', async () => {
    await using origin = await flakyServer(ok);
    await using proxy = await flakyServer(unavailable);
    vi.stubEnv('http_proxy', proxy.url);
    const hooks = { onRetry: (): unknown => vi.stubEnv('http_proxy', '') };
    expect((await attached({ hooks }).get(origin.url)).data).toBe('ok');
    expect([proxy.requests.length, origin.requests.length]).toEqual([1, 1]);
  });
});

describe.each(ADAPTERS)('redirects, with the %s adapter', (adapter) => {
  it('are followed in each attempt from the beginning', async () => {
    const toB = moved(302, '/b');
    await using server = await flakyServer(toB, unavailable, toB, unavailable, toB, ok);
    const response = await attached({}, { adapter }).get(`${server.url}a`);
    expect([response.data, response.retry?.attempts.length]).toEqual(['ok', 3]);
    expect(pathsOf(server)).toEqual(['/a', '/b', '/a', '/b', '/a', '/b']);
  });

  it.each([
    ['put', 307, 503],
    ['put', 308, 503],
    ['post', 307, 429],
    ['post', 308, 429],
  ])('take the body of a %s along at a %d, in the attempt after a %d too', async (method, code, failure) => {
    const toB = moved(code, '/b');
    await using server = await flakyServer(toB, status(failure), toB, ok);
    const { data } = await attached({}, { adapter }).request({ url: server.url, method, data: { b: 1 } });
    expect(data).toEqual({ b: 1 });
    expect(pathsOf(server)).toEqual(['/', '/b', '/', '/b']);
    expect(server.requests.map((seen) => `${seen.method} ${seen.body.toString()}`)).toEqual(
      Array(4).fill(`${method.toUpperCase()} {"b":1}`),
    );
  });

  it('that make a GET of a POST do not make it idempotent', async () => {
    await using server = await flakyServer(moved(303, '/b'), unavailable);
    const error = await failureOf(attached({}, { adapter }).post(server.url, 'once'));
    expect(server.requests.map(({ method }) => method)).toEqual(['POST', 'GET']);
    expect([error.response?.status, error.retry?.reason]).toEqual([503, 'method_not_idempotent']);
  });

  it.skipIf(onOldest && adapter === 'fetch')('are not followed with maxRedirects: 0', async () => {
    await using server = await flakyServer(unavailable, moved(302, '/b'));
    const error = await failureOf(attached({}, { adapter }).get(server.url, { maxRedirects: 0 }));
    expect([error.response?.status, error.response?.headers['location']]).toEqual([302, '/b']);
    expect([pathsOf(server), error.retry?.reason]).toEqual([['/', '/'], 'permanent_failure']);
  });

  it.skipIf(onOldest && adapter === 'fetch')(
    'with maxRedirects: 0 are a success to who says so',
    async () => {
      await using server = await flakyServer(unavailable, moved(302, '/b'));
      const validateStatus = (code: number): boolean => code === 302;
      const response = await attached({}, { adapter }).get(server.url, { maxRedirects: 0, validateStatus });
      expect([response.headers['location'], response.retry?.attempts.length]).toEqual(['/b', 2]);
    },
  );
});

describe('redirects', () => {
  it('take a Node stream along at a 307, in each attempt', async () => {
    const toB = moved(307, '/b');
    await using server = await flakyServer(toB, unavailable, toB, ok);
    await attached().put(server.url, Readable.from([Buffer.from('hello '), Buffer.from('world')]));
    expect(server.requests.map(({ body }) => body.toString())).toEqual(Array(4).fill('hello world'));
  });

  it('are told to beforeRedirect in each attempt', async () => {
    const toB = moved(302, '/b');
    await using server = await flakyServer(toB, unavailable, toB, ok);
    const beforeRedirect = vi.fn<(options: Record<string, unknown>) => void>((options) => {
      Object.assign(options['headers'] as object, { 'X-Own': 'redirected' });
    });
    await attached().get(server.url, { beforeRedirect });
    expect(beforeRedirect).toHaveBeenCalledTimes(2);
    expect(headersOf(server, 'x-own')).toEqual([undefined, 'redirected', undefined, 'redirected']);
  });

  it('that beforeRedirect refuses by an error are not asked for again', async () => {
    await using server = await flakyServer(moved(302, '/private'));
    const beforeRedirect = (): void => {
      throw new Error('not there');
    };
    const error = await failureOf(attached().get(server.url, { beforeRedirect }));
    expect([error.message, error.retry?.reason]).toEqual([
      'Redirected request failed: not there',
      'permanent_failure',
    ]);
    expect(server.requests).toHaveLength(1);
  });
});

const ENCODINGS: [encoding: string, compress: (text: string) => Buffer][] = [
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
];
const JSON_TYPE = { 'content-type': 'application/json' };

describe.each(ADAPTERS)('decompression, with the %s adapter', (adapter) => {
  const encodings = ENCODINGS.filter(([encoding]) => encoding !== 'zstd' || !onOldest || adapter === 'fetch');
  const compressed =
    (encoding: string, code: number, body: Buffer): Answer =>
    (response) => {
      response.writeHead(code, { ...JSON_TYPE, 'content-encoding': encoding }).end(body);
    };

  it.each(encodings)(
    'of %s is done in each attempt, for shouldRetry and for the caller',
    async (encoding, compress) => {
      await using server = await flakyServer(
        compressed(encoding, 503, compress('{"state":"later"}')),
        compressed(encoding, 200, compress('{"state":"try again"}')),
        compressed(encoding, 200, compress('{"state":"done"}')),
      );
      const seen: unknown[] = [];
      const shouldRetry = (outcome: Outcome): boolean | undefined => {
        const response = outcome.kind === 'error' ? outcome.response : outcome;
        const data = response?.kind === 'response' ? (response.data?.() as { state: string }) : undefined;
        seen.push(data?.state);
        return data?.state === 'try again' ? true : undefined;
      };
      const response = await attached({ shouldRetry }, { adapter }).get(server.url);
      expect(response.data).toEqual({ state: 'done' });
      expect(seen).toEqual(['later', 'try again', 'done']);
    },
  );

  it.each(encodings)('of %s is done for the last error', async (encoding, compress) => {
    await using server = await flakyServer(compressed(encoding, 503, compress('{"state":"later"}')));
    const error = await failureOf(attached({}, { adapter }).get(server.url));
    expect([error.response?.data, server.requests.length]).toEqual([{ state: 'later' }, 3]);
  });

  it.each(encodings)('of %s is done for a stream', async (encoding, compress) => {
    const large = 'text'.repeat(100_000);
    await using server = await flakyServer(
      compressed(encoding, 503, compress(large)),
      compressed(encoding, 200, compress(large)),
    );
    const { data } = await attached({}, { adapter }).get<ReadableStream>(server.url, {
      responseType: 'stream',
    });
    expect(await text(data)).toBe(large);
  });

  it('is asked for in each attempt, or as the caller asks', async () => {
    await using server = await flakyServer(unavailable, ok);
    await attached({}, { adapter }).get(server.url);
    await using bare = await flakyServer(ok);
    await create({ adapter }).get(bare.url);
    const [asked] = headersOf(bare, 'accept-encoding');
    expect(headersOf(server, 'accept-encoding')).toEqual([asked, asked]);
    await using own = await flakyServer(unavailable, ok);
    await attached({}, { adapter }).get(own.url, { headers: { 'Accept-Encoding': 'identity' } });
    expect(headersOf(own, 'accept-encoding')).toEqual(['identity', 'identity']);
  });
});

describe('decompress: false', () => {
  it('leaves the bytes of the last answer as they came', async () => {
    const body = gzipSync('text');
    const answer =
      (code: number): Answer =>
      (response) => {
        response.writeHead(code, { 'content-encoding': 'gzip' }).end(body);
      };
    await using server = await flakyServer(answer(503), answer(200));
    const config: AxiosRequestConfig = { decompress: false, responseType: 'arraybuffer' };
    const response = await attached().get<Buffer>(server.url, config);
    expect([response.data.equals(body), response.headers['content-encoding']]).toEqual([true, 'gzip']);
    expect(server.requests).toHaveLength(2);
  });
});

describe('XSRF tokens', () => {
  it.each(ADAPTERS)('are a matter of browsers: without one, the %s adapter sends none', async (adapter) => {
    await using server = await flakyServer(unavailable, ok);
    await attached({}, { adapter }).get(server.url, { withXSRFToken: true, xsrfCookieName: 'OWN' });
    expect(headersOf(server, 'x-xsrf-token')).toEqual([undefined, undefined]);
  });

  // In a process of its own, for axios looks for a page when it is loaded. A real browser has its case in the smoke suite.
  it.skipIf(onOldest).each<[string, AxiosRequestConfig, string, unknown[]]>([
    ['of the same origin', {}, 'x-xsrf-token', ['first', 'second']],
    ['that asks for it', { withXSRFToken: true }, 'x-xsrf-token', ['first', 'second']],
    ['that refuses it', { withXSRFToken: false }, 'x-xsrf-token', [undefined, undefined]],
    ['with names of its own', { xsrfCookieName: 'OWN', xsrfHeaderName: 'X-Own' }, 'x-own', ['mine', 'mine']],
  ])('are read from the cookie for each attempt of a request %s', async (_, config, name, expected) => {
    const program = fileURLToPath(new URL('servers/xsrf-program.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify(config)]);
    const seen = JSON.parse(stdout) as IncomingHttpHeaders[];
    expect(seen.map((headers) => headers[name])).toEqual(expected);
  });
});
