// Time: undici's own timeouts, and those of the policy, over real connections.
import { AttemptTimeoutError, OperationTimeoutError } from '@tenax/core';
import { virtualClock } from '@tenax/core/testing';
import { request } from 'undici';
import { describe, expect, it } from 'vitest';

import {
  flakyServer,
  ok,
  silence,
  status,
  unavailable,
} from '../../fetch-adapter/test/servers/flaky-server.ts';
import type { Answer } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { muteServer } from './servers/mute-server.ts';
import { classesOf, failureOf, retryingAgent, statisticsOf } from './servers/retrying-agents.ts';

const begun: Answer = (response) => {
  response.write('begin');
};

// Its timers are about a second late.
describe.concurrent("undici's own", () => {
  it.each([
    ['GET', ['timeout', undefined], 'success', undefined],
    ['POST', ['timeout'], 'method_not_idempotent', 'UND_ERR_HEADERS_TIMEOUT'],
  ] as const)('headersTimeout of a %s ends its attempt', async (method, classes, reason, code) => {
    await using server = await flakyServer(silence, ok);
    await using own = retryingAgent();
    const ended = await request(server.url, { ...own, method, headersTimeout: 50 }).then(
      ({ context }) => context,
      (error: unknown) => error,
    );
    expect([classesOf(ended), statisticsOf(ended).reason]).toEqual([classes, reason]);
    expect((ended as { code?: string }).code).toBe(code);
  });

  it('bodyTimeout after the headers is for the caller', async () => {
    await using server = await flakyServer(unavailable, begun);
    await using own = retryingAgent();
    const { body, context } = await request(server.url, { ...own, bodyTimeout: 50 });
    expect(await failureOf(body.text())).toMatchObject({ code: 'UND_ERR_BODY_TIMEOUT' });
    expect([classesOf(context), server.requests.length]).toEqual([['transient', undefined], 2]);
  });

  it('bodyTimeout of a discarded response only makes the retry come sooner', async () => {
    const stalled: Answer = (response) => {
      response.writeHead(503).write('begin');
    };
    await using server = await flakyServer(stalled, ok);
    const clock = virtualClock();
    await using own = retryingAgent({ clock }, { connections: 1 });
    const pending = request(server.url, { ...own, bodyTimeout: 50 });
    // No time passes, so that nothing else gives the response up.
    while (server.requests.length < 2) await clock.advance(0);
    expect(await (await pending).body.text()).toBe('ok');
  });

  it('connect timeout is of class connection, for a POST too', async () => {
    await using server = await muteServer();
    await using own = retryingAgent({ maxAttempts: 2 }, { connect: { timeout: 50 } });
    const error = await failureOf(request(server.url, { ...own, method: 'POST', body: 'x' }));
    expect([error.code, classesOf(error)]).toEqual(['UND_ERR_CONNECT_TIMEOUT', Array(2).fill('connection')]);
    expect(server.connections).toBe(2);
  });
});

