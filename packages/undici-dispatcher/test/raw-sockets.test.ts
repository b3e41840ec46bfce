// CONNECT and upgrades: the caller gets the connection itself.
import type { Duplex } from 'node:stream';

import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';

import {
  classesOf,
  failureOf,
  onUndici8,
  retryDispatcher,
  retryingAgent,
  statisticsOf,
} from './servers/retrying-agents.ts';
import { switchingServer } from './servers/switching-server.ts';

const FORMS = [
  ['the interceptor', retryingAgent],
  ['RetryDispatcher', retryDispatcher],
] as const;

const firstBytes = (socket: Duplex): Promise<string> =>
  new Promise((resolve) => {
    socket.once('data', (chunk: Buffer) => {
      resolve(chunk.toString());
    });
  });

describe.each(FORMS)('EDGE 42: a raw socket with %s', (_, open) => {
  it('of upgrade is handed over after retries, with the statistics in its context', async () => {
    await using server = await switchingServer(2);
    await using own = open();
    const { origin } = server;
    const opening = own.dispatcher.upgrade({
      origin,
      path: '/',
      protocol: 'own',
    } as Dispatcher.UpgradeOptions);
    const { context, headers, socket } = (await opening) as Dispatcher.UpgradeData & { context: unknown };
    socket.on('error', () => undefined);
    expect([headers['upgrade'], await firstBytes(socket), server.requests]).toEqual(['own', 'hello', 3]);
    // undici 7 gives the caller of upgrade no context.
    expect(context && classesOf(context)).toEqual(onUndici8 ? ['transport', 'transport', undefined] : null);
    socket.destroy();
  });

  it('of connect is handed over, and its end is not retried', async () => {
    await using server = await switchingServer(0);
    await using own = open();
    const { origin } = server;
    const opening = own.dispatcher.connect({ origin, path: 'example.com:443' });
    const { context, socket, statusCode } = (await opening) as Dispatcher.ConnectData & { context: unknown };
    socket.on('error', () => undefined);
    expect([statusCode, await firstBytes(socket), classesOf(context)]).toEqual([200, 'hello', [undefined]]);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.destroy();
    await closed;
    expect(server.requests).toBe(1);
  });

  it('of connect that may have been opened is not asked for again', async () => {
    await using server = await switchingServer(1);
    await using own = open();
    const { origin } = server;
    const error = await failureOf(own.dispatcher.connect({ origin, path: 'example.com:443' }));
    expect([error.code, statisticsOf(error).reason, server.requests]).toEqual([
      'UND_ERR_SOCKET',
      'method_not_idempotent',
      1,
    ]);
  });

  // The upgrade of undici takes 101 alone, and refuses by an abort.
  it.runIf(onUndici8)('of another status than upgrade takes is an error', async () => {
    await using server = await switchingServer(0);
    await using own = open();
    const options = { origin: server.origin, path: 'example.com:443', method: 'CONNECT' } as const;
    const opening = own.dispatcher.upgrade(options);
    expect(await failureOf(opening)).toMatchObject({ code: 'UND_ERR_SOCKET', message: 'bad upgrade' });
  });

  it('is not closed with its dispatcher', async () => {
    await using server = await switchingServer(0);
    await using own = open();
    const { origin } = server;
    const { socket } = await own.dispatcher.upgrade({ origin, path: '/' } as Dispatcher.UpgradeOptions);
    socket.on('error', () => undefined);
    expect(await firstBytes(socket)).toBe('hello');
    await own.dispatcher.close();
    expect(socket.destroyed).toBe(false);
    socket.destroy();
  });
});

// The interceptors of undici 7 tell nobody of it.
it('a raw socket is refused to who can not take it', async () => {
  await using server = await switchingServer(0);
  await using own = retryDispatcher();
  const asking = own.dispatcher.request({ origin: server.origin, path: '/', method: 'GET', upgrade: 'own' });
  expect(await failureOf(asking)).toMatchObject({ code: 'UND_ERR_INVALID_ARG' });
});
