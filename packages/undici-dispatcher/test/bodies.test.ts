// Request bodies: whatever they are, each attempt sends the same bytes.
import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';

import { FormData, request } from 'undici';
import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';

import { flakyServer, ok, reset, unavailable } from '../../fetch-adapter/test/servers/flaky-server.ts';
import type { SeenRequest } from '../../fetch-adapter/test/servers/flaky-server.ts';
import {
  classesOf,
  failureOf,
  retryDispatcher,
  retryingAgent,
  statisticsOf,
} from './servers/retrying-agents.ts';

type Body = NonNullable<Dispatcher.DispatchOptions['body']>;

const TEXT = 'h\u00e9llo, w\u00f6rld';
const bytes = Buffer.from(TEXT);
const halves = [bytes.subarray(0, 5), bytes.subarray(5)];

const form = new FormData();
form.set('field', TEXT);
form.set('file', new Blob([bytes], { type: 'text/plain' }), 'name.txt');

// undici takes more than its types say.
const BODIES: [string, () => unknown][] = [
  ['a string', () => TEXT],
  ['a Buffer', () => bytes],
  ['a Uint8Array', () => new Uint8Array(bytes)],
  ['a DataView', () => new DataView(new Uint8Array(bytes).buffer)],
  ['an ArrayBuffer', () => new Uint8Array(bytes).buffer],
  ['a Blob', () => new Blob(halves)],
  [
    'a Readable',
    () =>
      new Readable({
        read(): void {
          this.push(bytes);
          this.push(null);
        },
      }),
  ],
  ['a Readable of two chunks', () => Readable.from(halves)],
  ['a Readable of strings', () => Readable.from([TEXT.slice(0, 4), TEXT.slice(4)])],
  ['an array of Buffers', () => halves],
  [
    'a sync generator',
    () =>
      (function* () {
        yield* halves;
      })(),
  ],
  [
    'an async generator',
    () =>
      (async function* () {
        yield* halves;
      })(),
  ],
  [
    'an async iterable',
    () => ({
      [Symbol.asyncIterator]: async function* () {
        yield* halves;
      },
    }),
  ],
  ['a ReadableStream', () => ReadableStream.from(halves)],
];
const STREAMS = BODIES.filter(([name]) => /Readable|iterable|generator/u.test(name));

const seenBodies = (requests: readonly SeenRequest[]): string[] =>
  requests.map(({ body }) => body.toString());

describe('a body that is', () => {
  it.each(BODIES)('%s is the same at each attempt', async (_, make) => {
    await using server = await flakyServer(unavailable, reset, ok);
    await using own = retryingAgent();
    const { body, statusCode } = await request(server.url, { ...own, method: 'PUT', body: make() as Body });
    expect([statusCode, await body.text()]).toEqual([200, TEXT]);
    expect(seenBodies(server.requests)).toEqual([TEXT, TEXT, TEXT]);
  });

  it.each([
    ['null', null],
    ['undefined', undefined],
    ['an empty string', ''],
    ['an empty Buffer', Buffer.alloc(0)],
    ['an empty array', []],
    ['an empty Readable', Readable.from([])],
  ])('%s is none at each attempt', async (_, given) => {
    await using server = await flakyServer(unavailable, unavailable, ok);
    await using own = retryingAgent();
    const { body } = await request(server.url, { ...own, method: 'PUT', body: given as Body });
    expect([await body.text(), seenBodies(server.requests)]).toEqual(['ok', ['', '', '']]);
  });

  it('a FormData has the same parts at each attempt', async () => {
    await using server = await flakyServer(unavailable, unavailable, ok);
    await using own = retryingAgent();
    await request(server.url, { ...own, method: 'PUT', body: form });
    const [first, ...rest] = server.requests.map(({ body, headers }) => {
      const boundary = /boundary=(.+)$/u.exec(headers['content-type'] ?? '')?.[1] ?? 'none';
      return body.toString().replaceAll(boundary, 'boundary');
    });
    expect(first).toContain(`name="file"; filename="name.txt"\r\nContent-Type: text/plain\r\n\r\n${TEXT}`);
    expect(rest).toEqual([first, first]);
  });

  it.each(STREAMS)('%s keeps the length that its caller has given', async (_, make) => {
    await using server = await flakyServer(unavailable, unavailable, ok);
    await using own = retryingAgent();
    const headers = { 'content-length': String(bytes.length) };
    await request(server.url, { ...own, method: 'PUT', headers, body: make() as Body });
    expect(server.requests.map((seen) => seen.headers['content-length'])).toEqual(
      Array(3).fill(String(bytes.length)),
    );
    expect(seenBodies(server.requests)).toEqual([TEXT, TEXT, TEXT]);
  });

  it.each(STREAMS)('%s with a wrong length is an error of undici, once', async (_, make) => {
    await using server = await flakyServer(ok);
    await using own = retryingAgent();
    const headers = { 'content-length': '5' };
    const error = await failureOf(
      request(server.url, { ...own, method: 'PUT', headers, body: make() as Body }),
    );
    expect([error.code, classesOf(error)]).toEqual(['UND_ERR_REQ_CONTENT_LENGTH_MISMATCH', ['permanent']]);
  });

  it('a stream that a POST has sent is not read again', async () => {
    await using server = await flakyServer(unavailable, ok);
    await using own = retryDispatcher();
    const { statusCode } = await request(server.url, { ...own, method: 'POST', body: Readable.from(halves) });
    expect([statusCode, seenBodies(server.requests)]).toEqual([503, [TEXT]]);
  });
});

