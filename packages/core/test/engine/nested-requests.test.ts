import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, it } from 'vitest';

import { createRetryEngine } from '../../src/engine.ts';
import type { AttemptContext } from '../../src/exchange.ts';
import type { RetryOptions } from '../../src/options.ts';
import { withinRequest } from '../../src/within-request.ts';
import { rejectionOf } from '../virtual-engine.ts';

const QUICK: RetryOptions = { baseDelay: 0, budget: false };

/** How many attempts an operation makes that always fails. */
const attemptsWithin = (headers: Parameters<typeof withinRequest>[0], options: RetryOptions = {}) => {
  const engine = createRetryEngine({ ...QUICK, ...options } as RetryOptions);
  let attempts = 0;
  const operation = (): never => {
    attempts += 1;
    throw new Error('again');
  };
  return withinRequest(headers, async () => {
    await rejectionOf(engine.execute(operation));
    return attempts;
  });
};

describe('an operation within a request', () => {
  it.each<[string, Parameters<typeof withinRequest>[0], number]>([
    ['of node:http, a first attempt', { 'x-retry-attempt': '1' }, 1],
    ['of node:http, a retry', { 'x-retry-attempt': '2' }, 1],
    ['of the fetch API', new Headers({ 'X-Retry-Attempt': '2' }), 1],
    ['that nobody retries', {}, 3],
    ['that nobody retries, of the fetch API', new Headers(), 3],
    ['with a header that says nothing', { 'x-retry-attempt': 'yes' }, 3],
    ['with attempt 0', { 'x-retry-attempt': '0' }, 3],
    ['with several values', { 'x-retry-attempt': ['1', '2'] }, 3],
  ])('%s', async (_, headers, attempts) => {
    expect(await attemptsWithin(headers)).toBe(attempts);
  });

  it('makes all its attempts with nested: full', async () => {
    expect(await attemptsWithin({ 'x-retry-attempt': '1' }, { nested: 'full' })).toBe(3);
  });

  it('keeps to that in what is awaited, and not outside', async () => {
    const engine = createRetryEngine(QUICK);
    const numbers: number[] = [];
    const operation = ({ number }: AttemptContext): never => {
      numbers.push(number);
      throw new Error('again');
    };
    await withinRequest({ 'x-retry-attempt': '1' }, async () => {
      await Promise.resolve();
      await rejectionOf(engine.execute(operation));
    });
    expect(numbers).toEqual([1]);
    await rejectionOf(engine.execute(operation));
    expect(numbers).toEqual([1, 1, 2, 3]);
  });

  it('shares the guards of those outside', async () => {
    const engine = createRetryEngine({ ...QUICK, circuitBreaker: { minimumThroughput: 2 } });
    const failing = (): never => {
      throw new Error('again');
    };
    await withinRequest({ 'x-retry-attempt': '1' }, () => rejectionOf(engine.execute(failing)));
    await rejectionOf(engine.execute(failing, { retry: { maxAttempts: 1 } }));
    expect(engine.circuit()).toBe('open');
  });

  it('gives what the handler gives, and throws what it throws', () => {
    expect(withinRequest({ 'x-retry-attempt': '1' }, () => 7)).toBe(7);
    expect(() =>
      withinRequest({ 'x-retry-attempt': '1' }, () => {
        throw new RangeError('own');
      }),
    ).toThrow(RangeError);
  });
});

describe('EDGE 14: three layers of three attempts over HTTP', () => {
  const servers: ReturnType<typeof createServer>[] = [];

  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  const listen = async (
    handle: (request: IncomingMessage, response: ServerResponse) => void,
  ): Promise<string> => {
    const server = createServer(handle);
    servers.push(server);
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  };

  /** Asks another service, with retries, and tells it of them. */
  const ask = async (url: string, options: RetryOptions): Promise<number> => {
    const engine = createRetryEngine({ ...QUICK, attemptHeaders: true, ...options } as RetryOptions);
    const send = async ({ headers }: AttemptContext): Promise<void> => {
      const { status } = await fetch(url, { ...(headers && { headers }) });
      if (status !== 200) throw new Error(`status ${status}`);
    };
    return engine.execute(send).then(
      () => 200,
      () => 502,
    );
  };

  const layers = async (options: RetryOptions): Promise<number> => {
    let requests = 0;
    const leaf = await listen((_, response) => {
      requests += 1;
      response.statusCode = 503;
      response.end();
    });
    const service = (below: string): Promise<string> =>
      listen((request, response) => {
        void withinRequest(request.headers, () => ask(below, options)).then((status) => {
          response.statusCode = status;
          response.end();
        });
      });
    await ask(await service(await service(leaf)), options);
    return requests;
  };

  it('send three requests to the leaf that fails', async () => {
    expect(await layers({})).toBe(3);
  });

  it('send 27 with nested: full', async () => {
    expect(await layers({ nested: 'full' })).toBe(27);
  });
});
