// The programs that bundles are measured against are of use only if they work.
import { describe, expect, it } from 'vitest';

import { flakyServer, ok, unavailable } from '../../../packages/fetch-adapter/test/servers/flaky-server.ts';
import { createMinimalFetch } from '../../minimal/fetch.ts';
import { AllGuards } from '../../minimal/guards.ts';
import { getRecords, Sums } from '../../minimal/retries.ts';

describe('the minimal fetch', () => {
  it('retries, and keeps a record of each attempt', async () => {
    await using server = await flakyServer(unavailable, unavailable, ok);
    const response = await createMinimalFetch({ baseDelay: 1 })(server.url);
    expect(response.status).toBe(200);
    expect(getRecords(response)?.map(({ failureClass }) => failureClass)).toEqual([
      'transient',
      'transient',
      undefined,
    ]);
  });

  it('does not send a POST again', async () => {
    await using server = await flakyServer(unavailable);
    const response = await createMinimalFetch({ baseDelay: 1 })(server.url, { method: 'POST', body: 'x' });
    expect([response.status, server.requests.length]).toEqual([503, 1]);
  });

  it('spends no more than its budget', async () => {
    await using server = await flakyServer(unavailable);
    await createMinimalFetch({ baseDelay: 1, minPerSecond: 0, ratio: 1 })(server.url);
    expect(server.requests).toHaveLength(2);
  });

  it('leaves a server alone whose circuit is open', async () => {
    await using server = await flakyServer(unavailable);
    const fetch = createMinimalFetch({ maxAttempts: 1, minimumThroughput: 1 });
    await fetch(server.url);
    await expect(fetch(server.url)).rejects.toThrow('circuit_breaker_open');
    expect(server.requests).toHaveLength(1);
  });

  it('refuses an option that it does not know', () => {
    expect(() => createMinimalFetch({ attempts: 3 })).toThrow('attempts');
  });
});

describe('the minimal bulkhead', () => {
  it('lets one wait, and refuses the next', async () => {
    const options = { window: 1000, maxConcurrent: 1, maxQueue: 1, queueTimeout: 60_000 };
    const guards = new AllGuards(options as ConstructorParameters<typeof AllGuards>[0], new Sums());
    const { signal } = new AbortController();
    const leave = await guards.enter(signal);
    const waiting = guards.enter(signal);
    await expect(guards.enter(signal)).rejects.toThrow('bulkhead_full');
    leave();
    (await waiting)();
  });
});
