// HTTP/2: streams that are refused or reset, and what happens to them.
import { once } from 'node:events';
import { constants, createSecureServer } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';

import { request } from 'undici';
import { describe, expect, it } from 'vitest';

import { certificate } from '../../axios-adapter/test/servers/certificate.ts';
import type { Http2Answer } from '../../axios-adapter/test/servers/http2-server.ts';
import {
  answer,
  closeConnection,
  closing,
  destroySession,
  ok,
  serving,
  speaking,
  unavailable,
} from './servers/http2-answers.ts';
import { classesOf, failureOf, onOldest, statisticsOf } from './servers/retrying-agents.ts';

const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR } = constants;
const { NGHTTP2_REFUSED_STREAM } = constants;

const failures = (result: unknown) => new Set(classesOf(result).filter(Boolean));

describe('over HTTP/2', () => {
  it('a 503 is retried in the same session', async () => {
    await using server = await serving(unavailable, unavailable, ok);
    await using own = speaking();
    const { body, context } = await request(server.url, own);
    expect([await body.text(), classesOf(context)]).toEqual(['ok', ['transient', 'transient', undefined]]);
    expect([server.requests.length, server.sessions]).toEqual([3, 1]);
  });

  it('the last response is given whole when attempts run out', async () => {
    await using server = await serving(unavailable);
    await using own = speaking();
    const { body, statusCode } = await request(server.url, own);
    expect([statusCode, await body.text(), server.requests.length]).toEqual([503, 'later', 3]);
  });

  it('a discarded body that is large gives its stream up, not its session', async () => {
    const streams: ServerHttp2Stream[] = [];
    const large: Http2Answer = (stream, socket) => {
      streams.push(stream);
      answer(503, 'x'.repeat(1_000_000))(stream, socket);
    };
    await using server = await serving(large, large, ok);
    await using own = speaking();
    const { body } = await request(server.url, own);
    expect(await body.text()).toBe('ok');
    expect([streams.map(({ closed }) => closed), server.sessions]).toEqual([[true, true], 1]);
  });

  it.skipIf(onOldest).each<[string, () => string | Buffer | Readable]>([
    ['a string', () => 'the body'],
    ['a Buffer', () => Buffer.from('the body')],
    ['a Node stream', () => Readable.from([Buffer.from('the '), Buffer.from('body')])],
  ])('a body that is %s is the same at each attempt', async (_, make) => {
    await using server = await serving(unavailable, closing(NGHTTP2_INTERNAL_ERROR), ok);
    await using own = speaking();
    await request(server.url, { ...own, method: 'PUT', body: make(), headers: { 'X-Own': 'own' } });
    const seen = server.requests.map(
      ({ body, headers, method }) => `${method} ${body} ${String(headers['x-own'])}`,
    );
    expect(seen).toEqual(Array(3).fill('PUT the body own'));
  });
});

