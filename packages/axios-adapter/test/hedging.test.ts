// Hedging, as a server sees it.
import { Agent } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

import type { RetryOptions } from '@tenax/core';
import { getRetryStatistics } from '@tenax/core';
import { virtualClock } from '@tenax/core/testing';
import type { VirtualClock } from '@tenax/core/testing';
import type { AxiosRequestConfig } from 'axios';
import { describe, expect, it } from 'vitest';

import {
  flakyServer,
  ok,
  silence,
  status,
  unavailable,
} from '../../fetch-adapter/test/servers/flaky-server.ts';
import type { Answer, FlakyServer } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { held, passDelay } from '../../fetch-adapter/test/servers/held-request.ts';
import { ADAPTERS, attached, failureOf } from './servers/attached.ts';

const HEDGE = { delay: 100, maxExtraLoad: 10 } as const;

/** An instance with hedging on a clock of its own, and with connections of its own. */
function hedging(options: RetryOptions = {}, adapter: (typeof ADAPTERS)[number] = 'http') {
  const clock = virtualClock();
  const httpAgent = new Agent({ keepAlive: true });
  const api = attached({ hedge: HEDGE, jitter: 'none', clock, ...options } as RetryOptions, {
    adapter,
    httpAgent,
  });
  const dispose = (): void => {
    httpAgent.destroy();
  };
  return { api, clock, [Symbol.dispose]: dispose };
}

/** The answer, once the hedge's delay has passed. */
const hedged = <T>(server: FlakyServer, clock: VirtualClock, pending: Promise<T>): Promise<T> =>
  passDelay(server, clock, 100, pending);

const told = (subject: object): unknown[] | undefined =>
  getRetryStatistics(subject)?.attempts.map(({ hedged: isHedge, reason, success }) => [
    isHedge,
    success,
    reason,
  ]);

describe.each(ADAPTERS)('a request that the server holds, by the adapter %s', (adapter) => {
  it('is answered by its hedge, whole, and its own connection is closed', async () => {
    const { answer, closed } = held();
    const body = 'the answer '.repeat(50_000);
    await using server = await flakyServer(answer, status(200, { 'x-own': 'own' }, body));
    using own = hedging({}, adapter);
    const response = await hedged(server, own.clock, own.api.get<string>(server.url));
    await closed;
    expect([response.status, response.headers['x-own'], response.data]).toEqual([200, 'own', body]);
    expect(server.requests).toHaveLength(2);
    expect(told(response)).toEqual([
      [false, false, 'hedge_lost'],
      [true, true, 'success'],
    ]);
    expect(own.clock.pending).toBe(0);
  });

  it("ends in its own time without a change to the answer's config", async () => {
    const { answer, closed } = held();
    await using server = await flakyServer(answer, ok);
    using own = hedging({}, adapter);
    own.api.interceptors.response.use((response) => {
      response.config.headers.set('X-Seen', 'by an interceptor');
      return response;
    });
    const { config } = await hedged(server, own.clock, own.api.get(server.url));
    await closed;
    expect(config.headers.get('X-Seen')).toBe('by an interceptor');
  });

  it('ends with the abort of its caller, and so does its hedge', async () => {
    const first = held();
    const second = held();
    await using server = await flakyServer(first.answer, second.answer);
    using own = hedging({}, adapter);
    const controller = new AbortController();
    const pending = failureOf(own.api.get(server.url, { signal: controller.signal }));
    await server.received(1);
    await own.clock.advance(100);
    await server.received(2);
    controller.abort();
    const error = await pending;
    await Promise.all([first.closed, second.closed]);
    expect(error.code).toBe('ERR_CANCELED');
    expect(told(error)).toEqual([
      [false, false, 'caller_aborted'],
      [true, false, 'caller_aborted'],
    ]);
  });

  it('takes a status that validateStatus refuses from its hedge: a 404 is the end', async () => {
    const { answer, closed } = held();
    await using server = await flakyServer(answer, status(404));
    using own = hedging({}, adapter);
    const error = await hedged(server, own.clock, failureOf(own.api.get(server.url)));
    await closed;
    expect(error.response?.status).toBe(404);
    expect(told(error)).toEqual([
      [false, false, 'hedge_lost'],
      [true, false, 'permanent_failure'],
    ]);
  });

  it('is hedged at once where it fails in a way that passes', async () => {
    await using server = await flakyServer(unavailable, ok);
    using own = hedging({}, adapter);
    const response = await own.api.get<string>(server.url);
    expect([response.data, own.clock.now()]).toEqual(['ok', 0]);
    expect(told(response)).toEqual([
      [false, false, 'transient_status'],
      [true, true, 'success'],
    ]);
  });

  it('is sent by its hedge as by itself', async () => {
    await using server = await flakyServer(silence, ok);
    using own = hedging({}, adapter);
    const config = { headers: { 'Idempotency-Key': 'one', 'X-Own': 'own' } };
    const pending = own.api.post<unknown>(server.url, { some: 'json' }, config);
    const { data } = await hedged(server, own.clock, pending);
    expect(data).toEqual({ some: 'json' });
    const seen = server.requests.map(({ body, headers }) => [
      String(body),
      headers['idempotency-key'],
      headers['x-own'],
      headers['content-type'],
    ]);
    expect(seen).toHaveLength(2);
    expect(seen[1]).toEqual(seen[0]);
  });
});

describe('a streamed response', () => {
  it('comes whole from the hedge', async () => {
    const { answer, closed } = held();
    await using server = await flakyServer(answer, status(200, {}, 'x'.repeat(500_000)));
    using own = hedging();
    const pending = own.api.get<Readable>(server.url, { responseType: 'stream' });
    const { data } = await hedged(server, own.clock, pending);
    await closed;
    expect(await text(data)).toHaveLength(500_000);
  });
});

describe('one request only is sent', () => {
  const late: Answer = (response) => void setImmediate(() => response.end('ok'));

  it('where the answer is fast', async () => {
    await using server = await flakyServer(ok);
    using own = hedging();
    const response = await own.api.get<string>(server.url);
    await own.clock.advance(1000);
    expect([response.data, server.requests.length, own.clock.pending]).toEqual(['ok', 1, 0]);
    expect(told(response)).toEqual([[false, true, 'success']]);
  });

  it.each<[string, () => AxiosRequestConfig]>([
    ['a POST without a key', () => ({ method: 'post', data: 'text' })],
    ['a stream', () => ({ method: 'put', data: Readable.from(['text']) })],
    ['progress that is told of one attempt', () => ({ onDownloadProgress: () => undefined })],
  ])('for %s', async (_what, config) => {
    await using server = await flakyServer(late);
    using own = hedging();
    const { data } = await hedged(
      server,
      own.clock,
      own.api.request<string>({ url: server.url, ...config() }),
    );
    expect([data, server.requests.length]).toEqual(['ok', 1]);
  });
});
