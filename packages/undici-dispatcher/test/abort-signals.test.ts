// The caller's signal: whatever sends the request, however many share it, whenever it comes.
import { getEventListeners } from 'node:events';
import { text } from 'node:stream/consumers';

import { virtualClock } from '@tenax/core/testing';
import { Agent, fetch, pipeline, request, stream } from 'undici';
import { describe, expect, it } from 'vitest';

import { flakyServer, silence, unavailable } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { failureOf, owned, retryingAgent, statisticsOf } from './servers/retrying-agents.ts';
import type { OwnDispatcher } from './servers/retrying-agents.ts';

describe('an abort in a wait', () => {
  const APIS: [
    string,
    (url: string, options: OwnDispatcher & { signal: AbortSignal; retry: object }) => Promise<unknown>,
  ][] = [
    ['stream', (url, options) => stream(url, { ...options, method: 'GET' }, () => process.stdout)],
    [
      'pipeline',
      (url, options) => text(pipeline(url, { ...options, method: 'GET' }, ({ body }) => body).end()),
    ],
    // fetch has no place for options of a dispatcher.
    ['fetch', (url, { dispatcher, signal }) => fetch(url, { dispatcher, signal })],
  ];

  it.each(APIS)('ends %s with its reason', async (_, send) => {
    await using server = await flakyServer(unavailable);
    const reason = new Error('enough');
    const controller = new AbortController();
    const onRetry = (): void => {
      controller.abort(reason);
    };
    await using own = retryingAgent({ clock: virtualClock(), hooks: { onRetry } });
    const ended = failureOf(send(server.url, { ...own, signal: controller.signal, retry: {} }));
    expect(await ended).toBe(reason);
    expect(server.requests).toHaveLength(1);
  });
});

describe('a signal', () => {
  it("EDGE 5: of AbortSignal.timeout is the caller's: it is not retried", async () => {
    await using server = await flakyServer(silence);
    await using own = retryingAgent();
    const error = await failureOf(request(server.url, { ...own, signal: AbortSignal.timeout(50) }));
    expect([error.name, statisticsOf(error).result, server.requests.length]).toEqual([
      'TimeoutError',
      'aborted',
      1,
    ]);
  });

  it('EDGE 3: that races with the answer gives one end', async () => {
    for (let round = 0; round < 20; round += 1) {
      const controller = new AbortController();
      await using server = await flakyServer(unavailable, (response) => {
        response.end('ok', () => {
          controller.abort('late');
        });
      });
      await using own = retryingAgent();
      const ended = await request(server.url, { ...own, signal: controller.signal })
        .then(({ body }) => body.text())
        .catch((error: unknown) => error);
      expect(['ok', 'late']).toContain(ended);
    }
  });

  it('EDGE 4: that is shared by many requests has no more listeners than with bare undici', async () => {
    const most = async ({ dispatcher }: OwnDispatcher): Promise<number[]> => {
      let answer: (() => void) | undefined;
      const answered = new Promise<void>((resolve) => {
        answer = resolve;
      });
      await using server = await flakyServer((response) => void answered.then(() => response.end('ok')));
      const { signal } = new AbortController();
      const bodies = Array.from({ length: 50 }, async () =>
        (await request(server.url, { dispatcher, signal })).body.text(),
      );
      await server.received(50);
      const during = getEventListeners(signal, 'abort').length;
      answer?.();
      await Promise.all(bodies);
      await new Promise(setImmediate);
      return [during, getEventListeners(signal, 'abort').length];
    };
    await using bare = owned(new Agent());
    await using own = retryingAgent();
    expect(await most(own)).toEqual(await most(bare));
  });
});
