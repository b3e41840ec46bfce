// Connections that break, in each phase of a request: what may have been processed is sent again only if that is safe.
import type { Socket } from 'node:net';

import { buildConnector, request } from 'undici';
import { describe, expect, it } from 'vitest';

import { flakyServer, ok, reset } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { answering, breakingServer, end, when } from './servers/breaking-server.ts';
import type { Connection, Ending } from './servers/breaking-server.ts';
import {
  classesOf,
  failureOf,
  retryDispatcher,
  retryingAgent,
  statisticsOf,
} from './servers/retrying-agents.ts';

const ENDINGS: readonly Ending[] = ['FIN', 'RST'];
const HEADERS_CAME = /\r\n\r\n/u;
const large = Buffer.alloc(2_000_000, 'x');

const saying =
  (words: string) =>
  (ending: Ending): Connection =>
    when(HEADERS_CAME, (socket) => {
      end(socket, ending, words);
    });

const BEFORE_THE_BODY: [string, (ending: Ending) => Connection][] = [
  ["after the request's headers", saying('')],
  [
    "within the request's body",
    (ending) =>
      when(/\r\n\r\nx{1000}/u, (socket) => {
        end(socket, ending);
      }),
  ],
  ['within the status line', saying('HTTP/1.1 20')],
  ['after an interim response', saying('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n')],
  ["within the response's headers", saying('HTTP/1.1 200 OK\r\nContent-Length: 10\r\nX-Ow')],
  ['with what is no HTTP', saying('SSH-2.0-OpenSSH_9.6\r\n\r\n')],
];

const CASES = BEFORE_THE_BODY.flatMap(([phase, breaking]) =>
  ENDINGS.map((ending) => [phase, ending, breaking(ending)] as const),
);

describe('a connection that breaks', () => {
  it.each(CASES)('%s, by %s: a PUT is sent again', async (_phase, _ending, broken) => {
    await using server = await breakingServer(broken, broken, answering);
    await using own = retryingAgent();
    const { body, context, statusCode } = await request(server.url, { ...own, method: 'PUT', body: large });
    expect([statusCode, await body.text()]).toEqual([200, 'ok']);
    expect(classesOf(context)).toEqual(['transport', 'transport', undefined]);
  });

  it.each(CASES)('%s, by %s: a POST is not sent again', async (_phase, _ending, broken) => {
    await using server = await breakingServer(broken, answering);
    await using own = retryDispatcher();
    const error = await failureOf(request(server.url, { ...own, method: 'POST', body: large }));
    expect([classesOf(error), statisticsOf(error).reason]).toEqual([['transport'], 'method_not_idempotent']);
  });

  it.each(CASES)(
    '%s, by %s, every time: the caller gets the error of undici',
    async (_phase, _ending, broken) => {
      await using server = await breakingServer(broken);
      await using own = retryingAgent();
      const options = { ...own, method: 'PUT', body: large } as const;
      const error = await failureOf(request(server.url, options));
      const bare = await failureOf(request(server.url, { ...options, retry: false }));
      expect([error.name, error.code]).toEqual([bare.name, bare.code]);
      expect([classesOf(error).length, classesOf(bare).length]).toEqual([3, 1]);
    },
  );

  it.each(ENDINGS)('as soon as it is accepted, by %s: a GET is sent again', async (ending) => {
    const broken = (socket: Socket): void => {
      end(socket, ending);
    };
    await using server = await breakingServer(broken, broken, answering);
    await using own = retryingAgent();
    const { body, context } = await request(server.url, own);
    expect([await body.text(), classesOf(context).length, server.connections]).toEqual(['ok', 3, 3]);
  });

  it.each(ENDINGS)(
    'as soon as it is accepted, by %s: a POST is sent again only if it never was',
    async (ending) => {
      const broken = (socket: Socket): void => {
        end(socket, ending);
      };
      await using server = await breakingServer(broken);
      await using own = retryingAgent({ maxAttempts: 5 });
      const error = await failureOf(request(server.url, { ...own, method: 'POST', body: 'once' }));
      expect(classesOf(error).join()).toMatch(/^(?:(?:connection,)*transport|(?:connection,?){5})$/u);
    },
  );

  it('that was kept open, as the next request comes: a GET is sent again, a POST is not', async () => {
    await using server = await flakyServer(ok, reset, ok, reset, ok);
    await using own = retryingAgent({}, { connections: 1 });
    const sendGet = async (): Promise<unknown> => {
      const { body, context } = await request(server.url, own);
      await body.text();
      return classesOf(context);
    };
    expect([await sendGet(), await sendGet()]).toEqual([[undefined], ['transport', undefined]]);
    const error = await failureOf(request(server.url, { ...own, method: 'POST', body: 'once' }));
    expect([error.code, classesOf(error)]).toEqual(['ECONNRESET', ['transport']]);
    expect([server.requests.length, server.connections]).toEqual([4, 2]);
  });
});

describe('a connection that nobody accepts', () => {
  it('is of class connection, so a POST is sent again until somebody does', async () => {
    const closed = await breakingServer(answering);
    await closed[Symbol.asyncDispose]();
    await using server = await flakyServer(ok);
    const connect = buildConnector({});
    let connections = 0;
    await using own = retryingAgent(
      {},
      {
        connect: (options, callback) => {
          connections += 1;
          const { port } = new URL(connections < 3 ? closed.url : server.url);
          connect({ ...options, port }, callback);
        },
      },
    );
    const { body, context } = await request(server.url, { ...own, method: 'POST', body: 'sent once' });
    expect(await body.text()).toBe('sent once');
    expect(classesOf(context)).toEqual(['connection', 'connection', undefined]);
  });

  it('to the end gives the error of undici', async () => {
    const server = await breakingServer(answering);
    await server[Symbol.asyncDispose]();
    await using own = retryDispatcher();
    const error = await failureOf(request(server.url, { ...own, method: 'POST', body: 'x' }));
    expect(error).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect' });
    expect(classesOf(error)).toEqual(['connection', 'connection', 'connection']);
  });
});
