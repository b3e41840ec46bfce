import { getRetryStatistics } from '@tenax/core';
import { describe, expect, it, vi } from 'vitest';

import { createRetryingFetch } from '../src/index.ts';
import type { RetryingRequestInit } from '../src/index.ts';
import { flakyServer, ok, silence, status, unavailable } from './servers/flaky-server.ts';

const QUICK = { baseDelay: 0, throttledBaseDelay: 0 };
const fetch = createRetryingFetch(QUICK);
const stream = (): ReadableStream => new Blob(['text']).stream();

describe('the rules of the platform', () => {
  it('EDGE 18: a stream without duplex is refused as the bare fetch refuses it', async () => {
    await using server = await flakyServer(ok);
    const bare = await globalThis
      .fetch(server.url, { method: 'PUT', body: stream() })
      .catch((error: unknown) => error as Error);
    const ours = await fetch(server.url, { method: 'PUT', body: stream() }).catch(
      (error: unknown) => error as Error,
    );
    expect(ours).toEqual(bare);
    expect(getRetryStatistics(ours)?.attempts).toHaveLength(1);
  });

  it.each([
    ['of a plain object', Object.prototype],
    ['of an object without a prototype', null],
  ])(
    'EDGE 18: members %s that only this platform knows pass through, to every attempt',
    async (_, prototype) => {
      const own = vi
        .fn<typeof globalThis.fetch>()
        .mockResolvedValueOnce(new Response('later', { status: 503 }))
        .mockResolvedValue(new Response('ok'));
      const members = {
        dispatcher: {},
        credentials: 'include',
        integrity: 'sha256-x',
        cf: { cacheTtl: 1 },
      };
      const init: object = Object.assign(Object.create(prototype) as object, members);
      await createRetryingFetch({ ...QUICK, fetch: own })('http://127.0.0.1/', init);
      expect(own.mock.calls.map(([, sent]) => ({ ...sent }))).toEqual([members, members]);
    },
  );

  it.each<[string, RetryingRequestInit | undefined, boolean]>([
    ['is kept', undefined, true],
    ['is kept beside nothing but `retry`', { retry: { maxAttempts: 3 } }, true],
    ['is kept beside a member that is undefined', { signal: undefined } as object, true],
    ['is forgotten beside a member of the caller’s, as the platform does it', { cache: 'no-store' }, false],
  ])('the referrer of a Request %s, whatever an attempt adds', async (_, init, isKept) => {
    const own = vi.fn<typeof globalThis.fetch>(async () => new Response('later', { status: 503 }));
    const retrying = createRetryingFetch({ ...QUICK, fetch: own, attemptTimeout: 60_000 });
    const about = { referrer: 'http://127.0.0.1/page', referrerPolicy: 'no-referrer' } as const;
    await retrying(new Request('http://127.0.0.1/', { method: 'PUT', body: 'text', ...about }), init);
    const kept = own.mock.calls.map(([, { referrer, referrerPolicy } = {}]) => ({
      referrer,
      referrerPolicy,
    }));
    const none = { referrer: undefined, referrerPolicy: undefined };
    expect(kept).toEqual(Array(3).fill(isKept ? about : none));
  });

  it('EDGE 23: a keepalive body is sent once, so that attempts do not share its 64 KiB', async () => {
    await using server = await flakyServer(unavailable);
    await fetch(server.url, { method: 'PUT', body: 'x'.repeat(1000), keepalive: true });
    await fetch(new Request(server.url, { method: 'PUT', body: 'x', keepalive: true }));
    expect(server.requests).toHaveLength(2);
  });

  it('EDGE "a 307 or 308 with a stream body": is permanent', async () => {
    await using server = await flakyServer(status(307, { location: '/elsewhere' }));
    const init = { method: 'PUT', body: stream(), duplex: 'half' } as const;
    const error = await fetch(server.url, init).catch((reason: unknown) => reason as Error);
    expect(error).toBeInstanceOf(TypeError);
    expect(getRetryStatistics(error)).toMatchObject({ reason: 'permanent_failure', attempts: [{}] });
  });

  it('EDGE "an attempt timeout’s signal reused": every attempt has a signal of its own', async () => {
    await using server = await flakyServer(silence, silence, ok);
    const response = await fetch(server.url, { retry: { attemptTimeout: 300 } });
    expect(await response.text()).toBe('ok');
    expect(server.requests).toHaveLength(3);
  });

  it('EDGE "the cap on attempts always wins": whatever a predicate says', async () => {
    await using server = await flakyServer(ok);
    await fetch(server.url, { retry: { shouldRetry: () => true } });
    expect(server.requests).toHaveLength(3);
  });

  it('EDGE "state of a retry lives in a closure": parallel requests share one init', async () => {
    await using server = await flakyServer(unavailable, unavailable, ok);
    const init = Object.freeze({ method: 'PUT', body: 'text', retry: Object.freeze({ maxAttempts: 3 }) });
    const responses = await Promise.all([fetch(server.url, init), fetch(server.url, init)]);
    expect(responses.map((response) => response.status)).toEqual([200, 200]);
    expect(server.requests.map(({ body }) => body.toString())).toEqual(Array(4).fill('text'));
  });
});
