// Streams that are still being sent when their request is answered, and streams that fail before they are read.
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { Agent, createServer, request as requestTo } from 'node:http';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough, Readable } from 'node:stream';

import type { RetryOptions } from '@tenax/core';
import { AxiosError, isCancel } from 'axios';
import type { AxiosAdapter, AxiosRequestConfig } from 'axios';
import FormDataPackage from 'form-data';
import { describe, expect, it, onTestFinished } from 'vitest';

import { flakyServer, ok } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { retryUnderWay, someTurns } from '../../fetch-adapter/test/servers/retry-under-way.ts';
import { ADAPTERS, attached, failureOf } from './servers/attached.ts';

const CHUNKS = 20;
const CHUNK = Buffer.alloc(1000, 'x');

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** Refuses the first request before its body has come, and says how many bytes the others had. */
async function hastyServer(): Promise<{ url: string; sizes: number[] }> {
  let requests = 0;
  const sizes: number[] = [];
  const url = await serve((request, response) => {
    requests += 1;
    if (requests === 1) {
      request.once('data', () => response.writeHead(503).end('busy'));
      return;
    }
    let size = 0;
    request.on('data', (chunk: Buffer) => (size += chunk.length));
    request.on('end', () => {
      sizes.push(size);
      response.end('ok');
    });
  });
  return { url, sizes };
}

/** The rest comes once the promise is fulfilled; `failsAt` is the chunk that does not come. */
async function* source(goOn: Promise<unknown>, failsAt = Infinity): AsyncGenerator<Buffer> {
  for (let index = 0; index < CHUNKS; index += 1) {
    if (index === 2) await goOn;
    if (index === failsAt) throw new Error('the disk failed');
    yield CHUNK;
  }
}

const readable = (chunks: AsyncIterable<Buffer>): Readable => Readable.from(chunks, { objectMode: false });

/** Retries, with the promise of the first retry; before that is sent, whatever is under way goes on. */
function retrying() {
  const { goOn, beforeRetry } = retryUnderWay();
  const instance = attached({ baseDelay: 0, replay: { maxBytes: 5000 }, hooks: { beforeRetry } });
  return { instance, goOn };
}

describe('a stream that is still being sent when its attempt is refused', () => {
  it('is sent again whole, however much more of it has come meanwhile', async () => {
    const { sizes, url } = await hastyServer();
    const { goOn, instance } = retrying();
    await instance.put(url, readable(source(goOn)));
    expect(sizes).toEqual([CHUNKS * CHUNK.length]);
  });

  it('and fails in the wait ends the request with its own error', async () => {
    const { sizes, url } = await hastyServer();
    const { goOn, instance } = retrying();
    const error = await failureOf(instance.put(url, readable(source(goOn, 3))));
    expect([error.message, sizes]).toEqual(['the disk failed', []]);
  });
});

describe('a stream that is still being sent when the request has failed', () => {
  it.each<[number, RetryOptions]>([
    [422, {}],
    [503, { throwOnExhausted: true, replay: { maxBytes: 1 } }],
  ])('by %i is sent to its end, as by bare axios, and never cut off, with %o', async (code, options) => {
    const { promise: whole, resolve } = Promise.withResolvers<number>();
    const url = await serve((request, response) => {
      let size = 0;
      request.on('data', (chunk: Buffer) => (size += chunk.length));
      request.on('end', () => {
        resolve(size);
      });
      // Node would throw the rest away after an answer.
      Object.assign(request, { _dump: () => undefined });
      request.once('data', () => response.writeHead(code).end('no'));
    });
    const { promise: failed, resolve: goOn } = Promise.withResolvers<void>();
    await failureOf(attached(options).put(url, readable(source(failed))));
    goOn();
    expect(await whole).toBe(CHUNKS * CHUNK.length);
  });
});

