// Who else uses the global dispatcher, and fetch with a dispatcher of its own.
import { deepEqual, equal, rejects } from 'node:assert/strict';
import { Writable } from 'node:stream';

import { getRetryStatistics } from '@tenax/core';
import { RetryDispatcher } from '@tenax/undici-dispatcher';
import { Agent, fetch as undiciFetch, request, stream } from 'undici';

import { ok, unavailable, type Answer } from '../../../fetch-adapter/test/servers/flaky-server.ts';
import { type Cases, quick, withRetries, withServer } from './global-retries.ts';
import { webSocketServer } from './web-socket-server.ts';

const cookies: Answer = (response) => response.writeHead(200, { 'set-cookie': ['a=1', 'b=2'] }).end('ok');

async function withDispatcher(use: (init: RequestInit) => Promise<void>): Promise<void> {
  const dispatcher = new RetryDispatcher(new Agent(), quick);
  try {
    // The types of Node are those of another undici.
    await use({ dispatcher } as unknown as RequestInit);
  } finally {
    await dispatcher.destroy();
  }
}

export const clientCases: Cases = {
  'request of undici is retried': () =>
    withRetries([unavailable, ok], async ({ url }) => {
      const { body, context, statusCode } = await request(url);
      equal(statusCode, 200);
      equal(await body.text(), 'ok');
      equal(getRetryStatistics(context)?.attempts.length, 2);
    }),

  'stream of undici is retried': () =>
    withRetries([unavailable, ok], async ({ requests, url }) => {
      const statuses: number[] = [];
      await stream(url, { method: 'GET' }, ({ statusCode }) => {
        statuses.push(statusCode);
        return new Writable({ write: (_chunk, _encoding, done) => done() });
      });
      deepEqual(statuses, [200]);
      equal(requests.length, 2);
    }),

  'fetch of undici is retried, with its body': () =>
    withRetries([unavailable, ok], async ({ requests, url }) => {
      const response = await undiciFetch(url, { method: 'PUT', body: 'text' });
      equal(await response.text(), 'text');
      equal(requests.length, 2);
    }),

  'a request with retry: false is sent once, of one that says nothing the options hold': () =>
    withRetries([unavailable], async ({ requests, url }) => {
      const once = await request(url, { retry: false });
      await once.body.dump();
      equal(requests.length, 1);
      const twice = await request(url, { retry: { maxAttempts: 2 } });
      await twice.body.dump();
      equal(requests.length, 3);
    }),

  'a RetryDispatcher of its own retries a fetch, with its body': () =>
    withDispatcher((init) =>
      withServer([unavailable, ok], async ({ requests, url }) => {
        equal(await (await fetch(url, { method: 'PUT', body: 'text', ...init })).text(), 'text');
        equal(requests.length, 2);
      }),
    ),

  'a RetryDispatcher of its own keeps several Set-Cookie several': () =>
    withDispatcher((init) =>
      withServer([unavailable, cookies], async ({ url }) => {
        const response = await fetch(url, init);
        deepEqual(response.headers.getSetCookie(), ['a=1', 'b=2']);
        equal(await response.text(), 'ok');
      }),
    ),

  'a RetryDispatcher of its own that is closed fails a fetch, as an Agent does': () =>
    withDispatcher(async (init) => {
      const { dispatcher } = init as unknown as { dispatcher: RetryDispatcher };
      await dispatcher.close();
      await withServer([ok], ({ url }) =>
        rejects(fetch(url, init), ({ cause }: { cause?: { code?: string } }) => {
          equal(cause?.code, 'UND_ERR_DESTROYED');
          return true;
        }),
      );
    }),

  'a WebSocket connects': async () => {
    const server = await webSocketServer('hello');
    try {
      await withRetries([], async () => {
        const socket = new WebSocket(server.url);
        const message = await new Promise<unknown>((resolve, reject) => {
          socket.addEventListener('message', ({ data }) => {
            resolve(data);
          });
          socket.addEventListener('error', reject);
        });
        socket.close();
        equal(message, 'hello');
      });
    } finally {
      await server[Symbol.asyncDispose]();
    }
  },
};
