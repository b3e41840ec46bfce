// What a continued stream is to those who read it, and what the http adapter makes of a body on its way.
import { getEventListeners, once } from 'node:events';
import { Agent } from 'node:http';
import { PassThrough, pipeline, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

import { virtualClock } from '@tenax/core/testing';
import { getAdapter } from 'axios';
import type { AxiosAdapter, AxiosRequestConfig } from 'axios';
import { describe, expect, it } from 'vitest';

import { collectGarbage } from '../../core/test/garbage.ts';
import { flakyServer, silence, status, unavailable } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { someTurns } from '../../fetch-adapter/test/servers/retry-under-way.ts';
import { attached, cancelSource, listenersOf, onOldest } from './servers/attached.ts';
import { content, hanging, part, read, STRONG } from '../../fetch-adapter/test/servers/download-server.ts';
import { rawServer } from './servers/raw-server.ts';

const OPTIONS = { resume: true, maxAttempts: 4 };
const client = attached(OPTIONS, { responseType: 'stream', adapter: 'http' });
const download = async (url: string, config?: AxiosRequestConfig): Promise<Readable> =>
  (await client.get<Readable>(url, config)).data;

describe('a body that is compressed', () => {
  const ENCODINGS = [
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ] as const;
  const WAYS: [string, AxiosRequestConfig][] = [
    ['inflated', {}],
    ['inflated, with its progress told', { onDownloadProgress: () => undefined }],
    ['inflated, with a limit', { maxContentLength: 1_000_000 }],
    ['as it is', { decompress: false }],
  ];
  it.each(
    ENCODINGS.flatMap(([name, compress]) => WAYS.map(([how, config]) => ({ name, how, compress, config }))),
  )('by $name is not continued, $how', async ({ compress, config, name }) => {
    const body = compress(content);
    const headers = { ...STRONG, 'content-encoding': name, 'content-length': String(body.length) };
    await using server = await flakyServer(
      (response, request) => {
        response.writeHead(200, headers).write(body.subarray(0, 100), () => request.socket.destroySoon());
      },
      part(),
      (response) => response.writeHead(200, headers).end(body),
    );
    await expect(read(await download(server.url, config))).rejects.toBeInstanceOf(Error);
    expect(server.requests).toHaveLength(1);
  });

  it('is given whole where it is whole', async () => {
    const body = gzipSync(content);
    await using server = await flakyServer((response) => {
      response.writeHead(200, { ...STRONG, 'content-encoding': 'gzip' }).end(body);
    });
    expect(await read(await download(server.url))).toEqual(content);
  });
});

describe('the rest of a download', () => {
  it.each<[string, AxiosRequestConfig]>([
    ['with a listener to its progress', { onDownloadProgress: () => undefined }],
    ['with a rate', { onDownloadProgress: () => undefined, maxRate: [1_000_000, 1_000_000] }],
    ['with a limit', { maxContentLength: 5000 }],
    ['without redirects', { maxRedirects: 0 }],
    ['not to be inflated', { decompress: false }],
  ])('comes %s too', async (_, config) => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), part());
    expect(await read(await download(server.url, config))).toEqual(content);
    expect(server.requests).toHaveLength(2);
  });

  it('is asked for where the whole was asked for, past the same redirect', async () => {
    const redirect = status(302, { location: '/there' });
    await using server = await flakyServer(redirect, part({ breakAfter: 2000 }), redirect, part());
    expect(await read(await download(server.url))).toEqual(content);
    expect(server.requests.map(({ headers, url }) => [url, headers.range?.replace(/\d+/u, 'n')])).toEqual([
      ['/', undefined],
      ['/there', undefined],
      ['/', 'bytes=n-'],
      ['/there', 'bytes=n-'],
    ]);
  });

  it('comes over the agent of the request, and gives its connection back', async () => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), unavailable, part());
    const httpAgent = new Agent({ keepAlive: true, maxSockets: 1 });
    expect(await read(await download(server.url, { httpAgent }))).toEqual(content);
    expect(await read(await download(server.url, { httpAgent }))).toEqual(content);
    expect([server.requests.length, server.connections]).toEqual([4, 2]);
    httpAgent.destroy();
  });

  it('EDGE 41: is asked for when a Content-Length lies', async () => {
    const head = 'Content-Length: 10\r\nETag: "v1"';
    await using server = await rawServer(
      `HTTP/1.1 200 OK\r\n${head}\r\n\r\n01234`,
      `HTTP/1.1 206 Partial Content\r\nContent-Length: 7\r\nContent-Range: bytes 5-9/10\r\nETag: "v1"\r\n\r\n56`,
      `HTTP/1.1 206 Partial Content\r\nContent-Length: 3\r\nContent-Range: bytes 7-9/10\r\nETag: "v1"\r\n\r\n789`,
    );
    expect(await text(await download(server.url))).toBe('0123456789');
    expect(server.requests.map((request) => /^range: (.*)$/imu.exec(request)?.[1]?.trim())).toEqual([
      undefined,
      'bytes=5-',
      'bytes=7-',
    ]);
  });
});