describe('a stream that fails as the lost connection it comes from', () => {
  it.each(['http', 'fetch'])(
    'is no failure of the server that it goes to, with the %s adapter',
    async (adapter) => {
      const url = await serve((request) => {
        request.on('error', () => undefined).resume();
      });
      const lost = Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
      const body = readable(
        (async function* () {
          yield CHUNK;
          await someTurns();
          throw lost;
        })(),
      );
      const error = await failureOf(attached().put(url, body, { adapter }));
      expect(error.retry?.attempts.map(({ failureClass }) => failureClass)).toEqual(['permanent']);
    },
  );
});

describe('a stream that fails before it is read', () => {
  it('in a form ends the request with its error', async () => {
    await using server = await flakyServer(ok);
    const form = new FormDataPackage();
    form.append('file', createReadStream('/no/such/file'));
    expect((await failureOf(attached().post(server.url, form))).code).toBe('ENOENT');
  });

  it('in the queue of a bulkhead ends the request with its error', async () => {
    await using server = await flakyServer(ok);
    const { promise: failed, resolve } = Promise.withResolvers<void>();
    const body = createReadStream('/no/such/file');
    body.once('error', () => {
      resolve();
    });
    const instance = attached({ bulkhead: { maxConcurrent: 1, maxQueue: 1 } });
    const adapter = async (config: object) => {
      await failed;
      return { data: '', status: 200, statusText: '', headers: {}, config: config as never };
    };
    const first = instance.get(server.url, { adapter });
    expect((await failureOf(instance.put(server.url, body))).code).toBe('ENOENT');
    await first;
  });
});

describe('a stream that somebody destroys before its end', () => {
  /** One that has given a part, and is destroyed when the server has it. */
  async function destroyed(config: AxiosRequestConfig = {}): Promise<AxiosError> {
    const body = new PassThrough();
    const url = await serve((request) => {
      request.once('data', () => body.destroy());
    });
    body.write('a part');
    return failureOf(attached().put(url, body, config));
  }

  it('ends the request as with bare axios', async () => {
    const error = await destroyed();
    expect(isCancel(error)).toBe(true);
    expect([error.message, error.retry?.attempts.length]).toEqual(['Request stream has been aborted', 1]);
  });

  it.each(ADAPTERS)(
    'is not sent again, nor its part as if it were the whole, with the %s adapter',
    async (adapter) => {
      const error = await destroyed({ adapter, onUploadProgress: () => undefined });
      expect([error.retry?.attempts.length, error.retry?.reason]).toEqual([1, 'body_not_replayable']);
    },
  );

  it.each([
    ['http', 'Request stream has been aborted'],
    ['fetch', 'Response body object should not be disturbed or locked'],
  ] as const)(
    'in a wait ends the request as with bare axios, with the %s adapter',
    async (adapter, message) => {
      const { url } = await hastyServer();
      const { goOn, instance } = retrying();
      const body = new PassThrough();
      body.write('a part');
      const request = failureOf(instance.put(url, body, { adapter }));
      await goOn;
      body.destroy();
      const error = await request;
      expect([error.message, error.retry?.attempts.length]).toEqual([message, 2]);
    },
  );

  it('while nothing is asked of it is not sent again', async () => {
    const url = await serve((request) => request.pause());
    const chunk = Buffer.alloc(1024 * 1024);
    let asked = 0;
    const body = new Readable({
      read() {
        asked += 1;
        this.push(chunk);
      },
    });
    const request = failureOf(
      attached({ replay: { maxBytes: 1e9 } }).put(url, body, { maxBodyLength: 1e9, maxRedirects: 0 }),
    );
    for (let before = -1; before !== asked;) {
      before = asked;
      await someTurns();
    }
    body.destroy();
    const error = await request;
    expect(isCancel(error)).toBe(true);
    expect(error.retry?.attempts).toHaveLength(1);
  });
});

describe('a stream that is read by somebody else too', () => {
  it.each(['before', 'after'])('%s the request is made is sent whole', async (when) => {
    await using server = await flakyServer(ok);
    const body = new PassThrough();
    const other = new PassThrough();
    other.resume();
    if (when === 'before') body.pipe(other);
    const request = attached().put(server.url, body);
    if (when === 'after') body.pipe(other);
    body.end('all of it');
    await request;
    expect(server.requests.map(({ body: sent }) => sent.toString())).toEqual(['all of it']);
  });
});