describe('a body that undici can read once', () => {
  it.each(STREAMS)(
    'EDGE "A body is sent twice that was consumed once": %s beyond maxBytes is sent once',
    async (_, make) => {
      await using server = await flakyServer(unavailable, ok);
      await using own = retryingAgent({ replay: { maxBytes: bytes.length - 1 } });
      const { body, context, statusCode } = await request(server.url, {
        ...own,
        method: 'PUT',
        body: make() as Body,
      });
      expect([statusCode, await body.text(), seenBodies(server.requests)]).toEqual([503, 'later', [TEXT]]);
      expect(statisticsOf(context)).toMatchObject({
        result: 'non_retryable_error',
        reason: 'body_not_replayable',
      });
    },
  );

  it.each(STREAMS)('%s of exactly maxBytes is sent again', async (_, make) => {
    await using server = await flakyServer(unavailable, ok);
    await using own = retryingAgent({ replay: { maxBytes: bytes.length } });
    await request(server.url, { ...own, method: 'PUT', body: make() as Body });
    expect(seenBodies(server.requests)).toEqual([TEXT, TEXT]);
  });

  it.each(STREAMS)('%s is sent once with replay: false', async (_, make) => {
    await using server = await flakyServer(unavailable, ok);
    await using own = retryingAgent({ replay: false });
    const { context, statusCode } = await request(server.url, {
      ...own,
      method: 'PUT',
      body: make() as Body,
    });
    expect([statusCode, seenBodies(server.requests)]).toEqual([503, [TEXT]]);
    expect(statisticsOf(context).reason).toBe('body_not_replayable');
  });

  it.each(STREAMS)('%s is handed to undici as it is where no retry is possible', async (_, make) => {
    await using server = await flakyServer(unavailable);
    await using own = retryingAgent();
    const { statusCode } = await request(server.url, {
      ...own,
      method: 'PUT',
      body: make() as Body,
      retry: false,
    });
    expect([statusCode, seenBodies(server.requests)]).toEqual([503, [TEXT]]);
  });

  it.each(BODIES.filter(([name]) => !STREAMS.some(([stream]) => stream === name)))(
    '%s is none of those: replay does not limit it',
    async (_, make) => {
      await using server = await flakyServer(unavailable, ok);
      await using own = retryingAgent({ replay: { maxBytes: 1 } });
      await request(server.url, { ...own, method: 'PUT', body: make() as Body });
      expect(seenBodies(server.requests)).toEqual([TEXT, TEXT]);
    },
  );

  it('is not limited while it is not sent: nothing of it was read when nobody accepts a connection', async () => {
    const server = await flakyServer();
    await server[Symbol.asyncDispose]();
    await using own = retryingAgent({ replay: { maxBytes: 1 } });
    const error = await failureOf(
      request(server.url, { ...own, method: 'POST', body: Readable.from(halves) }),
    );
    expect(classesOf(error)).toEqual(Array(3).fill('connection'));
  });

  it('may be large, when the first attempt succeeds', async () => {
    const chunk = Buffer.alloc(100_000, 'x');
    await using server = await flakyServer((response, _, { body }) => void response.end(String(body.length)));
    await using own = retryingAgent();
    const body = Readable.from(Array(40).fill(chunk));
    const response = await request(server.url, { ...own, method: 'PUT', body });
    expect(await response.body.text()).toBe('4000000');
  });
});