describe('a Node stream that is continued', () => {
  it('is read as text, over a break within a character', async () => {
    const body = Buffer.from('äöü'.repeat(100));
    await using server = await flakyServer(
      (response, request) => {
        response.writeHead(200, { ...STRONG, 'content-length': body.length });
        response.write(body.subarray(0, 301), () => request.socket.destroySoon());
      },
      (response) => {
        const headers = { ...STRONG, 'content-range': `bytes 301-599/${body.length}` };
        response.writeHead(206, headers).end(body.subarray(301));
      },
    );
    const data = await download(server.url);
    data.setEncoding('utf8');
    let all = '';
    for await (const chunk of data) all += String(chunk);
    expect(all).toBe(body.toString());
  });

  it('fails without harm where nobody listens, as that of Node', async () => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), status(404));
    const data = await download(server.url);
    const closed = new Promise<void>((resolve) => {
      data.resume().on('close', resolve);
    });
    await closed;
    expect(data.errored).toMatchObject({ code: 'TENAX_RESUME_REFUSED' });
  });

  it('lets the connection go when it is destroyed, read or not', async () => {
    await using server = await flakyServer(hanging);
    (await download(server.url)).destroy();
    const data = await download(server.url);
    await once(data, 'readable');
    data.destroy(new Error('enough'));
    await expect(once(data, 'close')).rejects.toThrow('enough');
    await server.idle();
    expect(server.requests).toHaveLength(2);
  });

  it('ends the attempt under way when it is destroyed', async () => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), silence);
    const data = (await download(server.url)).resume();
    await server.received(2);
    data.destroy();
    await once(data, 'close');
    await server.idle();
    expect([data.errored, server.requests.length]).toEqual([null, 2]);
  });

  it('ends a wait when it is destroyed: no timer is left, and nothing is sent', async () => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), unavailable);
    const clock = virtualClock();
    const { promise: waiting, resolve } = Promise.withResolvers<void>();
    const retry = {
      clock,
      baseDelay: 1000,
      jitter: 'none',
      hooks: { onRetry: () => setImmediate(resolve) },
    } as const;
    const own = attached({ ...OPTIONS, ...retry }, { responseType: 'stream' });
    const { data } = await own.get<Readable>(server.url);
    data.resume();
    await waiting;
    expect(clock.pending).toBe(1);
    data.destroy();
    await once(data, 'close');
    await someTurns();
    expect([clock.pending, server.requests.length]).toEqual([0, 1]);
    await server.idle();
  });

  it('has nobody listened to, when it broke off and is garbage before it was read', async () => {
    await using server = await flakyServer(part({ breakAfter: 2000 }));
    const { signal } = new AbortController();
    const { token: cancelToken } = cancelSource();
    await client.get(server.url, { signal, cancelToken });
    await server.idle();
    const listeners = () => getEventListeners(signal, 'abort').length + listenersOf(cancelToken);
    await collectGarbage(() => listeners() === 0);
    expect(listeners()).toBe(0);
  });

  it('reads no more than it has room for', async () => {
    let given = 0;
    const source = new Readable({
      read() {
        given += 1;
        this.push(Buffer.alloc(10_000));
      },
    });
    const own: AxiosAdapter = async (config) => ({
      data: source,
      status: 200,
      statusText: 'OK',
      headers: STRONG,
      config,
      request: source,
    });
    const data = await download('http://127.0.0.1/', { adapter: own });
    await someTurns();
    expect([data === source, given]).toEqual([false, 0]);
    await once(data, 'readable');
    data.read(1);
    await someTurns();
    // What there is room for, and the chunk that fills it: that is what the source has at a time.
    const room = data.readableHighWaterMark + 2 * source.readableHighWaterMark;
    expect(given * 10_000).toBeLessThanOrEqual(room + 20_000);
    data.destroy();
    await once(source, 'close');
  });

  it('is not made of one that may have been inflated by an adapter of the caller’s', async () => {
    const source = Readable.from([Buffer.from('text')]);
    const own: AxiosAdapter = async (config) => ({
      data: source,
      status: 200,
      statusText: 'OK',
      headers: STRONG,
      config,
    });
    expect(await download('http://127.0.0.1/', { adapter: own })).toBe(source);
  });

  it.each<[string, (data: Readable) => Readable]>([
    ['decoded', (data) => data.setEncoding('latin1')],
    ['deciphered', (data) => pipeline(data, new PassThrough(), () => undefined)],
    ['made objects of', (data) => data.map((chunk: Buffer) => ({ size: chunk.length }))],
  ])('is not made of one that an adapter of the caller’s has %s', async (_, change) => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), part());
    let given: Readable | undefined;
    const own: AxiosAdapter = async (config) => {
      const response = await getAdapter('http')(config);
      given = change(response.data as Readable);
      return { ...response, data: given };
    };
    const data = await download(server.url, { adapter: own });
    expect(data).toBe(given);
    await expect(data.toArray()).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(server.requests).toHaveLength(1);
  });

  it('has no bytes left out that somebody else has read of the message', async () => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), part());
    const response = await client.get<Readable>(server.url);
    const { res } = response.request as { res: Readable };
    await once(res, 'data');
    await expect(read(response.data)).rejects.toMatchObject({ code: 'TENAX_RESUME_REFUSED' });
    expect([res.destroyed, server.requests.length]).toEqual([true, 1]);
  });

  it('has no text for bytes where somebody else decodes the message', async () => {
    await using server = await flakyServer(part({ isMeasured: false }));
    const response = await client.get<Readable>(server.url);
    (response.request as { res: Readable }).res.setEncoding('latin1');
    await expect(read(response.data)).rejects.toMatchObject({ code: 'TENAX_RESUME_REFUSED' });
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['no body', { status: 200, headers: STRONG }],
    ['what is frozen', Object.freeze({ status: 200, headers: STRONG, data: new Blob(['text']).stream() })],
  ])('is not made of %s that an adapter of the caller’s gives', async (_, given) => {
    const config = { adapter: async () => given, transformResponse: [] } as unknown as AxiosRequestConfig;
    const ends = [client, attached({}, { responseType: 'stream' })].map((api) =>
      api.get<unknown>('http://127.0.0.1/', config).then(({ data }) => data, String),
    );
    const [resuming, other] = await Promise.all(ends);
    expect(resuming).toEqual(other);
  });

  it('is one of a hundred beside each other, each whole', async () => {
    const breaks = Array.from({ length: 100 }, () => part({ breakAfter: 2000 }));
    await using server = await flakyServer(...breaks, part());
    const bodies = await Promise.all(breaks.map(async () => read(await download(server.url))));
    expect(bodies.every((body) => body.equals(content))).toBe(true);
    expect(server.requests).toHaveLength(200);
  });
});

