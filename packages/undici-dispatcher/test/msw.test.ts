// msw 3 answers below the dispatcher, in place of a socket: retries see its answers as those of a server.
import type { RetryOptions } from '@tenax/core';
import { http, HttpResponse, passthrough } from 'msw';
import { setupServer } from 'msw/node';
import { Agent, request } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { flakyServer, ok, unavailable } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { captureRetryStatistics, installGlobalRetry, RetryDispatcher } from '../src/index.ts';

const QUICK = { baseDelay: 1, throttledBaseDelay: 1 };
const later = (): Response => new HttpResponse('later', { status: 503 });
const url = 'http://api.example.test/items';
/** Retries until the test ends. */
const install = (options?: RetryOptions): void => {
  const retries = installGlobalRetry({ ...options, ...QUICK });
  onTestFinished(() => {
    retries.restore();
  });
};
const mock = setupServer();
beforeAll(() => {
  mock.listen({ onUnhandledFrame: 'bypass' });
});
afterEach(() => {
  mock.resetHandlers();
});
afterAll(() => {
  mock.close();
});

describe('the built-in fetch with global retries and msw', () => {
  it.each([url, 'https://api.example.test/items'])('has each attempt answered by msw: %s', async (mocked) => {
    install();
    const bodies: string[] = [];
    mock.use(
      http.put(mocked, async ({ request: sent }) => {
        bodies.push(await sent.text());
        return bodies.length < 3 ? later() : HttpResponse.json({ ok: true });
      }),
    );
    const { statistics, value } = await captureRetryStatistics(() =>
      fetch(mocked, { method: 'PUT', body: 'text' }),
    );
    expect(await value.json()).toEqual({ ok: true });
    expect(bodies).toEqual(['text', 'text', 'text']);
    expect(statistics[0]?.attempts.map(({ status }) => status)).toEqual([503, 503, 200]);
  });

  it('gives the 503 of a mocked POST at once', async () => {
    install();
    let sent = 0;
    mock.use(
      http.post(url, () => {
        sent += 1;
        return later();
      }),
    );
    const response = await fetch(url, { method: 'POST', body: 'order' });
    expect([response.status, await response.text(), sent]).toEqual([503, 'later', 1]);
  });

  it('waits as a mocked Retry-After says', async () => {
    const delays: number[] = [];
    install({
      random: () => 0,
      hooks: { onRetry: ({ hint }) => void delays.push(hint ?? Number.NaN) },
    });
    let sent = 0;
    mock.use(
      http.get(url, () => {
        sent += 1;
        return sent === 1
          ? new HttpResponse(null, { status: 429, headers: { 'retry-after-ms': '7' } })
          : new HttpResponse();
      }),
    );
    expect((await fetch(url)).status).toBe(200);
    expect(delays).toEqual([7]);
  });

  it('retries a mocked network error', async () => {
    let sent = 0;
    mock.use(
      http.get(url, () => {
        sent += 1;
        return HttpResponse.error();
      }),
    );
    install();
    await expect(fetch(url)).rejects.toThrow('fetch failed');
    expect(sent).toBe(3);
  });

  it.each(['passed through', 'unhandled'])('retries requests that are %s', async (kind) => {
    await using server = await flakyServer(unavailable, unavailable, ok);
    install();
    if (kind === 'passed through') mock.use(http.get(server.url, () => passthrough()));
    const response = await fetch(server.url);
    expect([response.status, await response.text()]).toEqual([200, 'ok']);
    expect(server.requests).toHaveLength(3);
  });

  it.each(['before', 'after'])('works whether msw listens %s the installation', async (order) => {
    mock.close();
    if (order === 'before') mock.listen();
    install();
    if (order === 'after') mock.listen();
    let sent = 0;
    mock.use(
      http.get(url, () => {
        sent += 1;
        return sent < 3 ? later() : new HttpResponse();
      }),
    );
    expect((await fetch(url)).status).toBe(200);
  });

  it('answers once without retries', async () => {
    let sent = 0;
    mock.use(
      http.get(url, () => {
        sent += 1;
        return later();
      }),
    );
    installGlobalRetry(QUICK).restore();
    expect((await fetch(url)).status).toBe(503);
    expect(sent).toBe(1);
  });
});

it('request of undici goes past msw: MockAgent is for that', async () => {
  await using server = await flakyServer(unavailable, ok);
  let mocked = 0;
  mock.use(
    http.get(server.url, () => {
      mocked += 1;
      return new HttpResponse();
    }),
  );
  const dispatcher = new RetryDispatcher(new Agent(), QUICK);
  const { body, statusCode } = await request(server.url, { dispatcher });
  expect([statusCode, await body.text(), mocked]).toEqual([200, 'ok', 0]);
  expect(server.requests).toHaveLength(2);
  await dispatcher.close();
});
