// 10,000 requests against an unreliable server, through `request` or through the built-in fetch, and what is left of
// them. Prints a JSON report.
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import type { RetryOptions } from '@tenax/core';
import { installGlobalRetry, RetryDispatcher } from '@tenax/undici-dispatcher';
import { request } from 'undici';

import { LOAD_OPTIONS, runLoad, unreliable } from '../../../core/test/load/run-load.ts';

const CONTENT = 'abcdefghij'.repeat(200);
const options: RetryOptions = { ...LOAD_OPTIONS, resume: true };

interface Answer {
  readonly status: number;
  readonly text: string;
}

interface Client {
  readonly dispatcher: RetryDispatcher;
  get(url: string, signal: AbortSignal): Promise<Answer>;
  restore(): void;
}

function requestClient(): Client {
  const dispatcher = new RetryDispatcher(undefined, options);
  const get: Client['get'] = async (url, signal) => {
    const { body, statusCode } = await request(url, { dispatcher, signal });
    return { status: statusCode, text: await body.text() };
  };
  return { dispatcher, get, restore: () => undefined };
}

function fetchClient(): Client {
  const retries = installGlobalRetry(options);
  const get: Client['get'] = async (url, signal) => {
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

function verdict({ status, text }: Answer): 'right' | 'wrong' | 'failed' {
  if (status === 200 && text === CONTENT) return 'right';
  const isRefusal = (status === 503 && text === 'later') || (status === 429 && text === 'slower');
  return isRefusal ? 'failed' : 'wrong';
}

const client = process.argv[2] === 'fetch' ? fetchClient() : requestClient();
const answers = { right: 0, wrong: 0, failed: 0 };

const report = await runLoad(
  unreliable(12, { unavailable: 0.15, throttled: 0.25, reset: 0.33 }, (incoming, response, drawn) => {
    sendContent(response, incoming.socket, incoming.headers.range, drawn < 0.4);
  }),
  (url, signal) => ({
    engine: client.dispatcher.engine,
    async get() {
      try {
        answers[verdict(await client.get(url, signal))] += 1;
      } catch {
        answers.failed += 1;
      }
    },
    async close() {
      client.restore();
      await client.dispatcher.close();
    },
  }),
);
console.log(JSON.stringify({ ...report, answers }));
