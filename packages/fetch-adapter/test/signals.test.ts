import { getEventListeners } from 'node:events';

import { getRetryStatistics } from '@tenax/core';
import { describe, expect, it, vi } from 'vitest';

import { createRetryingFetch } from '../src/index.ts';
import type { RetryingRequestInit } from '../src/index.ts';
import { flakyServer, ok, silence, unavailable } from './servers/flaky-server.ts';
import type { Answer } from './servers/flaky-server.ts';

const fetch = createRetryingFetch({ baseDelay: 0, throttledBaseDelay: 0 });
const bounds: [string, RetryingRequestInit['retry']][] = [
  ['without timeouts', undefined],
  ['with timeouts', { attemptTimeout: 60_000, timeout: 120_000 }],
];
/** Headers at once, and a body that comes when the test wants it. */
function slowBody(): { answer: Answer; finish: () => void } {
  const responses: { end(text: string): void }[] = [];
  return {
    answer: (response) => {
      response.writeHead(200).write('begin ');
      responses.push(response);
    },
    finish: () => {
      for (const response of responses) response.end('end');
    },
  };
}

describe.each(bounds)('the caller’s signal, %s', (_, retry) => {
  it('EDGE 2: sends nothing when it has aborted before', async () => {
    await using server = await flakyServer(ok);
    const reason = new Error('before');
    await expect(fetch(server.url, { signal: AbortSignal.abort(reason), retry })).rejects.toBe(reason);
    expect(server.requests).toHaveLength(0);
  });

  it.each<[string, unknown]>([
    ['an error', new Error('mine')],
    ['a string', 'enough'],
    ['an object', Object.freeze({})],
  ])('ends an attempt and its connection, with the caller’s own reason: %s', async (_name, reason) => {
    await using server = await flakyServer(silence);
    const controller = new AbortController();
    const sent = fetch(server.url, { signal: controller.signal, retry });
    await server.received(1);
    controller.abort(reason);
    await expect(sent).rejects.toBe(reason);
    await server.idle();
    expect(server.requests).toHaveLength(1);
  });

  it('EDGE 1: ends a wait at once, and no attempt follows', async () => {
    await using server = await flakyServer(unavailable);
    const controller = new AbortController();
    const waits = { baseDelay: 60_000, maxDelay: 60_000, jitter: 'none', timeout: undefined } as const;
    const hooks = { onRetry: () => setImmediate(() => controller.abort('enough')) };
    const sent = fetch(server.url, { signal: controller.signal, retry: { ...waits, hooks } });
    await expect(sent).rejects.toBe('enough');
    expect(server.requests).toHaveLength(1);
  });

  it('stays tied to the body after the headers have come', async () => {
    const { answer } = slowBody();
    await using server = await flakyServer(answer);
    const controller = new AbortController();
    const response = await fetch(server.url, { signal: controller.signal, retry });
    controller.abort('no more');
    await expect(response.text()).rejects.toBe('no more');
    await server.idle();
  });

  it('EDGE 5: a TimeoutError of its own ends the operation', async () => {
    await using server = await flakyServer(silence);
    const error = await fetch(server.url, { signal: AbortSignal.timeout(20), retry }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ name: 'TimeoutError' });
    expect(getRetryStatistics(error as object)).toMatchObject({ reason: 'caller_aborted', attempts: [{}] });
  });

  it('EDGE 4: shared by 1,000 requests it raises no warning and keeps no listener of ours', async () => {
    await using server = await flakyServer(ok);
    const warned = vi.fn<() => void>();
    process.on('warning', warned);
    const { signal } = new AbortController();
    const unbounded = getEventListeners(signal, 'abort').length;
    await Promise.all(
      Array.from({ length: 1000 }, async () => (await fetch(server.url, { signal, retry })).text()),
    );
    await new Promise(setImmediate);
    process.off('warning', warned);
    expect(warned).not.toHaveBeenCalled();
    // With timeouts one listener stays while a body lives; without them the platform's own are the only ones.
    const ours = retry ? getEventListeners(signal, 'abort').length - unbounded : 0;
    expect(ours).toBeLessThanOrEqual(1);
  });
});

describe('which signal counts', () => {
  it('EDGE "fetch(request, { signal })": the given one replaces the request’s', async () => {
    await using server = await flakyServer(ok);
    const request = new Request(server.url, { signal: AbortSignal.abort('old') });
    expect((await fetch(request, { signal: new AbortController().signal })).status).toBe(200);
    expect((await fetch(request, { signal: null })).status).toBe(200);
    await expect(fetch(request)).rejects.toBe('old');
  });
});

describe('timeouts of ours', () => {
  it('attemptTimeout ends an attempt and its connection, and the next one is sent', async () => {
    await using server = await flakyServer(silence, ok);
    const response = await fetch(server.url, { retry: { attemptTimeout: 300 } });
    expect(getRetryStatistics(response)?.attempts.map(({ failureClass }) => failureClass)).toEqual([
      'timeout',
      undefined,
    ]);
    expect(server.requests).toHaveLength(2);
  });

  it('attemptTimeout is not for a POST, which may have been processed', async () => {
    await using server = await flakyServer(silence);
    const sent = fetch(server.url, { method: 'POST', body: 'x', retry: { attemptTimeout: 300 } });
    await expect(sent).rejects.toMatchObject({ code: 'TENAX_ATTEMPT_TIMEOUT' });
    expect(server.requests).toHaveLength(1);
  });

  it('timeout ends the operation', async () => {
    await using server = await flakyServer(silence);
    await expect(fetch(server.url, { retry: { timeout: 30 } })).rejects.toMatchObject({
      code: 'TENAX_OPERATION_TIMEOUT',
    });
  });

  it('end with the headers: a body that takes longer is not cut short', async () => {
    const { answer, finish } = slowBody();
    await using server = await flakyServer(answer);
    const response = await fetch(server.url, { retry: { attemptTimeout: 300, timeout: 300 } });
    await new Promise((resolve) => {
      setTimeout(resolve, 320);
    });
    finish();
    expect(await response.text()).toBe('begin end');
  });

  it('EDGE 6: a wait that could not end in time is not begun: the last response is given', async () => {
    await using server = await flakyServer(unavailable);
    const response = await fetch(server.url, {
      retry: { timeout: 5000, baseDelay: 10_000, jitter: 'none' },
    });
    expect(response.status).toBe(503);
    expect(getRetryStatistics(response)).toMatchObject({ result: 'timeout', reason: 'wait_exceeds_timeout' });
  });
});
