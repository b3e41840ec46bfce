import { createServer } from 'node:net';
import { Readable } from 'node:stream';
import type { AddressInfo } from 'node:net';

import { getRetryStatistics } from '@tenax/core';
import { fetch as undiciFetch } from 'undici';
import { describe, expect, it, vi } from 'vitest';

import { createRetryingFetch } from '../src/index.ts';
import { ownAgent } from './servers/agent.ts';
import { flakyServer, ok, reset, status, unavailable } from './servers/flaky-server.ts';
import type { Answer } from './servers/flaky-server.ts';

// The package's own fetch: the built-in one takes agents of its own version only.
const fetch = createRetryingFetch({
  baseDelay: 0,
  throttledBaseDelay: 0,
  maxAttempts: 5,
  fetch: undiciFetch as unknown as typeof globalThis.fetch,
});
const through = ({ dispatcher }: ReturnType<typeof ownAgent>): object => ({ dispatcher });
const stalled: Answer = (response) => {
  response.writeHead(503).write('begin');
};

describe('a discarded response', () => {
  it('EDGE 20: that is small is read to its end, so that one connection serves all attempts', async () => {
    await using server = await flakyServer(unavailable, unavailable, unavailable, unavailable, ok);
    await using agent = ownAgent();
    await (await fetch(server.url, through(agent))).text();
    expect([server.requests.length, server.connections]).toEqual([5, 1]);
  });

  it('that is large is cancelled', async () => {
    const large = 'x'.repeat(1_000_000);
    await using server = await flakyServer(
      status(503, {}, large),
      status(503, { 'content-length': '1000000' }, large),
      ok,
    );
    await using agent = ownAgent();
    const response = await fetch(server.url, through(agent));
    expect([response.status, server.connections]).toEqual([200, 3]);
  });

  it('that says it is large is cancelled before anything is read of it', async () => {
    const [pull, cancel] = [vi.fn<() => void>(), vi.fn<() => void>()];
    const large = new Response(new ReadableStream({ pull, cancel }, { highWaterMark: 0 }), {
      status: 503,
      headers: { 'content-length': '1000000' },
    });
    const answers = [large, new Response('ok')];
    const own = async (): Promise<Response> => answers.shift() as Response;
    expect((await createRetryingFetch({ baseDelay: 0, fetch: own })('http://127.0.0.1/')).status).toBe(200);
    expect(cancel).toHaveBeenCalledOnce();
    expect(pull).not.toHaveBeenCalled();
  });

  it('that never ends does not hold the next attempt up', async () => {
    await using server = await flakyServer(stalled, ok);
    await using agent = ownAgent({ connections: 1 });
    const response = await fetch(server.url, through(agent));
    expect(response.status).toBe(200);
  });

  it('EDGE "an unread body on a pool of one connection": does not block the next attempt', async () => {
    await using server = await flakyServer(unavailable, status(429), ok);
    await using agent = ownAgent({ connections: 1, pipelining: 1 });
    expect((await fetch(server.url, through(agent))).status).toBe(200);
    expect(server.connections).toBe(1);
  });

  it.each([
    ['HEAD', 503],
    ['GET', 204],
    ['GET', 304],
  ])('EDGE 27: a %s of %d without a body is no trouble', async (method, code) => {
    await using server = await flakyServer(status(code, {}, ''), ok);
    const response = await fetch(server.url, { method, retry: { statusCodes: [503, 204, 304] } });
    expect(response.status).toBe(200);
    expect(server.requests).toHaveLength(2);
  });
});

describe('a response whose body shouldRetry reads', () => {
  it('lets its connection go when the operation times out meanwhile', async () => {
    await using server = await flakyServer((response) => {
      response.writeHead(503, { 'content-length': '100' }).write('begin');
    });
    const impatient = createRetryingFetch({
      timeout: 400,
      shouldRetry: async (outcome) => {
        if (outcome.kind === 'response') await outcome.text();
        return true;
      },
    });
    const error = await impatient(server.url).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'TENAX_OPERATION_TIMEOUT' });
    await server.idle();
    expect(server.requests).toHaveLength(1);
  });
});

describe('a response without a stream of the platform’s', () => {
  it.each([
    ['as React Native has it', () => undefined],
    ['as node-fetch has it', () => Readable.from(['later'])],
  ])('%s, is discarded without harm', async (_, make) => {
    const answers = [503, 503, 200];
    const native = createRetryingFetch({
      baseDelay: 0,
      fetch: () =>
        Promise.resolve({
          status: answers.shift(),
          headers: new Headers(),
          body: make(),
        } as unknown as Response),
      hooks: { onAttempt: () => undefined },
    });
    expect((await native('http://127.0.0.1/')).status).toBe(200);
    expect(answers).toEqual([]);
  });
});

describe('a connection that breaks', () => {
  it.each<[string, string]>([
    ['before the status line', ''],
    ['within the status line', 'HTTP/1.1 20'],
    ['within the headers', 'HTTP/1.1 200 OK\r\nContent-Le'],
    ['with what is no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ])('%s is retried for a GET', async (_, words) => {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.end(
          connections < 3 ? words : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok',
        );
      });
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    await using agent = ownAgent();
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const response = await fetch(url, through(agent));
    expect(await response.text()).toBe('ok');
    expect(getRetryStatistics(response)?.attempts.map(({ failureClass }) => failureClass)).toEqual([
      'transport',
      'transport',
      undefined,
    ]);
    server.close();
  });

  it('is not retried for a POST', async () => {
    await using server = await flakyServer(reset);
    const error = (await fetch(server.url, { method: 'POST', body: 'once' }).catch(
      (reason: unknown) => reason,
    )) as Error;
    expect(error).toBeInstanceOf(TypeError);
    expect(getRetryStatistics(error)?.reason).toBe('method_not_idempotent');
    expect(server.requests).toHaveLength(1);
  });

  it('EDGE 24: after the headers ends the reading, not the operation', async () => {
    await using server = await flakyServer((response, request) => {
      response.writeHead(200, { 'content-length': '100' }).write('part', () => request.socket.destroy());
    });
    const response = await fetch(server.url);
    await expect(response.text()).rejects.toThrow('terminated');
    expect(server.requests).toHaveLength(1);
  });
});
