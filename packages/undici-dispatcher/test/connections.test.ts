// Connections, as the server counts them: what a discarded response does to its own.
import { gzipSync } from 'node:zlib';

import { virtualClock } from '@tenax/core/testing';
import { Agent, Pool, request } from 'undici';
import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';

import { flakyServer, ok, status, unavailable } from '../../fetch-adapter/test/servers/flaky-server.ts';
import type { Answer } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { retryInterceptor } from '../src/index.ts';
import { passTime } from './servers/passing-time.ts';
import { AT_ONCE, owned, retryDispatcher, retryingAgent } from './servers/retrying-agents.ts';

const large = 'x'.repeat(200_000);
const chunked =
  (body: string): Answer =>
  (response) => {
    response.writeHead(503);
    response.write(body);
    response.end(body);
  };
/** Sends the headers and a part of the body, and no more. */
const stalled =
  (headers: Record<string, string>): Answer =>
  (response) => {
    response.writeHead(503, headers).write('begin');
  };
const brokenOff: Answer = (response, incoming) => {
  response.writeHead(503, { 'content-length': '100' }).write('part', () => incoming.socket.resetAndDestroy());
};

describe('a discarded response', () => {
  it.each<[string, Answer]>([
    ['that is small', unavailable],
    ['of 64 KiB', status(503, {}, 'x'.repeat(65_536))],
    ['in chunks', chunked('part')],
    ['that is empty', status(503, {}, '')],
    [
      'that is compressed',
      (response) => void response.writeHead(503, { 'content-encoding': 'gzip' }).end(gzipSync('later')),
    ],
    [
      'with trailers',
      (response) => {
        response.writeHead(503, { trailer: 'x-sum' }).write('later');
        response.addTrailers({ 'x-sum': '1' });
        response.end();
      },
    ],
  ])('%s is read to its end: one connection serves all attempts', async (_, answer) => {
    await using server = await flakyServer(answer, answer, ok);
    await using own = retryingAgent({}, { connections: 1 });
    expect(await (await request(server.url, own)).body.text()).toBe('ok');
    expect([server.requests.length, server.connections]).toEqual([3, 1]);
  });

  it.each<[string, Answer]>([
    ['that says it is large', status(503, {}, large)],
    ['that turns out to be large', chunked(large)],
    ['that breaks off', brokenOff],
    ['whose connection is closed', status(503, { connection: 'close' })],
  ])('EDGE 20: one %s does not block the only connection of a pool', async (_, answer) => {
    await using server = await flakyServer(answer, answer, ok);
    await using own = retryingAgent({}, { connections: 1 });
    expect(await (await request(server.url, own)).body.text()).toBe('ok');
    expect(server.requests).toHaveLength(3);
    // undici 7.30 opens one more than it needs.
    expect(server.connections).toBeGreaterThanOrEqual(3);
  });

  it.each<[string, Record<string, string>]>([
    ['with a length', { 'content-length': '10' }],
    ['in chunks', {}],
  ])(
    'EDGE "A discarded response keeps a connection busy": one that stalls %s is given up',
    async (_, headers) => {
      await using server = await flakyServer(stalled(headers), stalled(headers), ok);
      const clock = virtualClock();
      await using own = retryingAgent({ clock }, { connections: 1 });
      const { body } = await passTime(clock, request(server.url, own));
      expect([await body.text(), server.requests.length]).toEqual(['ok', 3]);
      expect(server.connections).toBeGreaterThanOrEqual(3);
      expect(clock.pending).toBe(0);
    },
  );

  it('that ends later than the wait still gives its connection to the next attempt, where there is one', async () => {
    const slow: Answer = (response) => {
      response.writeHead(503).write('la');
      setTimeout(() => response.end('ter'), 20);
    };
    await using server = await flakyServer(slow, slow, ok);
    await using own = retryingAgent({}, { connections: 1 });
    expect(await (await request(server.url, own)).body.text()).toBe('ok');
    expect([server.requests.length, server.connections]).toEqual([3, 1]);
  });

  it('that stalls loses its connection when the caller aborts', async () => {
    let closed: Promise<unknown> | undefined;
    await using server = await flakyServer((response, incoming, seen) => {
      closed = new Promise((resolve) => incoming.socket.once('close', resolve));
      stalled({ 'content-length': '10' })(response, incoming, seen);
    });
    const controller = new AbortController();
    const hooks = {
      onRetry: () =>
        void setImmediate(() => {
          controller.abort(new Error('enough'));
        }),
    };
    await using own = retryingAgent({ clock: virtualClock(), hooks }, { connections: 1 });
    await expect(request(server.url, { ...own, signal: controller.signal })).rejects.toThrow('enough');
    await closed;
    expect(server.requests).toHaveLength(1);
  });

  it('of a POST, an unread one included, is the business of its caller', async () => {
    await using server = await flakyServer(status(503, {}, large), ok);
    await using own = retryingAgent({}, { connections: 1 });
    const { body } = await request(server.url, { ...own, method: 'POST' });
    expect((await body.text()).length).toBe(large.length);
    expect(await (await request(server.url, own)).body.text()).toBe('ok');
    expect(server.connections).toBe(1);
  });
});

