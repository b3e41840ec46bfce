// 10,000 requests against an unreliable server, through `request` or through the built-in fetch, and what is left of
// them. Prints a JSON report.
import { getEventListeners, setMaxListeners } from 'node:events';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

import { seededRandom } from '@tenax/core/testing';
import type { RetryOptions } from '@tenax/core';
import { installGlobalRetry, RetryDispatcher } from '@tenax/undici-dispatcher';
import { request } from 'undici';

const REQUESTS = 10_000;
const CONCURRENCY = 100;
const CONTENT = 'abcdefghij'.repeat(200);
const options: RetryOptions = {
  budget: false,
  baseDelay: 1,
  throttledBaseDelay: 1,
  maxDelay: 2,
  attemptTimeout: 5_000,
  resume: true,
};

let unhandled = 0;
process.on('unhandledRejection', () => {
  unhandled += 1;
});

const random = seededRandom(12);
let sockets = 0;
const server = createServer((incoming, response) => {
  incoming.resume();
  const ticket = random();
  if (ticket < 0.15) response.writeHead(503).end('later');
  else if (ticket < 0.25) response.writeHead(429, { 'retry-after-ms': '1' }).end('slower');
  else if (ticket < 0.33) incoming.socket.resetAndDestroy();
  else sendContent(response, incoming.socket, incoming.headers.range, ticket < 0.4);
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

/** The content, or the rest of it; a truncated one breaks off halfway. */
function sendContent(
  response: ServerResponse,
  socket: Socket,
  range: string | undefined,
  truncated: boolean,
): void {
  const first = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
  const rest = CONTENT.slice(first);
  response.writeHead(range === undefined ? 200 : 206, {
    etag: '"v1"',
    'content-length': rest.length,
    ...(range !== undefined && { 'content-range': `bytes ${first}-${CONTENT.length - 1}/${CONTENT.length}` }),
  });
  if (!truncated) response.end(rest);
  else response.write(rest.slice(0, rest.length / 2), () => socket.end());
}

const { signal } = new AbortController();
setMaxListeners(0, signal);

interface Client {
  readonly dispatcher: RetryDispatcher;
  get(): Promise<{ readonly status: number; readonly text: string }>;
  restore(): void;
}

function requestClient(): Client {
  const dispatcher = new RetryDispatcher(undefined, options);
  const get: Client['get'] = async () => {
    const { body, statusCode } = await request(url, { dispatcher, signal });
    return { status: statusCode, text: await body.text() };
  };
  return { dispatcher, get, restore: () => undefined };
}

function fetchClient(): Client {
  const retries = installGlobalRetry(options);
  const get: Client['get'] = async () => {
    const response = await fetch(url, { signal });
    return { status: response.status, text: await response.text() };
  };
  return {
    dispatcher: retries.dispatcher,
    get,
    restore: () => {
      retries.restore();
    },
  };
}

const client = process.argv[2] === 'fetch' ? fetchClient() : requestClient();
const answers = { right: 0, wrong: 0, failed: 0 };

async function send(count: number): Promise<void> {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      try {
        const { status, text } = await client.get();
        const refused = (status === 503 && text === 'later') || (status === 429 && text === 'slower');
        answers[status === 200 && text === CONTENT ? 'right' : refused ? 'failed' : 'wrong'] += 1;
      } catch {
        answers.failed += 1;
      }
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

client.restore();
await client.dispatcher.close();
await new Promise((resolve) => {
  server.close(resolve);
});
for (let turn = 0; turn < 5; turn += 1) await heap();

console.log(
  JSON.stringify({
    answers,
    attempts: client.dispatcher.engine.statistics.snapshot().totalAttempts,
    unhandled,
    resources: process.getActiveResourcesInfo(),
    sockets,
    listeners: getEventListeners(signal, 'abort').length,
    growth,
  }),
);
