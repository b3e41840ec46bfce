// Requests without a body, and what comes back.
import { deepEqual, equal, ok as holds, rejects } from 'node:assert/strict';
import { gzipSync } from 'node:zlib';

import { getRetryStatistics, type RetryHooks } from '@tenax/core';
import { virtualClock } from '@tenax/core/testing';
import { captureRetryStatistics } from '@tenax/undici-dispatcher';

import {
  ok,
  silence,
  status,
  unavailable,
  type Answer,
} from '../../../fetch-adapter/test/servers/flaky-server.ts';
import { type Cases, refusedUrl, withRetries } from './global-retries.ts';

const SIZE = 64 * 1024 * 1024;

/** Writes as much as the connection takes, and tells how far it is. */
function largeAnswer(progress: { written: number }): Answer {
  return (response) => {
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const write = (): void => {
      while (progress.written < SIZE) {
        progress.written += chunk.length;
        if (!response.write(chunk)) return;
      }
      response.end();
    };
    response.on('drain', write);
    write();
  };
}

/** Fulfilled when nothing more was written for many turns of the event loop, or when all was. */
async function stalled(progress: { readonly written: number }): Promise<void> {
  let before = -1;
  for (let calm = 0; calm < 200 && progress.written < SIZE; calm += 1) {
    if (progress.written !== before) calm = 0;
    before = progress.written;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

export const requestCases: Cases = {
  'GET: two 503, then the 200': () =>
    withRetries([unavailable, unavailable, ok], async ({ requests, url }, { dispatcher }) => {
      const response = await fetch(url);
      equal(response.status, 200);
      equal(await response.text(), 'ok');
      equal(requests.length, 3);
      equal(dispatcher.engine.statistics.snapshot().totalAttempts, 3);
    }),

  'the last response when attempts run out, its body unread': () =>
    withRetries([unavailable], async ({ requests, url }) => {
      const response = await fetch(url);
      equal(response.status, 503);
      equal(await response.text(), 'later');
      equal(requests.length, 3);
    }),

  'a refused port: TypeError "fetch failed" with its cause, after three attempts': async () => {
    const url = await refusedUrl();
    await withRetries([], async () => {
      const { statistics } = await captureRetryStatistics(() =>
        rejects(fetch(url), (error: unknown) => {
          holds(error instanceof TypeError);
          equal(error.message, 'fetch failed');
          equal((error.cause as { code?: string }).code, 'ECONNREFUSED');
          equal(getRetryStatistics(error)?.attempts.length, 3);
          return true;
        }),
      );
      deepEqual(
        statistics[0]?.attempts.map(({ failureClass }) => failureClass),
        ['connection', 'connection', 'connection'],
      );
    });
  },

  'an abort during a wait ends it at once, with its own reason': async () => {
    const controller = new AbortController();
    const reason = { mine: true };
    const onRetry = (): void => {
      setImmediate(() => {
        controller.abort(reason);
      });
    };
    await withRetries(
      [unavailable],
      async ({ requests, url }) => {
        const failure: unknown = await fetch(url, { signal: controller.signal }).catch(
          (error: unknown) => error,
        );
        equal(failure, reason);
        equal(requests.length, 1);
      },
      { strategy: 'fixed', baseDelay: 60_000, maxDelay: 60_000, jitter: 'none', hooks: { onRetry } },
    );
  },

  'an abort during an attempt ends it, with its own reason': () =>
    withRetries([silence], async (server) => {
      const { requests, url } = server;
      const controller = new AbortController();
      const abort = async (): Promise<void> => {
        await server.received(1);
        controller.abort(new Error('enough'));
      };
      await Promise.all([rejects(fetch(url, { signal: controller.signal }), { message: 'enough' }), abort()]);
      equal(requests.length, 1);
    }),

  'an attempt that has lost its time is retried': async () => {
    const clock = virtualClock();
    await withRetries(
      [silence, ok],
      async (server) => {
        const waited = server.received(1).then(() => clock.advance(60_001));
        const [response] = await Promise.all([fetch(server.url), waited]);
        equal(response.status, 200);
        equal(server.requests.length, 2);
      },
      { attemptTimeout: 60_000, jitter: 'none', clock },
    );
  },

  'several Set-Cookie stay several': () =>
    withRetries(
      [
        unavailable,
        (response) => response.writeHead(200, { 'set-cookie': ['a=1; Path=/', 'b=2'], 'x-one': '1' }).end(),
      ],
      async ({ url }) => {
        const { headers } = await fetch(url);
        deepEqual(headers.getSetCookie(), ['a=1; Path=/', 'b=2']);
        equal(headers.get('x-one'), '1');
      },
    ),

  'headers in UTF-8 come as they were sent, and a redirect leads where it says': () => {
    const wire = (value: string): string => Buffer.from(value).toString('latin1');
    const attachment = wire('attachment; filename="中é"');
    const target = { 'content-disposition': attachment, 'content-length': '0', 'x-name': wire('中é') };
    return withRetries(
      [unavailable, status(302, { location: wire('/中é') }), status(200, target, '')],
      async ({ requests, url }) => {
        const { headers } = await fetch(url);
        equal(requests[2]?.url, '/%E4%B8%AD%C3%A9');
        equal(headers.get('x-name'), wire('中é'));
        equal(headers.get('content-disposition'), attachment);
      },
    );
  },

  'a redirect is followed, and each of its requests is retried': () =>
    withRetries(
      [unavailable, status(302, { location: '/target' }), unavailable, ok],
      async ({ requests, url }) => {
        const response = await fetch(url);
        equal(response.status, 200);
        equal(response.redirected, true);
        equal(response.url, `${url}target`);
        deepEqual(
          requests.map((request) => request.url),
          ['/', '/', '/target', '/target'],
        );
      },
    ),

  'a compressed body is decoded': () =>
    withRetries(
      [
        unavailable,
        (response) =>
          response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('text'.repeat(10_000))),
      ],
      async ({ url }) => {
        equal(await (await fetch(url)).text(), 'text'.repeat(10_000));
      },
    ),

  'a body that is read slowly holds its server back, and comes whole': async () => {
    const progress = { written: 0 };
    await withRetries([unavailable, largeAnswer(progress)], async ({ url }) => {
      const reader = (await fetch(url)).body!.getReader();
      let size = (await reader.read()).value!.length;
      await stalled(progress);
      holds(progress.written < SIZE, 'the server could write everything while nobody read');
      for (let part = await reader.read(); !part.done; part = await reader.read()) size += part.value.length;
      equal(size, SIZE);
    });
  },

  'hooks hear of every request of fetch': async () => {
    const told: string[] = [];
    const hooks: RetryHooks = {
      onAttempt: ({ attempt }) => void told.push(`attempt ${attempt.attemptNumber}`),
      onRetry: ({ reason }) => void told.push(`retry: ${reason}`),
      onSuccess: () => void told.push('success'),
      onGiveUp: ({ statistics }) => void told.push(`gave up: ${statistics.reason}`),
    };
    await withRetries(
      [unavailable, ok, status(404)],
      async ({ url }) => {
        await (await fetch(url)).text();
        await (await fetch(url, { method: 'POST' })).text();
      },
      { hooks },
    );
    deepEqual(told, [
      'attempt 1',
      'retry: transient_status',
      'attempt 2',
      'success',
      'attempt 1',
      'gave up: permanent_failure',
    ]);
  },

  'beforeRetry changes headers of the next attempt': () =>
    withRetries(
      [unavailable, ok],
      async ({ requests, url }) => {
        await (await fetch(url, { headers: { 'X-Token': 'old', 'X-Other': 'kept' } })).text();
        deepEqual(
          requests.map(({ headers }) => [headers['x-token'], headers['x-other']]),
          [
            ['old', 'kept'],
            ['new', 'kept'],
          ],
        );
      },
      { hooks: { beforeRetry: ({ headers }) => headers.set('x-token', 'new') } },
    ),
};
