// Responses that break off after their headers: the operation has ended, the caller gets the break.
import { request, fetch as undiciFetch } from 'undici';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';

import { breakingServer, end, when } from './servers/breaking-server.ts';
import type { Connection, Ending } from './servers/breaking-server.ts';
import {
  classesOf,
  failureOf,
  retryDispatcher,
  retryingAgent,
  statisticsOf,
} from './servers/retrying-agents.ts';

const LENGTH = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n';
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

/** Says something, and leaves the connection to the test. */
function talking(words: string) {
  let broken: Socket | undefined;
  const connection: Connection = when(/\r\n\r\n/u, (socket) => {
    broken = socket;
    socket.write(words);
  });
  const breakOff = (ending: Ending): void => {
    if (broken) end(broken, ending);
  };
  return { breakOff, connection };
}

/** `fetch` takes a dispatcher of its own undici, says its type. */
const FETCHES = { "undici's fetch": undiciFetch as unknown as typeof fetch, 'the built-in fetch': fetch };

const PHASES: [string, string, string][] = [
  ['after the headers', LENGTH, ''],
  ['within the body', `${LENGTH}part`, 'part'],
  ['within a chunked body', `${CHUNKED}4\r\npart\r\n5\r\npa`, 'partpa'],
  ['before the last chunk', `${CHUNKED}4\r\npart\r\n`, 'part'],
  ['within the trailers', `${CHUNKED}4\r\npart\r\n0\r\nX-Sum: 4`, 'part'],
];

describe.each([
  ['the interceptor', retryingAgent],
  ['RetryDispatcher', retryDispatcher],
] as const)('with %s, a response that breaks off', (_, open) => {
  it.each(
    PHASES.flatMap(([phase, words, text]) =>
      (['FIN', 'RST'] as const).map((ending) => [phase, ending, words, text] as const),
    ),
  )(
    'EDGE 24: %s, by %s, breaks for its caller after what has come of it',
    async (_phase, ending, words, expected) => {
      const { breakOff, connection } = talking(words);
      await using server = await breakingServer(connection);
      await using own = open();
      const { body, context, statusCode } = await request(server.url, own);
      let text = '';
      const reading = (async () => {
        for await (const chunk of body) {
          text += String(chunk);
          if (text === expected) breakOff(ending);
        }
      })();
      if (expected === '') breakOff(ending);
      const error = await failureOf(reading);
      expect([statusCode, text, error.code]).toEqual([
        200,
        expected,
        ending === 'FIN' ? 'UND_ERR_SOCKET' : 'ECONNRESET',
      ]);
      expect([statisticsOf(context).result, classesOf(context), server.connections]).toEqual([
        'success',
        [undefined],
        1,
      ]);
    },
  );

  it('after a retry, too, and with the last response when attempts have run out', async () => {
    const { breakOff, connection } = talking('HTTP/1.1 503 Later\r\nContent-Length: 10\r\n\r\npart');
    await using server = await breakingServer(connection);
    await using own = open({ maxAttempts: 1 });
    const { body, context } = await request(server.url, own);
    breakOff('FIN');
    expect(await failureOf(body.text())).toMatchObject({ code: 'UND_ERR_SOCKET' });
    expect(statisticsOf(context)).toMatchObject({ result: 'retry_exhausted', reason: 'attempts_exhausted' });
  });

  it.each(['FIN', 'RST'] as const)(
    'by %s where only the end of the connection ends it, is whole',
    async (ending) => {
      const { breakOff, connection } = talking('HTTP/1.1 200 OK\r\n\r\npart');
      await using server = await breakingServer(connection);
      await using own = open();
      const { body } = await request(server.url, own);
      let text = '';
      for await (const chunk of body) {
        text += String(chunk);
        breakOff(ending);
      }
      expect(text).toBe('part');
    },
  );

  it.each(
    Object.entries(FETCHES).flatMap(([name, fetching]) =>
      (['FIN', 'RST'] as const).flatMap((ending) =>
        [LENGTH, `${CHUNKED}4\r\npart\r\n5\r\npa`].map((words) => [name, ending, words, fetching] as const),
      ),
    ),
  )(
    'by the time shouldRetry has read it breaks for %s, too: by %s after %j',
    async (_n, ending, words, fetching) => {
      const { breakOff, connection } = talking(words);
      await using server = await breakingServer(connection);
      await using own = open({
        shouldRetry: async (outcome) => {
          if (outcome.kind !== 'response') return undefined;
          const read = outcome.text();
          breakOff(ending);
          await failureOf(read);
          return undefined;
        },
      });
      const response = await fetching(server.url, own as unknown as RequestInit);
      expect(await failureOf(response.text())).toMatchObject({
        message: 'terminated',
        cause: { code: ending === 'FIN' ? 'UND_ERR_SOCKET' : 'ECONNRESET' },
      });
    },
  );
});
