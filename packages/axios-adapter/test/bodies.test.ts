// What the server sees of a body at each attempt: the same bytes under the same headers, or no further attempt.
import { Readable } from 'node:stream';

import { Blob as NodeBlob } from 'node:buffer';

import { create } from 'axios';
import type { AxiosAdapter, AxiosInstance, CreateAxiosDefaults } from 'axios';
import FormDataPackage from 'form-data';
import { describe, expect, it, vi } from 'vitest';

import { flakyServer, ok, reset, unavailable } from '../../fetch-adapter/test/servers/flaky-server.ts';
import type { FlakyServer } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { ADAPTERS, attached, failureOf, onOldest } from './servers/attached.ts';

const put = (instance: AxiosInstance, { url }: FlakyServer, data: unknown) => instance.put<string>(url, data);

/** The body and the headers that describe it, as bare axios sends them. */
const seenOf = ({ requests }: FlakyServer) =>
  requests.map(({ body, headers }) => {
    const type = headers['content-type'];
    // The pattern alone misses a random boundary with many dashes.
    const [, boundary] = /boundary=(.+)/u.exec(type ?? '') ?? [];
    const text = boundary ? body.toString().replaceAll(boundary, 'BOUNDARY') : body.toString();
    return {
      body: text.replaceAll(/--[-\w.]*(?:\w{12,}|\d{12})[-\w.]*/gu, 'BOUNDARY'),
      type: type?.replace(/boundary=.+/u, 'boundary'),
      length: headers['content-length'],
      encoding: headers['transfer-encoding'],
    };
  });

const form = (): FormData => {
  const data = new FormData();
  data.append('field', 'value');
  data.append('file', new Blob(['content']), 'file.txt');
  return data;
};
const packageForm = (): FormDataPackage => {
  const data = new FormDataPackage();
  data.append('field', 'value');
  data.append('file', Buffer.from('content'), 'file.txt');
  return data;
};
const node = (): Readable => Readable.from([Buffer.from('hello '), Buffer.from('world')]);
const web = (): ReadableStream => new Blob(['hello world']).stream();

const BODIES: [adapter: 'http' | 'fetch', name: string, make: () => unknown][] = [
  ...ADAPTERS.flatMap((adapter): typeof BODIES => [
    [adapter, 'an object', () => ({ a: [1, { b: 'ü' }] })],
    [adapter, 'a string', () => 'plain text'],
    [adapter, 'URLSearchParams', () => new URLSearchParams({ a: '1', b: 'x y' })],
    [adapter, 'a Buffer', () => Buffer.from([1, 2, 3])],
    [adapter, 'an ArrayBuffer', () => new Uint8Array([1, 2, 3]).buffer],
    [adapter, 'a FormData', form],
    [adapter, 'null', () => null],
    [adapter, 'undefined', () => undefined],
  ]),
  ['http', 'a Blob', () => new NodeBlob(['blob'], { type: 'text/x-blob' })],
  ['fetch', 'a Blob', () => new NodeBlob(['blob'], { type: 'text/x-blob' })],
  ['http', 'a Node stream', node],
  ['http', 'the form-data package', packageForm],
  ['fetch', 'a web ReadableStream', web],
];

