// HTTP/2, which the http adapter of newer axios speaks: streams that are refused or reset, sessions that end.
import { constants } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

import type { FailureClass, RetryOptions } from '@tenax/core';
import { create, isCancel } from 'axios';
import type { AxiosInstance, AxiosResponse } from 'axios';
import { describe, expect, it } from 'vitest';

import { attached, failureOf, onOldest } from './servers/attached.ts';
import { certificate } from './servers/certificate.ts';
import { http2Server } from './servers/http2-server.ts';
import type { Http2Answer } from './servers/http2-server.ts';

const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR } = constants;
const { NGHTTP2_REFUSED_STREAM } = constants;

const answer =
  (status: number, body: string): Http2Answer =>
  (stream) => {
    stream.respond({ ':status': status });
    stream.end(body);
  };
const ok = answer(200, 'ok');
const unavailable = answer(503, 'later');
const silence: Http2Answer = () => undefined;
const closing =
  (code: number): Http2Answer =>
  (stream) => {
    stream.close(code);
  };
/** Sends the headers and a part of the body, then breaks. */
const partThen =
  (broken: (stream: ServerHttp2Stream, socket: Socket) => void): Http2Answer =>
  (stream, socket) => {
    stream.respond({ ':status': 200 });
    stream.write('part', () => {
      broken(stream, socket);
    });
  };
const reset: Http2Answer = (_, socket) => {
  socket.resetAndDestroy();
};
const hangUp: Http2Answer = (_, socket) => {
  socket.end();
};
const fail: Http2Answer = (stream) => {
  stream.destroy(new Error('broken'));
};
/** Says that the stream before this one was the last to be processed. */
const goAway =
  (code: number): Http2Answer =>
  (stream) => {
    stream.session?.goaway(code, (stream.id ?? 0) - 2);
  };

const speaking = (options: RetryOptions = {}): AxiosInstance => attached(options, { httpVersion: 2 });
const classesOf = ({ retry }: Pick<AxiosResponse, 'retry'>): (FailureClass | undefined)[] | undefined =>
  retry?.attempts.map(({ failureClass }) => failureClass);

describe.skipIf(onOldest)('over HTTP/2', () => {
  it('a 503 is retried on the same session', async () => {
    await using server = await http2Server([unavailable, ok]);
    const response = await speaking().get(server.url);
    expect([response.data, classesOf(response)]).toEqual(['ok', ['transient', undefined]]);
    expect([server.requests.length, server.sessions]).toEqual([2, 1]);
  });

  it.each<[string, () => unknown]>([
    ['an object', () => ({ a: 1 })],
    ['a Node stream', () => Readable.from([Buffer.from('{"a":'), Buffer.from('1}')])],
  ])('a body that is %s is the same at each attempt', async (_, make) => {
    await using server = await http2Server([unavailable, closing(NGHTTP2_INTERNAL_ERROR), ok]);
    await speaking().put(server.url, make(), { headers: { 'X-Own': 'own' } });
    const seen = server.requests.map(
      ({ method, body, headers }) => `${method} ${body} ${String(headers['x-own'])}`,
    );
    expect(seen).toEqual(Array(3).fill('PUT {"a":1} own'));
  });

  it('a discarded body that streams frees its stream', async () => {
    const streams: ServerHttp2Stream[] = [];
    const large: Http2Answer = (stream, socket) => {
      streams.push(stream);
      answer(503, 'x'.repeat(1_000_000))(stream, socket);
    };
    await using server = await http2Server([large, large, ok]);
    const { data } = await speaking().get<Readable>(server.url, { responseType: 'stream' });
    expect(await text(data)).toBe('ok');
    expect([streams.map(({ closed }) => closed), server.sessions]).toEqual([[true, true], 1]);
  });

  it('over TLS too, with the certificates of http2Options', async () => {
    await using server = await http2Server([unavailable, closing(NGHTTP2_REFUSED_STREAM), ok], certificate);
    const response = await speaking().post(server.url, 'x', {
      http2Options: { ca: certificate.cert },
      retry: { methods: ['POST'] },
    });
    expect(classesOf(response)).toEqual(['transient', 'connection', undefined]);
    expect(server.sessions).toBe(1);
  });

  it('a certificate that is not trusted is permanent', async () => {
    await using server = await http2Server([ok], certificate);
    const error = await failureOf(speaking().get(server.url));
    expect(error.message).toMatch(/self-signed certificate/u);
    expect([error.retry?.reason, server.requests.length]).toEqual(['permanent_failure', 0]);
  });
});

