// TLS and Unix sockets: what is broken for good, and what is not.
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { request } from 'undici';
import { describe, expect, it } from 'vitest';

import { certificate } from '../../axios-adapter/test/servers/certificate.ts';
import { end } from './servers/breaking-server.ts';
import type { Ending } from './servers/breaking-server.ts';
import {
  classesOf,
  failureOf,
  retryDispatcher,
  retryingAgent,
  statisticsOf,
} from './servers/retrying-agents.ts';

/** An HTTPS server; what is done with its first connections may keep them from a handshake. */
async function secureServer(statuses: readonly number[], ...first: ((socket: Socket) => void)[]) {
  let connections = 0;
  let requests = 0;
  const sockets = new Set<Socket>();
  const https = createHttpsServer(certificate, (incoming, response) => {
    response.writeHead(statuses[Math.min(requests, statuses.length - 1)] ?? 200);
    requests += 1;
    incoming.pipe(response);
  });
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    const breaking = first[connections];
    connections += 1;
    if (breaking) socket.once('data', () => breaking(socket));
    else https.emit('connection', socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    seen: () => ({ connections, requests }),
    async [Symbol.asyncDispose](): Promise<void> {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

const trusted = { ca: certificate.cert };

describe('over TLS', () => {
  it('a 503 is retried on the same connection', async () => {
    await using server = await secureServer([503, 503, 200]);
    await using own = retryingAgent({}, { connect: trusted, connections: 1 });
    const { body, statusCode } = await request(server.url, { ...own, method: 'PUT', body: 'text' });
    expect([statusCode, await body.text(), server.seen()]).toEqual([
      200,
      'text',
      { connections: 1, requests: 3 },
    ]);
  });

  it.each([
    ['that nobody has signed but itself', {}, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['of another name', { ...trusted, servername: 'example.com' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('a certificate %s is permanent: one attempt', async (_, connect, code) => {
    await using server = await secureServer([200]);
    await using own = retryingAgent({}, { connect });
    const error = await failureOf(request(server.url, own));
    expect([error.code, classesOf(error)]).toEqual([code, ['permanent']]);
    expect(server.seen()).toEqual({ connections: 1, requests: 0 });
  });

  it.each<Ending>(['FIN', 'RST'])(
    'a handshake that is broken off by %s: a POST is sent again',
    async (ending) => {
      const broken = (socket: Socket): void => {
        end(socket, ending);
      };
      await using server = await secureServer([200], broken, broken);
      await using own = retryDispatcher(
        {},
        retryingAgent({ maxAttempts: 1 }, { connect: trusted }).dispatcher,
      );
      const { body, context } = await request(server.url, { ...own, method: 'POST', body: 'sent once' });
      expect(await body.text()).toBe('sent once');
      expect(classesOf(context)).toEqual(['connection', 'connection', undefined]);
      expect(server.seen()).toEqual({ connections: 3, requests: 1 });
    },
  );

  it('a server that speaks no TLS is permanent', async () => {
    const plain = (socket: Socket): void => {
      end(socket, 'FIN', 'HTTP/1.1 400 Bad Request\r\n\r\n');
    };
    await using server = await secureServer([200], plain, plain, plain);
    await using own = retryingAgent({}, { connect: trusted });
    const error = await failureOf(request(server.url, own));
    expect([classesOf(error), server.seen().connections]).toEqual([['permanent'], 1]);
  });
});

describe('over a Unix socket', () => {
  const socketPath = (): string =>
    join(tmpdir(), `tenax-${process.pid}-${Math.random().toString(36).slice(2)}.sock`);

  it('a 503 is retried', async () => {
    const path = socketPath();
    let requests = 0;
    const server = createHttpServer((_, response) => {
      requests += 1;
      response.writeHead(requests < 3 ? 503 : 200).end('ok');
    });
    await new Promise<void>((resolve) => {
      server.listen(path, resolve);
    });
    await using own = retryingAgent({}, { connect: { socketPath: path } });
    const { body, statusCode } = await request('http://localhost/', own);
    expect([statusCode, await body.text(), requests]).toEqual([200, 'ok', 3]);
    server.close();
  });

  it('a POST is sent again until there is one', async () => {
    const path = socketPath();
    const server = createHttpServer((incoming, response) => void incoming.pipe(response));
    const listen = (): Promise<void> =>
      new Promise((resolve) => {
        server.listen(path, resolve);
      });
    const beforeRetry = async ({ attemptNumber }: { attemptNumber: number }): Promise<void> => {
      if (attemptNumber === 3) await listen();
    };
    await using own = retryingAgent({ hooks: { beforeRetry } }, { connect: { socketPath: path } });
    const options = { ...own, method: 'POST', body: 'sent once' } as const;
    const { body, context } = await request('http://localhost/', options);
    expect([await body.text(), classesOf(context)]).toEqual([
      'sent once',
      ['connection', 'connection', undefined],
    ]);
    expect(statisticsOf(context).attempts[0]?.error).toMatchObject({ code: 'ENOENT' });
    server.close();
  });
});