describe('with pipelining, and failures in between', () => {
  const paths = Array.from({ length: 12 }, (_, index) => `${index}`);
  /** Fails the first request for every third path, and answers with the path. */
  const failing = (failure: Answer): Answer => {
    const failed = new Set<string>();
    return (response, incoming, seen) => {
      if (Number(seen.url.slice(1)) % 3 === 1 && !failed.has(seen.url)) {
        failed.add(seen.url);
        failure(response, incoming, seen);
      } else {
        response.end(seen.url);
      }
    };
  };

  it.each<[string, Answer]>([
    ['503s that are read to their end', unavailable],
    ['503s that are cut off', status(503, {}, large)],
    [
      'responses that break off',
      (response, incoming) => {
        response.writeHead(503, { 'content-length': '100' }).write('part', () => incoming.socket.destroy());
      },
    ],
    ['connections that break', (_, incoming) => void incoming.socket.destroy()],
  ])('of %s: every request gets its own answer', async (_, failure) => {
    await using server = await flakyServer(failing(failure));
    await using own = retryingAgent({ maxAttempts: 10 }, { connections: 1, pipelining: 4 });
    const answers = paths.map(async (path) => (await request(`${server.url}${path}`, own)).body.text());
    expect(await Promise.all(answers)).toEqual(paths.map((path) => `/${path}`));
  });

  it('of small 503s: one connection serves them all', async () => {
    await using server = await flakyServer(failing(unavailable));
    await using own = retryingAgent({}, { connections: 1, pipelining: 4 });
    await Promise.all(
      paths.map(async (path) => {
        const { body } = await request(`${server.url}${path}`, own);
        await body.text();
      }),
    );
    expect([server.requests.length, server.connections]).toEqual([16, 1]);
  });
});

describe('after retries', () => {
  it('closing the agent leaves no connection', async () => {
    await using server = await flakyServer(unavailable, brokenOff, status(503, {}, large), ok);
    const agent = new Agent();
    const dispatcher = agent.compose(retryInterceptor({ ...AT_ONCE, maxAttempts: 4 }));
    expect(await (await request(server.url, { dispatcher })).body.text()).toBe('ok');
    await agent.close();
    await server.idle();
    expect([server.requests.length, server.open]).toEqual([4, 0]);
  });

  it('the next request finds the connection free', async () => {
    await using server = await flakyServer(unavailable, ok, unavailable, ok);
    await using own = retryingAgent({}, { connections: 1 });
    for (let turn = 0; turn < 2; turn += 1) await (await request(server.url, own)).body.text();
    expect([server.requests.length, server.connections]).toEqual([4, 1]);
  });
});

describe("EDGE 39: what dispatch says of its dispatcher's queue", () => {
  it.each([
    ['the interceptor', (pool: Pool) => pool.compose(retryInterceptor(AT_ONCE))],
    ['RetryDispatcher', (pool: Pool) => retryDispatcher({}, pool).dispatcher],
  ])('is handed on by %s, and drain follows', async (_, around) => {
    await using server = await flakyServer(unavailable, ok);
    const { origin } = new URL(server.url);
    const pool = new Pool(origin, { connections: 2 });
    await using own = owned(around(pool), pool);
    const drained = new Promise<unknown>((resolve) => own.dispatcher.once('drain', resolve));
    const ended: Promise<unknown>[] = [];
    const dispatch = (): boolean => {
      let more = false;
      const answer = new Promise<number>((resolve, reject) => {
        let statusCode = 0;
        const handler: Dispatcher.DispatchHandler = {
          onRequestStart: () => undefined,
          onResponseStart: (_controller, code) => {
            statusCode = code;
          },
          onResponseData: () => undefined,
          onResponseEnd: () => {
            resolve(statusCode);
          },
          onResponseError: (_controller, error) => {
            reject(error);
          },
        };
        more = own.dispatcher.dispatch({ origin, path: '/', method: 'GET' }, handler);
      });
      ended.push(answer);
      return more;
    };
    expect([dispatch(), dispatch(), dispatch()]).toEqual([true, false, false]);
    expect(await Promise.all(ended)).toEqual([200, 200, 200]);
    await drained;
    expect(server.requests).toHaveLength(4);
  });
});