describe.skipIf(onOldest)('a stream over HTTP/2', () => {
  it.each([
    ['get', undefined],
    ['post', 'text'],
  ])('that is refused was not processed: a %s is sent again as of class connection', async (method, data) => {
    await using server = await http2Server([closing(NGHTTP2_REFUSED_STREAM), ok]);
    const response = await speaking().request({ url: server.url, method, data });
    expect([response.data, classesOf(response)]).toEqual(['ok', ['connection', undefined]]);
    expect(server.requests.map(({ body }) => body)).toEqual(Array(2).fill(data ?? ''));
  });

  it('that is refused to the end gives the error of axios', async () => {
    await using server = await http2Server([closing(NGHTTP2_REFUSED_STREAM)]);
    const error = await failureOf(speaking().post(server.url, 'x'));
    const bare = await failureOf(create({ httpVersion: 2 }).post(server.url, 'x'));
    expect([error.code, error.message]).toEqual([bare.code, bare.message]);
    expect([error.code, error.retry?.reason]).toEqual(['ERR_HTTP2_STREAM_ERROR', 'attempts_exhausted']);
    expect(server.requests).toHaveLength(4);
  });

  it.each<[string, Http2Answer]>([
    ['reset before the headers', closing(NGHTTP2_INTERNAL_ERROR)],
    ['reset because the server is overrun', closing(NGHTTP2_ENHANCE_YOUR_CALM)],
    ['reset within the body', partThen(fail)],
    ['cut off with its connection before the headers', reset],
    ['cut off with its connection within the body', partThen(reset)],
  ])('that is %s is sent again for a GET, not for a POST', async (_, broken) => {
    await using server = await http2Server([broken, broken, ok]);
    const response = await speaking().get(server.url);
    expect([response.data, classesOf(response)]).toEqual(['ok', ['transport', 'transport', undefined]]);
    await using another = await http2Server([broken, ok]);
    const error = await failureOf(speaking().post(another.url, 'x'));
    expect([error.retry?.reason, classesOf(error)]).toEqual(['method_not_idempotent', ['transport']]);
    expect(another.requests).toHaveLength(1);
  });

  // axios sees no end of such a stream, and its own timeout is gone with it.
  it.each<[string, Http2Answer]>([
    ['cancelled', closing(NGHTTP2_CANCEL)],
    ['closed without an error', closing(NGHTTP2_NO_ERROR)],
    ['left by a server that hangs up', hangUp],
  ])('that is %s before the headers is ended by attemptTimeout', async (_, broken) => {
    await using server = await http2Server([broken, ok]);
    const response = await speaking({ attemptTimeout: 300 }).get(server.url);
    expect([response.data, classesOf(response)?.[0]]).toEqual(['ok', 'timeout']);
  });

  it('that never answers is ended by the timeout of axios', async () => {
    await using server = await http2Server([silence, ok]);
    const response = await speaking().get(server.url, { timeout: 300 });
    expect([response.data, classesOf(response)?.[0]]).toEqual(['ok', 'timeout']);
    expect(server.sessions).toBe(1);
  });

  it('that the caller cancels is closed, and no other follows', async () => {
    const controller = new AbortController();
    let closed: Promise<unknown> | undefined;
    const stopping: Http2Answer = (stream) => {
      closed = new Promise((resolve) => stream.once('close', resolve));
      controller.abort();
    };
    await using server = await http2Server([unavailable, stopping]);
    const error = await failureOf(speaking().get(server.url, { signal: controller.signal }));
    expect(isCancel(error)).toBe(true);
    await closed;
    expect(server.requests).toHaveLength(2);
  });
});