// The HTTP/2 of undici 7.0 fails assertions of its own as soon as a stream breaks.
describe.skipIf(onOldest)('a stream of HTTP/2', () => {
  // undici 8 sends such a request once more by itself.
  it.each([
    ['GET', undefined],
    ['POST', 'text'],
  ] as const)('EDGE 48: that is refused was not processed: a %s is sent again', async (method, body) => {
    await using server = await serving(closing(NGHTTP2_REFUSED_STREAM), closing(NGHTTP2_REFUSED_STREAM), ok);
    await using own = speaking();
    const response = await request(server.url, { ...own, method, ...(body !== undefined && { body }) });
    expect([await response.body.text(), [...failures(response.context)]]).toEqual(['ok', ['connection']]);
    expect(server.requests.map((seen) => seen.body)).toEqual(Array(3).fill(body ?? ''));
  });

  it('that is refused to the end gives the error of undici', async () => {
    await using server = await serving(closing(NGHTTP2_REFUSED_STREAM));
    await using own = speaking();
    const options = { ...own, method: 'POST', body: 'x' } as const;
    const error = await failureOf(request(server.url, options));
    const bare = await failureOf(request(server.url, { ...options, retry: false }));
    expect([error.code, error.message]).toEqual([bare.code, bare.message]);
    expect([error.code, classesOf(error)]).toEqual(['ERR_HTTP2_STREAM_ERROR', Array(3).fill('connection')]);
  });

  it.each<[string, Http2Answer]>([
    ['reset with an error', closing(NGHTTP2_INTERNAL_ERROR)],
    ['reset because the server is overrun', closing(NGHTTP2_ENHANCE_YOUR_CALM)],
    ['cancelled', closing(NGHTTP2_CANCEL)],
    ['closed without an error', closing(NGHTTP2_NO_ERROR)],
    ['lost with its connection', closeConnection],
    ['lost with its session', destroySession],
  ])('that is %s before the headers: a GET is sent again, a POST is not', async (_, broken) => {
    await using server = await serving(broken, broken, ok);
    await using own = speaking();
    const { body, context } = await request(server.url, own);
    expect([await body.text(), classesOf(context)]).toEqual(['ok', ['transport', 'transport', undefined]]);
    await using another = await serving(broken, ok);
    const error = await failureOf(request(another.url, { ...own, method: 'POST', body: 'x' }));
    expect([statisticsOf(error).reason, classesOf(error)]).toEqual(['method_not_idempotent', ['transport']]);
    expect(another.requests).toHaveLength(1);
  });

  it.each<[string, Http2Answer]>([
    ['lost with its connection', closeConnection],
    ['lost with its session', destroySession],
  ])('EDGE 24: that is %s within the body breaks for its caller', async (_, broken) => {
    let breakOff: (() => void) | undefined;
    await using server = await serving((stream, socket) => {
      breakOff = () => {
        broken(stream, socket);
      };
      stream.respond({ ':status': 200 });
      stream.write('part');
    });
    await using own = speaking();
    const { body, context } = await request(server.url, own);
    const chunks: unknown[] = [];
    const reading = (async () => {
      for await (const chunk of body) {
        chunks.push(String(chunk));
        breakOff?.();
      }
    })();
    expect(await failureOf(reading)).toBeInstanceOf(Error);
    expect([chunks, classesOf(context), server.requests.length]).toEqual([['part'], [undefined], 1]);
  });

  it('that is reset within the body is the end of the body to undici, and so it is here', async () => {
    await using server = await serving((stream) => {
      stream.respond({ ':status': 200 });
      stream.write('part', () => {
        stream.close(NGHTTP2_INTERNAL_ERROR);
      });
    });
    await using own = speaking();
    await using bare = speaking({ maxAttempts: 1 });
    const ends = [own, bare].map(async (agent) => {
      const { body, statusCode } = await request(server.url, agent);
      return [statusCode, await body.text().catch((error: unknown) => (error as Error).message)];
    });
    const [end, bareEnd] = await Promise.all(ends);
    expect([end, server.requests.length]).toEqual([bareEnd, 2]);
  });

  it('that the caller aborts is closed, and no other follows', async () => {
    const controller = new AbortController();
    let closed: Promise<unknown> | undefined;
    const aborting: Http2Answer = (stream) => {
      closed = new Promise((resolve) => stream.once('close', resolve));
      controller.abort(new Error('enough'));
    };
    await using server = await serving(unavailable, aborting);
    await using own = speaking();
    await expect(request(server.url, { ...own, signal: controller.signal })).rejects.toThrow('enough');
    await closed;
    expect([server.requests.length, server.sessions]).toEqual([2, 1]);
  });
});

describe.skipIf(onOldest)('a body over HTTP/2 that is still being sent when its answer has ended', () => {
  it.each<[string, (source: AsyncIterable<Buffer>) => Readable]>([
    ['a Readable', (source) => Readable.from(source)],
    ['a ReadableStream', (source) => Readable.toWeb(Readable.from(source)) as unknown as Readable],
  ])('goes on to its own end: %s', async (_, bodyOf) => {
    let goOn: (() => void) | undefined;
    const answered = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const server = createSecureServer(certificate);
    const received = new Promise<string>((resolve, reject) => {
      server.on('stream', (stream) => {
        let text = '';
        stream.respond({ ':status': 200 });
        stream.end('early');
        stream.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        stream.on('end', () => {
          resolve(text);
        });
        stream.on('error', reject);
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const source = async function* () {
      yield Buffer.from('begin');
      await answered;
      yield Buffer.from(' and end');
    };
    await using own = speaking();
    const { body } = await request(url, { ...own, method: 'POST', body: bodyOf(source()) });
    expect(await body.text()).toBe('early');
    goOn?.();
    expect(await received).toBe('begin and end');
    server.close();
  });
});
