import { describe, expect, it } from 'vitest';

import { createRetryingFetch } from '../src/index.ts';
import { flakyServer, status } from './servers/flaky-server.ts';
import type { Answer } from './servers/flaky-server.ts';

const content = Buffer.from('0123456789'.repeat(100));
const ETAG = { etag: '"v1"' };
const OPTIONS = { baseDelay: 0, resume: true, maxAttempts: 5 };

/** Sends the first bytes and breaks the connection off. */
const breakOff =
  (size: number, headers: Record<string, string> = { 'content-length': String(content.length) }): Answer =>
  (response, request) => {
    response.writeHead(200, { ...ETAG, ...headers });
    response.write(content.subarray(0, size), () => request.socket.destroySoon());
  };

/** What a Range asks for, in parts of at most so many bytes. */
const parts =
  (size: number): Answer =>
  (response, request) => {
    const first = Number(/=(\d+)-/.exec(String(request.headers.range))?.[1]);
    const bytes = content.subarray(first, first + size);
    const range = `bytes ${first}-${first + bytes.length - 1}/${content.length}`;
    response.writeHead(206, { ...ETAG, 'content-length': bytes.length, 'content-range': range }).end(bytes);
  };

const read = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());

describe('a download that is continued', () => {
  it('asks for what is missing when the server gives a part of the rest, of a body without a length', async () => {
    await using server = await flakyServer(breakOff(100, {}), parts(300));
    expect(await read(await createRetryingFetch(OPTIONS)(server.url))).toEqual(content);
    expect(server.requests.map(({ headers }) => headers.range)).toEqual([
      undefined,
      'bytes=100-',
      'bytes=400-',
      'bytes=700-',
    ]);
  });

  it('EDGE 41: ends well when nothing was missing but the end', async () => {
    await using server = await flakyServer(
      breakOff(content.length, {}),
      status(416, { 'content-range': `bytes */${content.length}` }, ''),
    );
    expect(await read(await createRetryingFetch(OPTIONS)(server.url))).toEqual(content);
  });

  it.each([{}, { attemptTimeout: 5000 }, { timeout: 5000 }])(
    'is ended by its signal in the continued part too, with %o',
    async (limits) => {
      await using server = await flakyServer(breakOff(100), (response) => {
        response.writeHead(206, { ...ETAG, 'content-length': 900, 'content-range': 'bytes 100-999/1000' });
        response.write(content.subarray(100, 200));
      });
      const controller = new AbortController();
      const { signal } = controller;
      const response = await createRetryingFetch({ ...OPTIONS, ...limits })(server.url, { signal });
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      for (let size = 0; size < 200;) size += (await reader.read()).value?.length ?? 0;
      const end = reader.read().catch((reason: unknown) => reason);
      controller.abort('enough');
      expect(await end).toBe('enough');
    },
  );

  it('sends the headers that beforeRetry and attemptHeaders set', async () => {
    await using server = await flakyServer(breakOff(100), parts(1000));
    const fetch = createRetryingFetch({
      ...OPTIONS,
      attemptHeaders: true,
      hooks: {
        beforeRetry: ({ headers }) => {
          headers.set('authorization', 'new');
        },
      },
    });
    expect(await read(await fetch(server.url, { headers: { authorization: 'old' } }))).toEqual(content);
    const seen = server.requests.map(({ headers }) => [headers.authorization, headers['x-retry-attempt']]);
    expect(seen).toEqual([
      ['old', '1'],
      ['new', '2'],
    ]);
  });

  it('keeps a status text that no constructor takes', async () => {
    await using server = await flakyServer((response, request) => {
      const head = `HTTP/1.1 200 成功\r\netag: "v1"\r\ncontent-length: 2\r\n\r\nok`;
      request.socket.end(head);
      response.destroy();
    });
    const response = await createRetryingFetch(OPTIONS)(server.url);
    expect(response.statusText).toBe((await fetch(server.url)).statusText);
    expect(await response.text()).toBe('ok');
  });
});
