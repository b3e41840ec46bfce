// The guards over real sockets, once for each adapter: what counts is what the server sees.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { CircuitOpenError } from '@tenax/core';
import type { RetryOptions } from '@tenax/core';
import { virtualClock } from '@tenax/core/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { CLIENTS } from '../clients.ts';
import type { Client } from '../clients.ts';

const QUICK: RetryOptions = { baseDelay: 0, maxAttempts: 4, throwOnExhausted: false };

/** A server that fails as long as it is told to, and counts. */
class Service {
  failing = false;
  requests = 0;
  busy = 0;
  mostBusy = 0;
  readonly #server = createServer((_, response) => {
    this.requests += 1;
    this.busy += 1;
    this.mostBusy = Math.max(this.mostBusy, this.busy);
    response.statusCode = this.failing ? 503 : 200;
    setImmediate(() => {
      this.busy -= 1;
      response.end('{}');
    });
  });

  async start(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

describe.each(Object.entries(CLIENTS))('%s', (_adapter, makeClient) => {
  let service: Service;
  let client: Client;
  const many = (count: number): Promise<number[]> =>
    Promise.all(Array.from({ length: count }, () => client.get(service.url)));

  beforeEach(async () => {
    service = new Service();
    await service.start();
  });

  afterEach(async () => {
    await client.close();
    service.stop();
  });

  it('without a budget sends every attempt to a server that is down', async () => {
    client = makeClient({ ...QUICK, budget: false });
    service.failing = true;
    expect(await many(50)).toEqual(Array.from({ length: 50 }, () => 503));
    expect(service.requests).toBe(200);
  });

  it('with a budget sends its share of retries, and gives the last answers as they were', async () => {
    client = makeClient({ ...QUICK, budget: { ratio: 0.2, minPerSecond: 0 } });
    service.failing = true;
    expect(await many(50)).toEqual(Array.from({ length: 50 }, () => 503));
    expect(service.requests).toBe(60);
  });

  it('with a circuit breaker leaves a server alone that is down, and comes back to it', async () => {
    const clock = virtualClock();
    const circuitBreaker = { window: { calls: 20 }, minimumThroughput: 10, openTime: 100, openTimeJitter: 0 };
    client = makeClient({ ...QUICK, maxAttempts: 1, clock, circuitBreaker });
    service.failing = true;
    for (let sent = 0; sent < 10; sent += 1) expect(await client.get(service.url)).toBe(503);
    for (let refused = 0; refused < 40; refused += 1) {
      await expect(client.get(service.url)).rejects.toBeInstanceOf(CircuitOpenError);
    }
    expect(service.requests).toBe(10);
    service.failing = false;
    await clock.advance(100);
    for (let probe = 0; probe < 3; probe += 1) expect(await client.get(service.url)).toBe(200);
    expect(await many(30)).toEqual(Array.from({ length: 30 }, () => 200));
  });

  it('with a bulkhead keeps the server from being busier than it may, and loses nobody', async () => {
    client = makeClient({ ...QUICK, bulkhead: { maxConcurrent: 3, maxQueue: 50 } });
    expect(await many(50)).toEqual(Array.from({ length: 50 }, () => 200));
    expect(service.mostBusy).toBeLessThanOrEqual(3);
    expect(service.requests).toBe(50);
  });
});
