import { describe, expect, it, vi } from 'vitest';

import { createRetryingFetch } from '../src/index.ts';
import { content, part, STRONG } from './servers/download-server.ts';
import type { Part } from './servers/download-server.ts';
import { flakyServer, ok, reset, status, unavailable } from './servers/flaky-server.ts';
import type { Answer } from './servers/flaky-server.ts';

const fetch = createRetryingFetch({ baseDelay: 0, throttledBaseDelay: 0, resume: true, maxAttempts: 4 });
const read = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());

describe('resume', () => {
  it.each([1, 2500, 4999])('continues a body that broke off after %d bytes', async (breakAfter) => {
    await using server = await flakyServer(part({ breakAfter }), part({}));
    const response = await fetch(server.url);
    expect([response.url, response.type, response.redirected]).toEqual([server.url, 'basic', false]);
    expect(await read(response)).toEqual(content);
    expect(server.requests[1]?.headers).toMatchObject({
      range: expect.stringMatching(/^bytes=\d+-$/),
      'if-range': '"v1"',
    });
  });

  it('continues over several breaks and failures, within maxAttempts in all', async () => {
    await using server = await flakyServer(
      part({ breakAfter: 1000 }),
      part({ breakAfter: 1000 }),
      unavailable,
      part({}),
    );
    expect(await read(await fetch(server.url))).toEqual(content);
    await using worse = await flakyServer(part({ breakAfter: 100 }));
    await expect(read(await fetch(worse.url))).rejects.toThrow('terminated');
    expect(worse.requests).toHaveLength(4);
  });

  it('takes a Last-Modified that is older than the response', async () => {
    const headers = { 'last-modified': 'Mon, 03 Jun 2019 11:00:00 GMT' };
    await using server = await flakyServer(part({ breakAfter: 2000, headers }), part({ headers }));
    expect(await read(await fetch(server.url))).toEqual(content);
    expect(server.requests[1]?.headers['if-range']).toBe(headers['last-modified']);
  });

  it.each<[string, Part]>([
    ['without a validator', { headers: {} }],
    ['with a weak ETag', { headers: { etag: 'W/"v1"' } }],
    ['with a content encoding', { headers: { ...STRONG, 'content-encoding': 'identity, x-own' } }],
    ['with an odd status', { code: 203 }],
  ])('does not touch a response %s', async (_, given) => {
    await using server = await flakyServer(part({ ...given, breakAfter: 2000 }), part(given));
    await expect(read(await fetch(server.url))).rejects.toThrow(TypeError);
    expect(server.requests).toHaveLength(1);
  });

  it('is for GET without a Range of the caller’s', async () => {
    await using server = await flakyServer(part({ breakAfter: 2000 }));
    await expect(read(await fetch(server.url, { headers: { range: 'bytes=5-' } }))).rejects.toThrow(
      TypeError,
    );
    await expect(read(await fetch(server.url, { method: 'PUT', body: 'x' }))).rejects.toThrow(TypeError);
    expect(server.requests).toHaveLength(2);
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
        response.writeHead(206, { ...STRONG, 'content-range': range }).end(Buffer.alloc(3001));
      },
    ],
    ['a content encoding', part({ headers: { ...STRONG, 'content-encoding': 'br' } })],
    ['an error', status(416)],
  ])('EDGE 41: refuses to go on with %s, and never mixes', async (_, answer) => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), answer);
    await expect(read(await fetch(server.url))).rejects.toMatchObject({
      code: 'TENAX_RESUME_REFUSED',
      cause: expect.any(TypeError),
      statistics: { attempts: [{ failureClass: 'transport' }, { attemptNumber: 2 }] },
    });
    expect(server.requests).toHaveLength(2);
  });

  it('EDGE 41: refuses to go on with a later Last-Modified', async () => {
    const modified = (hour: number) => ({ 'last-modified': `Mon, 03 Jun 2019 1${hour}:30:12 GMT` });
    await using server = await flakyServer(
      part({ headers: modified(1), breakAfter: 2000 }),
      part({ headers: modified(2) }),
    );
    await expect(read(await fetch(server.url))).rejects.toMatchObject({ code: 'TENAX_RESUME_REFUSED' });
    expect(server.requests).toHaveLength(2);
  });

  it('is no business of a request with retry: false: its end is the platform’s own', async () => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), part({}));
    const strict = createRetryingFetch({ resume: true, throwOnExhausted: true });
    const response = await strict(server.url, { retry: false });
    await expect(read(response)).rejects.toBeInstanceOf(TypeError);
    expect([server.requests.length, strict.engine.statistics.snapshot().totalOperations]).toEqual([1, 1]);
  });

  it('is a retry with hedging too: what asks for the rest is no hedge of what broke off', async () => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), part({}));
    const onRetry = vi.fn<(event: { readonly reason: string }) => void>();
    const hedge = { delay: 60_000, maxExtraLoad: 10 };
    const response = await fetch(server.url, { retry: { hedge, hooks: { onRetry } } });
    expect(await read(response)).toEqual(content);
    expect(onRetry.mock.calls.map(([{ reason }]) => reason)).toEqual(['transport_error']);
  });

  it('ends with the last error when nothing helps', async () => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), reset);
    await expect(read(await fetch(server.url))).rejects.toBeInstanceOf(TypeError);
    expect(server.requests).toHaveLength(4);
  });

  it('ends with the caller’s abort, while reading and while waiting', async () => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), unavailable);
    const controller = new AbortController();
    const hooks = {
      onRetry: () => {
        controller.abort('enough');
      },
    };
    const response = await fetch(server.url, { signal: controller.signal, retry: { hooks } });
    await expect(read(response)).rejects.toBe('enough');
    expect(server.requests).toHaveLength(1);
  });

  it('lets the connection go when the reader cancels', async () => {
    await using server = await flakyServer((response) => {
      response.writeHead(200, STRONG).write('begin');
    });
    const response = await fetch(server.url);
    await response.body?.cancel();
    await server.idle();
    expect(server.open).toBe(0);
  });

  it('cancels what it reads from, with the very reason', async () => {
    const cancel = vi.fn<(reason: unknown) => void>();
    const own = async (): Promise<Response> =>
      new Response(new ReadableStream({ cancel }), { headers: STRONG });
    const response = await createRetryingFetch({ resume: true, fetch: own })('http://127.0.0.1/');
    await response.body?.cancel('enough');
    expect(cancel.mock.calls).toEqual([['enough']]);
  });

  it('cancels it when the caller aborts, for a fetch that hears of no signal', async () => {
    const cancel = vi.fn<(reason: unknown) => void>();
    const own = async (): Promise<Response> =>
      new Response(new ReadableStream({ cancel }), { headers: STRONG });
    const controller = new AbortController();
    const { signal } = controller;
    const response = await createRetryingFetch({ resume: true, fetch: own })('http://127.0.0.1/', { signal });
    controller.abort('enough');
    await expect(read(response)).rejects.toBe('enough');
    expect(cancel.mock.calls).toEqual([['enough']]);
  });

  it('leaves an unbroken body as it is', async () => {
    await using server = await flakyServer(part({}), ok);
    expect(await read(await fetch(server.url))).toEqual(content);
    expect(server.requests).toHaveLength(1);
  });
});
