// 10,000 requests against an unreliable server, and what is left of them. Prints a JSON report.
import { getEventListeners } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { seededRandom } from '@tenax/core/testing';
import { createRetryingFetch } from '@tenax/fetch-adapter';

const REQUESTS = 10_000;
const CONCURRENCY = 100;

let unhandled = 0;
process.on('unhandledRejection', () => {
  unhandled += 1;
});

const random = seededRandom(11);
let sockets = 0;
const server = createServer((request, response) => {
  request.resume();
  const ticket = random();
  if (ticket < 0.3) response.writeHead(503).end('later');
  else if (ticket < 0.45) response.writeHead(429, { 'retry-after-ms': '1' }).end('slower');
  else if (ticket < 0.6) request.socket.resetAndDestroy();
  else response.end('ok');
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
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

const { signal } = new AbortController();
const retryingFetch = createRetryingFetch({
  baseDelay: 1,
  budget: false,
  throttledBaseDelay: 1,
  maxDelay: 2,
  attemptTimeout: 5_000,
});

async function send(count: number): Promise<void> {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const response = await retryingFetch(url, { signal }).catch(() => undefined);
      await response?.text().catch(() => undefined);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

async function heap(): Promise<number> {
  for (let turn = 0; turn < 5; turn += 1) {
    globalThis.gc?.();
    await new Promise(setImmediate);
  }
  return process.memoryUsage().heapUsed;
}

await send(REQUESTS / 2);
const half = await heap();
await send(REQUESTS / 2);
const growth = (await heap()) - half;

server.closeAllConnections();
await new Promise((resolve) => {
  server.close(resolve);
});
for (let turn = 0; turn < 5; turn += 1) await heap();

const { totalAttempts, totalOperations } = retryingFetch.engine.statistics.snapshot();
console.log(
  JSON.stringify({
    operations: totalOperations,
    attempts: totalAttempts,
    unhandled,
    resources: process.getActiveResourcesInfo(),
    sockets,
    listeners: getEventListeners(signal, 'abort').length,
    growth,
  }),
);