describe('a body', () => {
  it.each(BODIES)(
    'EDGE 36: (%s) %s is the same at each attempt, and as bare axios sends it',
    async (adapter, _, make) => {
      await using bare = await flakyServer(ok);
      await put(create({ adapter }), bare, make());
      await using server = await flakyServer(unavailable, reset, ok);
      const response = await put(attached({}, { adapter }), server, make());
      const [expected] = seenOf(bare);
      expect(seenOf(server)).toEqual([expected, expected, expected]);
      expect(response.retry?.attempts).toHaveLength(3);
    },
  );

  it('EDGE 36: of form-data keeps its boundary', async () => {
    await using server = await flakyServer(unavailable, unavailable, ok);
    const data = packageForm();
    await put(attached(), server, data);
    const types = server.requests.map(({ headers }) => headers['content-type']);
    expect(types).toEqual(Array(3).fill(`multipart/form-data; boundary=${data.getBoundary()}`));
    for (const { body } of server.requests) expect(body.toString()).toContain(data.getBoundary());
  });

  it('of form-data gives every header that it has', async () => {
    await using server = await flakyServer(unavailable, ok);
    const data = packageForm();
    const headers = data.getHeaders({ 'X-Of-Form': 'yes' });
    data.getHeaders = () => headers;
    await attached().put(server.url, data);
    expect(server.requests.map((request) => request.headers['x-of-form'])).toEqual(['yes', 'yes']);
  });

  it.skipIf(onOldest)(
    "of form-data gives no other headers with formDataHeaderPolicy 'content-only'",
    async () => {
      await using server = await flakyServer(unavailable, ok);
      const data = packageForm();
      const headers = data.getHeaders({ 'X-Of-Form': 'yes' });
      data.getHeaders = () => headers;
      await attached().put(server.url, data, { formDataHeaderPolicy: 'content-only' });
      for (const request of server.requests) {
        expect(request.headers).not.toHaveProperty('x-of-form');
        expect(request.headers['content-type']).toBe(headers['content-type']);
      }
    },
  );

  it('EDGE 28: that is a JSON string is not stringified again', async () => {
    await using server = await flakyServer(unavailable, ok);
    await attached().put(server.url, '{"a":1}', { headers: { 'Content-Type': 'application/json' } });
    expect(seenOf(server).map(({ body }) => body)).toEqual(['{"a":1}', '{"a":1}']);
  });

  it('is sent and received where there are no web streams, as in React Native and jsdom', async () => {
    await using server = await flakyServer(unavailable, ok);
    vi.stubGlobal('ReadableStream', undefined);
    try {
      const instance = attached({ attemptTimeout: 5000 }, { adapter: 'http', responseType: 'arraybuffer' });
      const response = await instance.put(server.url, Buffer.from('bytes'));
      expect([response.status, response.retry?.attempts.length]).toEqual([200, 2]);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

describe('a stream', () => {
  const large = (): Readable => Readable.from(Array.from({ length: 4 }, () => Buffer.alloc(1000, 'x')));

  it('EDGE "a stream body is never sent again empty": beyond replay.maxBytes it is sent once', async () => {
    await using server = await flakyServer(unavailable, ok);
    const error = await failureOf(put(attached({ replay: { maxBytes: 3999 } }), server, large()));
    expect([error.response?.status, error.retry?.reason]).toEqual([503, 'body_not_replayable']);
    expect(server.requests.map(({ body }) => body.length)).toEqual([4000]);
  });

  it('of exactly replay.maxBytes is sent again whole', async () => {
    await using server = await flakyServer(unavailable, ok);
    await put(attached({ replay: { maxBytes: 4000 } }), server, large());
    expect(server.requests.map(({ body }) => body.length)).toEqual([4000, 4000]);
  });

  it.each<[string, () => Readable | ReadableStream]>([
    ['of Node', node],
    ['of the platform', web],
  ])('%s is left as it is where it is sent once', async (_, make) => {
    for (const options of [{ maxAttempts: 1 }, { replay: false }] as const) {
      let sent: unknown;
      const adapter: AxiosAdapter = async (config) => {
        sent = config.data;
        return Promise.resolve({ data: '', status: 200, statusText: '', headers: {}, config });
      };
      const data = make();
      await attached(options, { adapter }).put('http://127.0.0.1/', data);
      expect(sent === data).toBe(true);
    }
  });

  it('with replay: false is sent once, as it is', async () => {
    await using server = await flakyServer(unavailable, ok);
    const error = await failureOf(put(attached({ replay: false }), server, large()));
    expect([error.retry?.reason, server.requests.length]).toEqual(['body_not_replayable', 1]);
  });

  it('with throwOnExhausted says that the body was the reason', async () => {
    await using server = await flakyServer(unavailable, ok);
    const error = await failureOf(put(attached({ replay: false, throwOnExhausted: true }), server, large()));
    expect(error).toMatchObject({ name: 'BodyNotReplayableError' });
  });

  it('of strings is UTF-8 at each attempt', async () => {
    await using server = await flakyServer(unavailable, ok);
    await put(attached(), server, Readable.from(['grün', ' ', 'weiß']));
    expect(seenOf(server).map(({ body }) => body)).toEqual(['grün weiß', 'grün weiß']);
  });

  it('keeps a Content-Length that the caller gave', async () => {
    await using server = await flakyServer(unavailable, ok);
    await attached().put(server.url, node(), { headers: { 'Content-Length': '11' } });
    expect(seenOf(server).map(({ body, length }) => [body, length])).toEqual([
      ['hello world', '11'],
      ['hello world', '11'],
    ]);
  });

  it('that fails ends the request with its own error, and is destroyed', async () => {
    await using server = await flakyServer(ok);
    const own = new Error('disk gone');
    const failing = async function* (): AsyncGenerator<Buffer> {
      yield await Promise.resolve(Buffer.from('begin'));
      throw own;
    };
    const stream = Readable.from(failing());
    const error = await failureOf(put(attached(), server, stream));
    expect([error, error.cause]).toContain(own);
    expect(stream.destroyed).toBe(true);
    expect(server.requests).toHaveLength(0);
  });

  it('that the caller gave and nobody reads any more is destroyed after a failure', async () => {
    await using server = await flakyServer(reset);
    const stream = large();
    await failureOf(attached().post(server.url, stream));
    expect(stream.destroyed).toBe(true);
  });

  it('maxBodyLength exceeded is not retried', async () => {
    await using server = await flakyServer(ok);
    const error = await failureOf(attached().put(server.url, large(), { maxBodyLength: 100 }));
    expect(error.retry?.attempts).toHaveLength(1);
    const text = await failureOf(attached().put(server.url, 'x'.repeat(200), { maxBodyLength: 100 }));
    expect(text.code).toMatch(/ERR_BAD_REQUEST|ERR_FR_MAX_BODY_LENGTH_EXCEEDED/u);
    expect(text.retry?.attempts).toHaveLength(1);
  });

  it('reports its progress to onUploadProgress in each attempt', async () => {
    await using server = await flakyServer(unavailable, ok);
    const loaded: number[] = [];
    await attached().put(server.url, large(), {
      onUploadProgress: (event) => {
        loaded.push(event.loaded);
      },
    });
    expect(Math.max(...loaded)).toBe(4000);
  });
});

describe('what can be iterated', () => {
  async function* parts(): AsyncGenerator<string> {
    yield 'hello ';
    yield await Promise.resolve('world');
  }
  // That of axios would make JSON of it.
  const asItIs: CreateAxiosDefaults = { adapter: 'fetch', transformRequest: (data: unknown) => data };

  it('EDGE "a stream body is never sent again empty": once is sent once', async () => {
    await using server = await flakyServer(unavailable, ok);
    const error = await failureOf(put(attached({}, asItIs), server, parts()));
    expect([error.response?.status, error.retry?.reason]).toEqual([503, 'body_not_replayable']);
    expect(seenOf(server).map(({ body }) => body)).toEqual(['hello world']);
  });

  it('anew for each attempt is sent again whole', async () => {
    await using server = await flakyServer(unavailable, ok);
    // axios makes a copy of a plain object.
    const data: unknown = Object.create({ [Symbol.asyncIterator]: parts });
    await put(attached({}, asItIs), server, data);
    expect(seenOf(server).map(({ body }) => body)).toEqual(['hello world', 'hello world']);
  });
});

describe('a request that may have been processed', () => {
  it.each(ADAPTERS)('EDGE "a POST whose connection was reset is not sent again" (%s)', async (adapter) => {
    await using server = await flakyServer(reset);
    const error = await failureOf(attached({}, { adapter }).post(server.url, { a: 1 }));
    expect([error.retry?.reason, server.requests.length]).toEqual(['method_not_idempotent', 1]);
  });

  it.each(ADAPTERS)('is sent again under one idempotency key (%s)', async (adapter) => {
    await using server = await flakyServer(reset, unavailable, ok);
    await attached({ idempotencyKey: true }, { adapter }).post(server.url, { a: 1 });
    const keys = server.requests.map(({ headers }) => headers['idempotency-key']);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^"[-\w]{36}"$/u);
    expect(keys).toHaveLength(3);
  });

  it.each([undefined, null, false])(
    'is not sent again under a key of %s, which axios leaves out',
    async (key) => {
      await using server = await flakyServer(unavailable, ok);
      const headers = { 'Idempotency-Key': key } as object;
      const error = await failureOf(attached().post(server.url, { a: 1 }, { headers }));
      expect(error.retry?.reason).toBe('method_not_idempotent');
      expect(server.requests.map((request) => request.headers['idempotency-key'])).toEqual([undefined]);
    },
  );

  it.each([undefined, null, false])('has a key of ours in place of the %s of its config', async (key) => {
    await using server = await flakyServer(unavailable, ok);
    const headers = { 'Idempotency-Key': key } as object;
    await attached({ idempotencyKey: true }).post(server.url, { a: 1 }, { headers });
    const [first, second] = server.requests.map((request) => request.headers['idempotency-key']);
    expect(first).toMatch(/^"[-\w]{36}"$/u);
    expect(second).toBe(first);
  });

  it("is sent again under the caller's own key, which stays", async () => {
    await using server = await flakyServer(reset, ok);
    const headers = { 'idempotency-key': 'mine' };
    await attached({ idempotencyKey: true }).post(server.url, { a: 1 }, { headers });
    expect(server.requests.map((request) => request.headers['idempotency-key'])).toEqual(['mine', 'mine']);
  });
});
