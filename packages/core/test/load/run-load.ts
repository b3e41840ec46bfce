import { getEventListeners, setMaxListeners } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { seededRandom } from '@tenax/core/testing';
import type { RetryEngine, RetryOptions } from '@tenax/core';

const REQUESTS = 10_000;
const CONCURRENCY = 100;

/** Waits as short as they can be, and retries as many as it takes. */
export const LOAD_OPTIONS: RetryOptions = {
  baseDelay: 1,
  budget: false,
  throttledBaseDelay: 1,
  maxDelay: 2,
  attemptTimeout: 5_000,
};

/** Up to which number, drawn from 0 to 1 for each request, it fails like that. */
interface Faults {
  readonly unavailable: number;
  readonly throttled: number;
  readonly reset: number;
}

/** A server that fails as often as is said; what is left is answered by `answer`, which is told the number. */
export function unreliable(
  seed: number,
  { reset, throttled, unavailable }: Faults,
  answer: (request: IncomingMessage, response: ServerResponse, drawn: number) => void,
): RequestListener {
  const random = seededRandom(seed);
  return (request, response) => {
    const drawn = random();
    if (drawn < unavailable) response.writeHead(503).end('later');
    else if (drawn < throttled) response.writeHead(429, { 'retry-after-ms': '1' }).end('slower');
    else if (drawn < reset) request.socket.resetAndDestroy();
    else answer(request, response, drawn);
  };
}

/** What is left of 10,000 requests. */
export interface LoadReport {
  readonly operations: number;
  readonly attempts: number;
  readonly unhandled: number;
  readonly resources: string[];
  readonly sockets: number;
  readonly listeners: number;
  /** Bytes that the second half of the requests left behind. */
  readonly growth: number;
}

/** A client under load. */
export interface LoadedClient {
  readonly engine: RetryEngine;
  /** Sends a request and reads its body; a failure is no error. */
  get(): Promise<void>;
  /** Lets go of what the client holds. */
  close?(): Promise<void>;
}

/** Sends 10,000 requests, 100 at a time and all with one signal, to a server that answers with `respond`. */
export async function runLoad(
  respond: RequestListener,
  createClient: (url: string, signal: AbortSignal) => LoadedClient,
): Promise<LoadReport> {
  let unhandled = 0;
  process.on('unhandledRejection', () => {
    unhandled += 1;
  });
  let sockets = 0;
  const server = createServer((request, response) => {
    request.resume();
    respond(request, response);
  });
  server.on('connection', (socket) => {
    sockets += 1;
    socket.on('error', () => undefined);
    socket.once('close', () => {
      sockets -= 1;
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { signal } = new AbortController();
  // undici's own listeners: one for each request under way.
  setMaxListeners(0, signal);
  const client = createClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, signal);

  await send(client, REQUESTS / 2);
  const half = await heapAfterCollection();
  await send(client, REQUESTS / 2);
  const growth = (await heapAfterCollection()) - half;

  if (client.close) await client.close();
  else server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  for (let turn = 0; turn < 5; turn += 1) await heapAfterCollection();

  const { totalAttempts, totalOperations } = client.engine.statistics.snapshot();
  return {
    operations: totalOperations,
    attempts: totalAttempts,
    unhandled,
    resources: process.getActiveResourcesInfo(),
    sockets,
    listeners: getEventListeners(signal, 'abort').length,
    growth,
  };
}

async function send(client: LoadedClient, count: number): Promise<void> {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await client.get();
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

async function heapAfterCollection(): Promise<number> {
  for (let turn = 0; turn < 5; turn += 1) {
    globalThis.gc?.();
    await new Promise(setImmediate);
  }
  return process.memoryUsage().heapUsed;
}