describe('a web stream that is continued', () => {
  const web = { adapter: 'fetch' } as const;

  // The fetch adapter of axios 1.7 can't be cancelled while it is read.
  it.skipIf(onOldest)('lets the connection go when it is cancelled', async () => {
    await using server = await flakyServer(hanging);
    const { data } = await client.get<ReadableStream<Uint8Array>>(server.url, web);
    const reader = data.getReader();
    await reader.read();
    const pending = reader.read();
    await reader.cancel();
    expect(await pending).toMatchObject({ done: true });
    await server.idle();
  });

  it('ends the attempt under way when it is cancelled', async () => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), silence);
    const { data } = await client.get<ReadableStream<Uint8Array>>(server.url, web);
    const reader = data.getReader();
    await reader.read();
    const pending = reader.read();
    await server.received(2);
    await reader.cancel('enough');
    expect(await pending).toMatchObject({ done: true });
    await server.idle();
  });

  // That of axios 1.7 ends with the headers.
  it.skipIf(onOldest)('goes on after a timeout of axios, which is one attempt’s', async () => {
    await using server = await flakyServer(hanging, part());
    const { data } = await client.get<ReadableStream<Uint8Array>>(server.url, { ...web, timeout: 300 });
    expect(await read(data)).toHaveLength(content.length);
    expect(server.requests.map(({ headers }) => headers.range)).toEqual([undefined, 'bytes=5-']);
  });
});
