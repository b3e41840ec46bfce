import type { RetryOptions } from '@tenax/core';
import { fetch as undiciFetch } from 'undici';
import { describe, expect, it, onTestFinished, vi } from 'vitest';

import { collectGarbage } from '../../core/test/garbage.ts';
import { createRetryingFetch } from '../src/index.ts';
import { ownAgent } from './servers/agent.ts';
import { flakyServer, silence, status } from './servers/flaky-server.ts';
import type { Answer } from './servers/flaky-server.ts';
import { someTurns } from './servers/retry-under-way.ts';

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

  it('lets the connection of an answer that says so go', async () => {
    await using server = await flakyServer(breakOff(content.length, {}), (response) => {
      response.writeHead(416, { 'content-range': `bytes */${content.length}` }).write('begin');
    });
    expect(await read(await createRetryingFetch(OPTIONS)(server.url))).toEqual(content);
    await server.idle();
  });

  it('lets the connection of an answer that is refused go', async () => {
    await using server = await flakyServer(breakOff(100), (response) => {
      response.writeHead(200, { etag: '"v2"' }).write('begin');
    });
    const response = await createRetryingFetch(OPTIONS)(server.url);
    await expect(read(response)).rejects.toMatchObject({ code: 'TENAX_RESUME_REFUSED' });
    await server.idle();
  });

  it('lets the connection of a rest that is longer than it may be go', async () => {
    await using server = await flakyServer(breakOff(100), (response) => {
      response.writeHead(206, { ...ETAG, 'content-range': 'bytes 100-999/1000' }).write(Buffer.alloc(901));
    });
    const response = await createRetryingFetch(OPTIONS)(server.url);
    await expect(read(response)).rejects.toMatchObject({ code: 'TENAX_RESUME_REFUSED' });
    await server.idle();
  });

  it('EDGE 13: leaves no rejection behind when an answer that is refused has broken off too', async () => {
    const unhandled = vi.fn<(reason: unknown) => void>();
    process.on('unhandledRejection', unhandled);
    onTestFinished(() => void process.off('unhandledRejection', unhandled));
    const etags = ['"v1"', '"v2"'];
    const own = async (): Promise<Response> => {
      const start = (controller: ReadableStreamDefaultController): void => {
        controller.error(new TypeError('terminated'));
      };
      return new Response(new ReadableStream({ start }), { headers: { etag: etags.shift() ?? '' } });
    };
    const response = await createRetryingFetch({ ...OPTIONS, fetch: own })('http://127.0.0.1/');
    await expect(read(response)).rejects.toMatchObject({ code: 'TENAX_RESUME_REFUSED' });
    await someTurns();
    expect(unhandled).not.toHaveBeenCalled();
  });

  it('EDGE 41: refuses to go on when the length changes that a part has told', async () => {
    await using server = await flakyServer(breakOff(100, {}), parts(300), (response) => {
      response.writeHead(206, { ...ETAG, 'content-range': 'bytes 400-999/2000' }).end(Buffer.alloc(600));
    });
    const response = await createRetryingFetch(OPTIONS)(server.url);
    await expect(read(response)).rejects.toMatchObject({ code: 'TENAX_RESUME_REFUSED' });
  });

  it.each([
    ['shorter', 'begin'],
    ['longer', 'a'.repeat(901)],
  ])(
    'is not whole with a part that is %s than it says, where nobody has told the length',
    async (_, part) => {
      await using server = await flakyServer(breakOff(100, {}), (response) => {
        response.writeHead(206, { ...ETAG, 'content-range': 'bytes 100-999/*' }).end(part);
      });
      const response = await createRetryingFetch(OPTIONS)(server.url);
      await expect(read(response)).rejects.toMatchObject({ code: 'TENAX_RESUME_REFUSED' });
    },
  );

  it('is no mixture when a part is longer than it says, and other parts are missing', async () => {
    await using server = await flakyServer(breakOff(100), (response) => {
      const headers = { ...ETAG, 'content-range': `bytes 100-199/${content.length}` };
      response.writeHead(206, headers).end(Buffer.alloc(content.length - 100));
    });
    const response = await createRetryingFetch(OPTIONS)(server.url);
    await expect(read(response)).rejects.toMatchObject({ code: 'TENAX_RESUME_REFUSED' });
  });

  it('is not whole because another version is as long as what has come', async () => {
    const headers = { etag: '"v2"', 'content-range': 'bytes */100' };
    await using server = await flakyServer(breakOff(100, {}), status(416, headers, ''));
    const response = await createRetryingFetch(OPTIONS)(server.url);
    await expect(read(response)).rejects.toMatchObject({ code: 'TENAX_RESUME_REFUSED' });
  });

  it('goes on past answers that are not the rest, over a connection of its own', async () => {
    const stalled: Answer = (response) => {
      response.writeHead(503).write('begin');
    };
    await using server = await flakyServer(breakOff(100), stalled, parts(1000));
    await using agent = ownAgent({ connections: 1 });
    const fetch = createRetryingFetch({
      ...OPTIONS,
      fetch: undiciFetch as unknown as typeof globalThis.fetch,
    });
    const response = await fetch(server.url, { dispatcher: agent.dispatcher } as object);
    expect(await read(response)).toEqual(content);
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
      await server.idle();
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

  it('keeps the headers that beforeRetry has set on the attempt whose body broke off', async () => {
    await using server = await flakyServer(status(503), breakOff(100), parts(1000));
    const fetch = createRetryingFetch({
      ...OPTIONS,
      hooks: {
        beforeRetry: ({ headers, status: code }) => {
          if (code === 503) headers.set('authorization', 'new');
        },
      },
    });
    expect(await read(await fetch(server.url, { headers: { authorization: 'old' } }))).toEqual(content);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['old', 'new', 'new']);
  });

  it('keeps the referrer of a Request', async () => {
    const sent = vi.fn<typeof globalThis.fetch>((input, init) => globalThis.fetch(input, init));
    await using server = await flakyServer(breakOff(100), parts(1000));
    const about = { referrer: new URL('/page', server.url).href, referrerPolicy: 'no-referrer' } as const;
    const request = new Request(server.url, about);
    expect(await read(await createRetryingFetch({ ...OPTIONS, fetch: sent })(request))).toEqual(content);
    expect(sent.mock.calls[1]?.[1]).toMatchObject(about);
  });

  it('may be asked for with a method in small letters', async () => {
    await using server = await flakyServer(breakOff(100), parts(1000));
    const response = await createRetryingFetch(OPTIONS)(server.url, { method: 'get' });
    expect(await read(response)).toEqual(content);
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

  it('tells nobody of an operation that has failed when its reader is aborted', async () => {
    await using server = await flakyServer((response) => {
      response.writeHead(200, ETAG).write('begin');
    });
    const controller = new AbortController();
    const onGiveUp = vi.fn<() => void>();
    const fetch = createRetryingFetch({ ...OPTIONS, hooks: { onGiveUp } });
    const response = await fetch(server.url, { signal: controller.signal });
    controller.abort('enough');
    await expect(read(response)).rejects.toBe('enough');
    await server.idle();
    expect(onGiveUp).not.toHaveBeenCalled();
    expect(fetch.engine.statistics.snapshot().totalOperations).toBe(1);
  });

  it('tells nobody of one either when it is cancelled while it is read', async () => {
    await using server = await flakyServer((response) => {
      response.writeHead(200, { ...ETAG, 'content-length': content.length }).write('begin');
    });
    const onGiveUp = vi.fn<() => void>();
    const fetch = createRetryingFetch({ ...OPTIONS, hooks: { onGiveUp } });
    const reader = ((await fetch(server.url)).body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    const pending = reader.read();
    await reader.cancel();
    expect(await pending).toMatchObject({ done: true });
    await server.idle();
    await someTurns();
    expect(onGiveUp).not.toHaveBeenCalled();
    expect(fetch.engine.statistics.snapshot().totalOperations).toBe(1);
  });

  it('lets itself be cancelled while the rest is asked for', async () => {
    await using server = await flakyServer(breakOff(100), silence);
    const response = await createRetryingFetch(OPTIONS)(server.url);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    const pending = reader.read();
    await server.received(2);
    await expect(reader.cancel('enough')).resolves.toBeUndefined();
    expect(await pending).toMatchObject({ done: true });
    await server.idle();
  });

  it.each([
    ['the circuit is open', { circuitBreaker: {} }],
    ['the bulkhead is full', { bulkhead: { maxConcurrent: 1 } }],
  ])('says why it broke off when %s', async (_, guards) => {
    await using server = await flakyServer(breakOff(100), silence);
    const controller = new AbortController();
    const fetch = createRetryingFetch({ ...OPTIONS, ...guards });
    const response = await fetch(server.url);
    const other = fetch(server.url, { signal: controller.signal }).catch(() => undefined);
    fetch.engine.guards.circuitBreaker(new URL(server.url).origin)?.open();
    const error = await read(response).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: expect.stringMatching(/^TENAX_(?:CIRCUIT|BULKHEAD)/),
      cause: { message: 'terminated' },
    });
    controller.abort();
    await other;
  });

  it('that nobody reads gives its connection back when it is garbage', async () => {
    await using server = await flakyServer((response) => {
      response.writeHead(200, ETAG).write('begin');
    });
    expect((await createRetryingFetch(OPTIONS)(server.url)).status).toBe(200);
    await collectGarbage(() => server.open === 0);
    expect(server.open).toBe(0);
  });

  it('is whole, however late it is read', async () => {
    await using server = await flakyServer((response) => {
      response.writeHead(200, ETAG).end(content);
    });
    const { body } = await createRetryingFetch(OPTIONS)(server.url);
    let turns = 0;
    await collectGarbage(() => (turns += 1) > 10);
    expect(await read(new Response(body))).toEqual(content);
  });

  const refusingFirst: RetryOptions = {
    ...OPTIONS,
    shouldRetry: (_, { attemptNumber }) => attemptNumber === 1,
  };

  it('is not one that shouldRetry refuses, and that breaks off while it is read to its end', async () => {
    const whole: Answer = (response) => response.writeHead(200, ETAG).end(content);
    await using server = await flakyServer(breakOff(100), whole);
    expect(await read(await createRetryingFetch(refusingFirst)(server.url))).toEqual(content);
    expect(server.requests.map(({ headers }) => headers.range)).toEqual([undefined, undefined]);
  });

  it('leaves no rejection behind when the caller aborts while one that is refused is read to its end', async () => {
    const unhandled = vi.fn<(reason: unknown) => void>();
    process.on('unhandledRejection', unhandled);
    onTestFinished(() => void process.off('unhandledRejection', unhandled));
    const controller = new AbortController();
    const own = async (): Promise<Response> => {
      // Whoever has refused it reads it by then.
      setTimeout(() => {
        controller.abort();
      });
      return new Response(new ReadableStream(), { headers: ETAG });
    };
    const response = createRetryingFetch({ ...refusingFirst, fetch: own })('http://127.0.0.1/', controller);
    await expect(response).rejects.toMatchObject({ name: 'AbortError' });
    await someTurns();
    expect(unhandled).not.toHaveBeenCalled();
  });
});
