// resume: true. A download that breaks off goes on where it broke, and its caller notices nothing.
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';

import type { RetryOptions } from '@tenax/core';
import { pipeline, request, stream } from 'undici';
import { describe, expect, it } from 'vitest';

import { flakyServer, ok, status, unavailable } from '../../fetch-adapter/test/servers/flaky-server.ts';
import type { Answer } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { captureRetryStatistics } from '../src/index.ts';
import { content, part } from './servers/download-server.ts';
import {
  classesOf,
  failureOf,
  retryDispatcher,
  retryingAgent,
  statisticsOf,
} from './servers/retrying-agents.ts';
import type { OwnDispatcher } from './servers/retrying-agents.ts';

const resuming = (options: RetryOptions = {}): OwnDispatcher =>
  retryingAgent({ resume: true, maxAttempts: 4, ...options });
const download = async (url: string, own: OwnDispatcher): Promise<Buffer> => {
  const { body } = await request(url, own);
  return Buffer.from(await body.arrayBuffer());
};

describe('a download that breaks off', () => {
  it.each([0, 1, 2500, 4999])('after %d bytes goes on with the next', async (breakAfter) => {
    await using server = await flakyServer(part({ breakAfter }), part());
    await using own = resuming();
    expect(await download(server.url, own)).toEqual(content);
    expect(server.requests.map(({ headers }) => [headers.range, headers['if-range']])).toEqual([
      [undefined, undefined],
      [`bytes=${breakAfter}-`, '"v1"'],
    ]);
  });

  it('of unknown length goes on, too', async () => {
    const contentLength = 'chunked';
    await using server = await flakyServer(
      part({ breakAfter: 2000, contentLength }),
      part({ contentLength }),
    );
    await using own = resuming();
    expect(await download(server.url, own)).toEqual(content);
  });

  it('of unknown length goes on where the server does not know it either', async () => {
    const contentLength = 'chunked';
    const contentRange = 'bytes 2000-4999/*';
    await using server = await flakyServer(part({ breakAfter: 2000, contentLength }), part({ contentRange }));
    await using own = resuming();
    expect(await download(server.url, own)).toEqual(content);
  });

  it('is in a capture with its request and with each break', async () => {
    await using server = await flakyServer(
      unavailable,
      part({ breakAfter: 1000 }),
      unavailable,
      part({ breakAfter: 2000 }),
      part(),
    );
    await using own = resuming({ maxAttempts: 6 });
    const { statistics, value } = await captureRetryStatistics(() => download(server.url, own));
    expect(value).toEqual(content);
    expect(statistics.map(({ attempts }) => attempts.map((attempt) => attempt.status))).toEqual([
      [503, 200],
      [undefined, 503, 206],
      [undefined, 206],
    ]);
  });

  it('has the headers and the statistics of its first response', async () => {
    await using server = await flakyServer(unavailable, part({ breakAfter: 2000 }), part());
    await using own = resuming();
    const { body, context, headers, statusCode } = await request(server.url, own);
    await body.arrayBuffer();
    expect([statusCode, headers['content-length'], headers['content-range']]).toEqual([
      200,
      '5000',
      undefined,
    ]);
    expect(classesOf(context)).toEqual(['transient', undefined]);
  });

  it('takes a Last-Modified that is older than the response', async () => {
    const headers = { 'last-modified': 'Mon, 03 Jun 2019 11:00:00 GMT' };
    await using server = await flakyServer(part({ breakAfter: 2000, headers }), part({ headers }));
    await using own = resuming();
    expect(await download(server.url, own)).toEqual(content);
    expect(server.requests[1]?.headers['if-range']).toBe(headers['last-modified']);
  });

  it('sends the headers of its caller again', async () => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), part());
    await using own = resuming();
    const headers = ['X-Own', 'own', 'Accept', 'text/plain'];
    const { body } = await request(server.url, { ...own, headers });
    await body.arrayBuffer();
    expect(server.requests.map((seen) => [seen.headers['x-own'], seen.headers.accept])).toEqual(
      Array.from({ length: 2 }, () => ['own', 'text/plain']),
    );
  });

  const APIS: [string, (url: string, own: OwnDispatcher) => Promise<Buffer>][] = [
    [
      'stream',
      async (url, own) => {
        const through = new PassThrough();
        const collected = buffer(through);
        await stream(url, { ...own, method: 'GET' }, () => through);
        return collected;
      },
    ],
    ['pipeline', (url, own) => buffer(pipeline(url, { ...own, method: 'GET' }, ({ body }) => body).end())],
  ];

  it.each(APIS)('goes on for %s, too', async (_, send) => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), part());
    await using own = retryDispatcher({ resume: true });
    expect(await send(server.url, own)).toEqual(content);
  });

  it('tells onInfo only of the first request', async () => {
    const hinting =
      (answer: Answer): Answer =>
      (response, incoming, seen) => {
        response.writeEarlyHints({ link: '</a>; rel=preload' });
        answer(response, incoming, seen);
      };
    await using server = await flakyServer(hinting(part({ breakAfter: 2000 })), hinting(part()));
    await using own = resuming();
    const heard: number[] = [];
    const { body } = await request(server.url, {
      ...own,
      onInfo: ({ statusCode }) => heard.push(statusCode),
    });
    expect([Buffer.from(await body.arrayBuffer()), heard]).toEqual([content, [103]]);
  });
});

