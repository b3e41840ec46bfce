// What people test with keeps working: axios-mock-adapter below us, msw below that.
import { create } from 'axios';
import type { AxiosInstance } from 'axios';
import MockAdapter from 'axios-mock-adapter';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { attachRetry } from '../src/index.ts';
import { ADAPTERS, AT_ONCE, attached, failureOf } from './servers/attached.ts';

/** Its types are those of the CommonJS build of axios. */
const mockOf = (instance: AxiosInstance): MockAdapter =>
  new MockAdapter(instance as unknown as ConstructorParameters<typeof MockAdapter>[0]);

describe('axios-mock-adapter', () => {
  it.each(['before', 'after'])('put on %s the retries', async (when) => {
    const instance = create();
    if (when === 'after') attachRetry(instance, AT_ONCE);
    const mock = mockOf(instance);
    if (when === 'before') attachRetry(instance, AT_ONCE);
    mock.onPut('/a').replyOnce(503).onPut('/a').networkErrorOnce().onPut('/a').reply(200, { ok: true });
    const response = await instance.put<object>('/a', { b: 1 });
    expect(response.data).toEqual({ ok: true });
    expect(response.retry?.attempts).toHaveLength(3);
    expect(mock.history['put']?.map(({ data }) => data as string)).toEqual(Array(3).fill('{"b":1}'));
  });

  it('reads a Retry-After from headers that are a plain object', async () => {
    const instance = attached();
    mockOf(instance)
      .onGet('/a')
      .replyOnce(429, '', { 'retry-after': '9999' })
      .onGet('/b')
      .reply(200, { state: 'later' }, { 'retry-after': '9999' });
    expect((await failureOf(instance.get('/a'))).retry?.reason).toBe('retry_after_exceeds_max');
    const response = await instance.get('/b', { retry: { shouldRetry: () => true } });
    expect(response.retry?.reason).toBe('retry_after_exceeds_max');
  });

  it('restores what it replaced', async () => {
    const instance = attached();
    const { adapter } = instance.defaults;
    const mock = mockOf(instance);
    mock.onAny().timeout();
    expect((await failureOf(instance.get('/a'))).retry?.attempts).toHaveLength(3);
    mock.restore();
    expect(instance.defaults.adapter).toBe(adapter);
  });
});

describe.each(ADAPTERS)('msw below the %s adapter', (adapter) => {
  const url = 'http://api.example.test/items';
  const server = setupServer();
  beforeAll(() => {
    server.listen();
  });
  afterEach(() => {
    server.resetHandlers();
  });
  afterAll(() => {
    server.close();
  });

  it('answers each attempt', async () => {
    const bodies: unknown[] = [];
    server.use(
      http.put(url, async ({ request }) => {
        bodies.push(await request.json());
        return bodies.length < 3 ? new HttpResponse(null, { status: 503 }) : HttpResponse.json({ ok: true });
      }),
    );
    const response = await attached({}, { adapter }).put<object>(url, { a: 1 });
    expect(response.data).toEqual({ ok: true });
    expect(bodies).toEqual([{ a: 1 }, { a: 1 }, { a: 1 }]);
  });

  it('fails a connection: a GET is sent again, a POST is not', async () => {
    let sent = 0;
    server.use(
      http.all(url, () => {
        sent += 1;
        return HttpResponse.error();
      }),
    );
    const instance = attached({}, { adapter });
    await failureOf(instance.get(url));
    expect(sent).toBe(3);
    await failureOf(instance.post(url));
    expect(sent).toBe(4);
  });
});
