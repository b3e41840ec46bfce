// A connection that is handed over: from then on it is the caller's, and no request any more.
import { Duplex } from 'node:stream';

import { describe, expect, it } from 'vitest';

import { failure } from './servers/fake-dispatcher.ts';
import { NOTHING, quiet, ROUTES, send } from './servers/retried-request.ts';
import type { Given } from './servers/retried-request.ts';

const KINDS: readonly [name: string, status: number, request: NonNullable<Given['request']>][] = [
  ['CONNECT', 200, { method: 'CONNECT', path: 'origin.test:80' }],
  ['an upgrade', 101, { method: 'GET', upgrade: 'websocket' }],
];

function connection(): Duplex {
  return new Duplex({
    read: () => undefined,
    write: (_, __, done) => {
      done();
    },
  });
}

const CASES = ROUTES.flatMap((route) => KINDS.map((kind) => [route, ...kind] as const));

describe.each(CASES)('through %s, %s', (route, _, status, request) => {
  it('EDGE 42: hands the socket over, and is not retried', async () => {
    const sent = send({ route, request });
    const socket = connection();
    sent.attempt(1).start().upgrade(status, socket, { upgrade: 'websocket' });
    expect(sent.handler.events).toEqual(['start', `upgrade ${status}`]);
    expect(sent.handler.socket).toBe(socket);
    expect(sent.handler.headers).toEqual({ upgrade: 'websocket' });
    sent.attempt(1).fail(failure('ECONNRESET'));
    expect(sent.handler.endings).toEqual([`upgrade ${status}`]);
    expect(await quiet(sent)).toEqual(NOTHING);
    expect(socket.destroyed).toBe(false);
  });

  it('EDGE 42: is not asked about', async () => {
    let asked = 0;
    const shouldRetry = () => {
      asked += 1;
      return true;
    };
    const sent = send({ route, request, options: { shouldRetry } });
    sent.attempt(1).start().upgrade(status, connection());
    expect(sent.handler.events).toEqual(['start', `upgrade ${status}`]);
    expect(await quiet(sent)).toEqual(NOTHING);
    expect(asked).toBe(0);
  });

  it('EDGE 42: is a success in the statistics, even where its status is one to retry', async () => {
    const { attempt, engine, handler } = send({ route, request, options: { statusCodes: [status] } });
    attempt(1).start().upgrade(status, connection());
    expect(handler.context).toMatchObject({ retry: { result: 'success', attempts: [{ status }] } });
    expect(engine.statistics.snapshot()).toMatchObject({ totalOperations: 1, successRate: 1 });
  });

  it('EDGE 42: is retried while there is no connection yet', async () => {
    const { attempt, clock, handler } = send({ route, request });
    attempt(1).fail(failure('ECONNREFUSED'));
    await clock.advance(100);
    const socket = connection();
    attempt(2).start().upgrade(status, socket);
    expect(handler.events).toEqual(['start', `upgrade ${status}`]);
    expect(handler.socket).toBe(socket);
  });

  it('EDGE 42: of an attempt that was given up destroys its socket', async () => {
    const { attempt, clock, handler } = send({ route, request, options: { attemptTimeout: 50 } });
    attempt(1).start();
    await clock.advance(50);
    const socket = connection();
    attempt(1).upgrade(status, socket);
    expect([socket.destroyed, handler.socket]).toEqual([true, undefined]);
  });

  it('EDGE 42: of a request that was aborted destroys its socket', async () => {
    const sent = send({ route, request });
    sent.attempt(1).start();
    sent.handler.controller.abort(new Error('enough'));
    const socket = connection();
    sent.attempt(1).upgrade(status, socket);
    expect(socket.destroyed).toBe(true);
    expect(sent.handler.events).toEqual(['start', 'error enough']);
    expect(await quiet(sent)).toEqual(NOTHING);
  });

  it('EDGE 42: an abort afterwards gives no event and leaves the socket alone', async () => {
    const sent = send({ route, request });
    const socket = connection();
    sent.attempt(1).start().upgrade(status, socket);
    sent.handler.controller.abort(new Error('enough'));
    expect([sent.handler.endings, socket.destroyed]).toEqual([[`upgrade ${status}`], false]);
    expect(await quiet(sent)).toEqual(NOTHING);
  });
});

it('EDGE 42: an upgrade that a server refuses with a 503 is retried', async () => {
  const { attempt, clock, handler } = send({ request: { upgrade: 'websocket' } });
  attempt(1).start().respond(503).end();
  await clock.advance(100);
  attempt(2).start().upgrade(101, connection());
  expect(handler.events).toEqual(['start', 'upgrade 101']);
});