describe('attempts', () => {
  it('count on over breaks and failures', async () => {
    await using server = await flakyServer(
      part({ breakAfter: 1000 }),
      part({ breakAfter: 1000 }),
      unavailable,
      part(),
    );
    await using own = resuming();
    expect(await download(server.url, own)).toEqual(content);
  });

  it('count on from those before the response', async () => {
    await using server = await flakyServer(unavailable, unavailable, part({ breakAfter: 100 }));
    await using own = resuming();
    expect(await failureOf(download(server.url, own))).toMatchObject({ code: 'UND_ERR_SOCKET' });
    expect(server.requests).toHaveLength(4);
  });

  it('that run out give the error of the last break', async () => {
    await using server = await flakyServer(part({ breakAfter: 100 }));
    await using own = resuming();
    const error = await failureOf(download(server.url, own));
    expect([error.code, server.requests.length]).toEqual(['UND_ERR_SOCKET', 4]);
    expect(server.requests.map(({ headers }) => headers.range)).toEqual([
      undefined,
      'bytes=100-',
      'bytes=200-',
      'bytes=300-',
    ]);
  });

  it('that end with a status say which one', async () => {
    await using server = await flakyServer(part({ breakAfter: 100 }), unavailable);
    await using own = resuming();
    const error = await failureOf(download(server.url, own));
    expect(error).toMatchObject({
      code: 'TENAX_RESUME_REFUSED',
      message: expect.stringContaining('status 503'),
    });
    expect(server.requests).toHaveLength(4);
  });

  it('are one with opts.retry: false, whose end is that of undici itself', async () => {
    await using server = await flakyServer(part({ breakAfter: 100 }));
    await using own = retryingAgent({ resume: true, throwOnExhausted: true });
    const { body } = await request(server.url, { ...own, retry: false });
    const error = await failureOf(body.arrayBuffer());
    expect([error.code, server.requests.length]).toEqual(['UND_ERR_SOCKET', 1]);
  });

  it('are one with opts.retry: false, or with a maxAttempts of 1', async () => {
    await using server = await flakyServer(part({ breakAfter: 100 }));
    await using own = resuming();
    for (const retry of [false, { maxAttempts: 1 }] as const) {
      const { body } = await request(server.url, { ...own, retry });
      expect(await failureOf(body.arrayBuffer())).toMatchObject({ code: 'UND_ERR_SOCKET' });
    }
    expect(server.requests).toHaveLength(2);
  });
});

describe('an unbroken body', () => {
  it('is left as it is', async () => {
    await using server = await flakyServer(part(), ok);
    await using own = resuming();
    const { body, context } = await request(server.url, own);
    expect(Buffer.from(await body.arrayBuffer())).toEqual(content);
    expect([server.requests.length, statisticsOf(context).result]).toEqual([1, 'success']);
  });

  it('that says less than was sent is as long as it says', async () => {
    await using server = await flakyServer(status(200, { etag: '"v1"', 'content-length': '5' }, 'later'));
    await using own = resuming();
    expect((await download(server.url, own)).toString()).toBe('later');
    expect(server.requests).toHaveLength(1);
  });
});