describe('a stream whose request is refused before it is sent', () => {
  it.each(['before', 'after'])('flows on for somebody who reads it from %s the request on', async (when) => {
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const adapter: AxiosAdapter = async (config) => {
      await ended;
      return { data: '', status: 200, statusText: '', headers: {}, config };
    };
    const instance = attached({ bulkhead: { maxConcurrent: 1, maxQueue: 0 } }, { adapter });
    const first = instance.get('http://127.0.0.1/');
    const body = readable(source(Promise.resolve()));
    const other = new PassThrough({ highWaterMark: CHUNKS * CHUNK.length });
    if (when === 'before') body.pipe(other);
    expect((await failureOf(instance.put('http://127.0.0.1/', body))).code).toBe('TENAX_BULKHEAD_FULL');
    if (when === 'after') body.pipe(other);
    let size = 0;
    for await (const chunk of other) size += (chunk as Buffer).length;
    expect(size).toBe(CHUNKS * CHUNK.length);
    resolve();
    await first;
  });
});

describe('a stream whose request is aborted while it waits for a place', () => {
  it('flows on for all who began to read it meanwhile', async () => {
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const adapter: AxiosAdapter = async (config) => {
      await ended;
      return { data: '', status: 200, statusText: '', headers: {}, config };
    };
    const instance = attached({ bulkhead: { maxConcurrent: 1, maxQueue: 1 } }, { adapter });
    const first = instance.get('http://127.0.0.1/');
    const body = readable(source(Promise.resolve()));
    const controller = new AbortController();
    const waiting = failureOf(instance.put('http://127.0.0.1/', body, { signal: controller.signal }));
    await someTurns();
    const sizes = [0, 0];
    for (const index of sizes.keys()) body.on('data', (chunk: Buffer) => (sizes[index]! += chunk.length));
    controller.abort();
    expect(isCancel(await waiting)).toBe(true);
    await once(body, 'end');
    expect(sizes).toEqual(Array(2).fill(CHUNKS * CHUNK.length));
    resolve();
    await first;
  });
});

describe('a stream that is answered before the part that the attempt before has asked for', () => {
  it('is given whole to who reads on', async () => {
    const { promise: goOn, resolve } = Promise.withResolvers<void>();
    const bodies: Readable[] = [];
    const adapter: AxiosAdapter = async (config) => {
      const body = config.data as Readable;
      bodies.push(body);
      if (bodies.length === 1) {
        body.resume();
        await someTurns();
        throw new AxiosError('lost', 'ERR_NETWORK', config);
      }
      return { data: '', status: 200, statusText: '', headers: {}, config };
    };
    await attached().put('http://127.0.0.1/', readable(source(goOn)), { adapter });
    resolve();
    await someTurns();
    let size = 0;
    for await (const chunk of bodies[1] ?? []) size += (chunk as Buffer).length;
    expect(size).toBe(CHUNKS * CHUNK.length);
  });
});

describe('an upload that would be forwarded', () => {
  it('is read on by the server when its request ends before any attempt, so that its connection goes on', async () => {
    const proxy = await serve((incoming, response) => {
      const forwarded = attached().put('http://127.0.0.1/', incoming, { signal: AbortSignal.abort() });
      void forwarded.catch(() => response.writeHead(502).end());
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => {
      agent.destroy();
    });
    const size = 2_000_000;
    for (let upload = 0; upload < 2; upload += 1) {
      const sent = requestTo(proxy, { agent, method: 'PUT', headers: { 'content-length': size } });
      const answer = once(sent, 'response') as Promise<[IncomingMessage]>;
      sent.end(Buffer.alloc(size));
      const [response] = await answer;
      response.resume();
      await Promise.all([once(response, 'end'), sent.writableFinished || once(sent, 'finish')]);
      expect(response.statusCode).toBe(502);
    }
  });
});
