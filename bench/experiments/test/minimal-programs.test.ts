// The programs that bundles are measured against are of use only if they work.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { describe, expect, it } from 'vitest';

import { createMinimalFetch } from '../../minimal/fetch.ts';
import { AllGuards } from '../../minimal/guards.ts';
import { getRecords, Sums } from '../../minimal/retries.ts';

interface Server extends AsyncDisposable {
  readonly url: string;
  readonly sent: () => number;
}

/** Answers with these statuses in turn, and with the last one from then on. */
async function serverOf(...statuses: readonly number[]): Promise<Server> {
  let sent = 0;
  const server = createServer((request, response) => {
    request.resume();
    response.statusCode = statuses[Math.min(sent, statuses.length - 1)] ?? 200;
    sent += 1;
    response.end('x');
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    sent: () => sent,
    [Symbol.asyncDispose]: async () => {
      const closed = Promise.withResolvers<void>();
      server.close(() => {
        closed.resolve();
      });
      server.closeAllConnections();
      await closed.promise;
    },
  };
}

describe('the minimal fetch', () => {
  it('retries, and keeps a record of each attempt', async () => {
    await using server = await serverOf(503, 503, 200);
    const response = await createMinimalFetch({ baseDelay: 1 })(server.url);
    expect(response.status).toBe(200);
    expect(getRecords(response)?.map(({ failureClass }) => failureClass)).toEqual([
      'transient',
      'transient',
      undefined,
    ]);
  });

  it('does not send a POST again', async () => {
    await using server = await serverOf(503);
    const response = await createMinimalFetch({ baseDelay: 1 })(server.url, { method: 'POST', body: 'x' });
    expect([response.status, server.sent()]).toEqual([503, 1]);
  });

  it('spends no more than its budget', async () => {
    await using server = await serverOf(503);
    await createMinimalFetch({ baseDelay: 1, minPerSecond: 0, ratio: 1 })(server.url);
    expect(server.sent()).toBe(2);
  });

  it('leaves a server alone whose circuit is open', async () => {
    await using server = await serverOf(503);
    const fetch = createMinimalFetch({ maxAttempts: 1, minimumThroughput: 1 });
    await fetch(server.url);
    await expect(fetch(server.url)).rejects.toThrow('circuit_breaker_open');
    expect(server.sent()).toBe(1);
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