describe('attemptTimeout', () => {
  it('ends an attempt that has no headers, and frees its connection', async () => {
    let closed: Promise<unknown> | undefined;
    const hanging: Answer = (_, incoming) => {
      closed = new Promise((resolve) => incoming.socket.once('close', resolve));
    };
    await using server = await flakyServer(hanging, ok);
    const clock = virtualClock();
    await using own = retryingAgent({ clock, attemptTimeout: 5000 }, { connections: 1 });
    const pending = request(server.url, own);
    await server.received(1);
    await clock.advance(5000);
    const { body, context } = await pending;
    await closed;
    expect([await body.text(), classesOf(context), clock.pending]).toEqual(['ok', ['timeout', undefined], 0]);
  });

  it('is the error of the last attempt when all took too long', async () => {
    await using server = await flakyServer(silence);
    const clock = virtualClock();
    await using own = retryingAgent({ clock, attemptTimeout: 5000 });
    const ended = failureOf(request(server.url, own));
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      await server.received(attempt);
      await clock.advance(5000);
    }
    const error = await ended;
    expect(error).toBeInstanceOf(AttemptTimeoutError);
    expect([classesOf(error), clock.pending]).toEqual([Array(3).fill('timeout'), 0]);
  });

  it('does not bound a body', async () => {
    let finish: (() => void) | undefined;
    await using server = await flakyServer((response) => {
      response.write('begin');
      finish = () => response.end(' and end');
    });
    const clock = virtualClock();
    await using own = retryingAgent({ clock, attemptTimeout: 5000, timeout: 9000 });
    const { body } = await request(server.url, own);
    expect(clock.pending).toBe(0);
    await clock.advance(10_000);
    finish?.();
    expect(await body.text()).toBe('begin and end');
  });

  it('lets a POST be sent again that has no connection yet', async () => {
    await using server = await muteServer();
    await using own = retryingAgent({ attemptTimeout: 50 });
    const error = await failureOf(request(server.url, { ...own, method: 'POST', body: 'x' }));
    expect(error).toBeInstanceOf(AttemptTimeoutError);
    expect(classesOf(error)).toEqual(Array(3).fill('connection'));
  });

  it('ends an attempt in the queue, which is not sent later', async () => {
    let answer: (() => void) | undefined;
    await using server = await flakyServer((response) => {
      answer = () => response.end('first');
    }, ok);
    const clock = virtualClock();
    await using own = retryingAgent({ clock }, { connections: 1 });
    const first = request(`${server.url}first`, own);
    await server.received(1);
    const options = { ...own, method: 'POST', body: 'queued', retry: { attemptTimeout: 50 } } as const;
    const ended = failureOf(request(`${server.url}queued`, options));
    for (let attempt = 1; attempt <= 3; attempt += 1) await clock.advance(50);
    expect(classesOf(await ended)).toEqual(Array(3).fill('connection'));
    answer?.();
    expect(await (await first).body.text()).toBe('first');
    expect(await (await request(`${server.url}last`, own)).body.text()).toBe('ok');
    expect(server.requests.map(({ url }) => url)).toEqual(['/first', '/last']);
  });
});

describe('timeout', () => {
  it('ends an attempt with an OperationTimeoutError', async () => {
    await using server = await flakyServer(unavailable, silence);
    const clock = virtualClock();
    await using own = retryingAgent({ clock, timeout: 5000 });
    const ended = failureOf(request(server.url, own));
    await server.received(1);
    while (server.requests.length < 2) await clock.advance(0);
    await clock.advance(5000);
    const error = await ended;
    expect(error).toBeInstanceOf(OperationTimeoutError);
    expect([statisticsOf(error).reason, server.requests.length, clock.pending]).toEqual([
      'operation_timeout',
      2,
      0,
    ]);
  });

  it('EDGE 6: begins no wait that would outlast it: the caller has the last response at once', async () => {
    await using server = await flakyServer(status(503, { 'retry-after': '30' }, 'in a while'));
    const clock = virtualClock();
    await using own = retryingAgent({ clock, timeout: 5000 });
    const { body, context, statusCode } = await request(server.url, own);
    expect([statusCode, await body.text()]).toEqual([503, 'in a while']);
    expect([statisticsOf(context).reason, clock.now()]).toEqual(['wait_exceeds_timeout', 0]);
  });

  it('leaves no timer, whatever the end', async () => {
    await using server = await flakyServer(ok, status(404), (_, incoming) => void incoming.socket.destroy());
    const clock = virtualClock();
    await using own = retryingAgent({ clock, timeout: 5000, attemptTimeout: 1000, maxAttempts: 1 });
    const ends: unknown[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      ends.push(
        await request(server.url, own).then(
          ({ statusCode }) => statusCode,
          (error: unknown) => (error as Error).name,
        ),
      );
      expect(clock.pending).toBe(0);
    }
    expect(ends).toEqual([200, 404, 'SocketError']);
  });
});