describe.skipIf(onOldest)('a session of HTTP/2', () => {
  it('that goes away before a POST was processed: it is sent again on a new one', async () => {
    await using server = await http2Server([ok, goAway(NGHTTP2_NO_ERROR), ok]);
    const instance = speaking();
    await instance.get(server.url);
    const response = await instance.post(server.url, 'x');
    expect([response.data, classesOf(response)]).toEqual(['ok', ['connection', undefined]]);
    expect([server.requests.map(({ method }) => method), server.sessions]).toEqual([
      ['GET', 'POST', 'POST'],
      2,
    ]);
  });

  it('that goes away with an error: a GET is sent again on a new one, a POST is not', async () => {
    const calmDown = goAway(NGHTTP2_ENHANCE_YOUR_CALM);
    await using server = await http2Server([ok, calmDown, ok, calmDown, ok]);
    const instance = speaking();
    await instance.get(server.url);
    const response = await instance.get(server.url);
    expect([response.data, classesOf(response)]).toEqual(['ok', ['transport', undefined]]);
    const error = await failureOf(instance.post(server.url, 'x'));
    expect([error.code, error.retry?.reason]).toEqual(['ERR_HTTP2_SESSION_ERROR', 'method_not_idempotent']);
    expect([server.requests.length, server.sessions]).toEqual([4, 2]);
  });

  it('that breaks under twenty requests: all are sent again, on one new session', async () => {
    await using server = await http2Server([...Array<Http2Answer>(19).fill(silence), reset, ok]);
    const instance = speaking();
    const responses = await Promise.all(Array.from({ length: 20 }, () => instance.get(server.url)));
    expect(responses.map((response) => classesOf(response)?.join())).toEqual(Array(20).fill('transport,'));
    expect([server.requests.length, server.sessions]).toEqual([40, 2]);
  });

  it('that nobody accepts is of class connection, for a POST too', async () => {
    const server = await http2Server([ok]);
    await server[Symbol.asyncDispose]();
    const error = await failureOf(speaking().post(server.url, 'x'));
    expect([error.code, classesOf(error)]).toEqual(['ERR_HTTP2_STREAM_CANCEL', Array(3).fill('connection')]);
  });

  it('that ends within a body is the end of the body to axios: what bare axios gives is given', async () => {
    await using server = await http2Server([partThen(hangUp)]);
    const response = await speaking().get(server.url);
    const bare = await create({ httpVersion: 2 }).get(server.url);
    expect([response.status, response.data]).toEqual([bare.status, bare.data]);
    expect(classesOf(response)).toEqual([undefined]);
  });

  it.each<[string, (stream: ServerHttp2Stream, socket: Socket) => void]>([
    [
      'whose stream is reset',
      (stream) => {
        stream.close(NGHTTP2_INTERNAL_ERROR);
      },
    ],
    ['whose connection is reset', (_, socket) => void socket.resetAndDestroy()],
    ['whose connection ends', (_, socket) => void socket.end()],
  ])('a download %s goes on', async (_, broken) => {
    const part: Http2Answer = (stream, socket) => {
      stream.respond({ ':status': 200, etag: '"v1"', 'content-length': 10 });
      stream.write('01234', () => setImmediate(broken, stream, socket));
    };
    const rest: Http2Answer = (stream) => {
      stream.respond({ ':status': 206, etag: '"v1"', 'content-range': 'bytes 5-9/10' });
      stream.end('56789');
    };
    await using server = await http2Server([part, rest]);
    const instance = speaking({ resume: true });
    const { data } = await instance.get<Readable>(server.url, { responseType: 'stream' });
    expect(await text(data)).toBe('0123456789');
    expect(server.requests[1]?.headers).toMatchObject({ range: 'bytes=5-', 'if-range': '"v1"' });
  });
});
