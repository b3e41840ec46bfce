// Requests with a body: fetch gives a dispatcher each of them as a stream that can be read once.
import { equal, ok as holds, rejects } from 'node:assert/strict';

import { captureRetryStatistics } from '@tenax/undici-dispatcher';

import { ok, status, unavailable } from '../../../fetch-adapter/test/servers/flaky-server.ts';
import { type Cases, withRetries } from './global-retries.ts';

const text = 'ä'.repeat(10_000);

function form(): FormData {
  const data = new FormData();
  data.set('name', 'value');
  data.set('file', new Blob(['content of a file']), 'a.txt');
  return data;
}

function stream(...chunks: string[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    pull(controller) {
      const chunk = chunks.shift();
      if (chunk === undefined) controller.close();
      else controller.enqueue(encoder.encode(chunk));
    },
  });
}

const bodies: Readonly<Record<string, () => RequestInit>> = {
  'a string': () => ({ body: text }),
  JSON: () => ({ body: JSON.stringify({ text }), headers: { 'content-type': 'application/json' } }),
  bytes: () => ({ body: new Uint8Array([0, 1, 254, 255]) }),
  'a Blob': () => ({ body: new Blob([text]) }),
  URLSearchParams: () => ({ body: new URLSearchParams({ a: 'b c' }) }),
  FormData: () => ({ body: form() }),
  'a ReadableStream': () => ({ body: stream('one ', 'two ', text), duplex: 'half' }) as RequestInit,
};

const replayed = Object.entries(bodies).map(([name, init]): [string, () => Promise<void>] => [
  `PUT with ${name} is sent again, byte for byte`,
  () =>
    withRetries([unavailable, unavailable, ok], async ({ requests, url }) => {
      const response = await fetch(url, { method: 'PUT', ...init() });
      equal(response.status, 200);
      equal(requests.length, 3);
      const [first, second, third] = requests.map(({ body }) => body.toString('latin1'));
      holds(first !== undefined && first.length > 0);
      equal(second, first);
      equal(third, first);
      equal(Buffer.from(await response.arrayBuffer()).toString('latin1'), first);
      equal(requests[2]?.headers['content-type'], requests[0]?.headers['content-type']);
      equal(requests[2]?.headers['content-length'], requests[0]?.headers['content-length']);
    }),
]);

export const bodyCases: Cases = {
  'POST: a 503 is given at once, with its body': () =>
    withRetries([unavailable], async ({ requests, url }) => {
      const response = await fetch(url, { method: 'POST', body: 'order' });
      equal(response.status, 503);
      equal(await response.text(), 'later');
      equal(requests.length, 1);
      equal(requests[0]?.body.toString(), 'order');
    }),

  'POST: a 429 is retried with its body, for the server has done nothing': () =>
    withRetries([status(429), ok], async ({ requests, url }) => {
      equal(await (await fetch(url, { method: 'POST', body: 'order' })).text(), 'order');
      equal(requests.length, 2);
    }),

  ...Object.fromEntries(replayed),

  'PUT of a stream beyond replay.maxBytes is sent once, whole': () =>
    withRetries(
      [unavailable],
      async ({ requests, url }) => {
        const init = { method: 'PUT', body: stream('12345', '67890'), duplex: 'half' } as RequestInit;
        const { value, statistics } = await captureRetryStatistics(() => fetch(url, init));
        equal(value.status, 503);
        equal(requests.length, 1);
        equal(requests[0]?.body.toString(), '1234567890');
        equal(statistics[0]?.reason, 'body_not_replayable');
      },
      { replay: { maxBytes: 8 } },
    ),

  'a stream that fails rejects the fetch with its own error as the cause, once': () =>
    withRetries([ok], async ({ requests, url }) => {
      const failure = new Error('no more');
      const broken = new ReadableStream({
        pull(controller) {
          controller.error(failure);
        },
      });
      const init = { method: 'PUT', body: broken, duplex: 'half' } as RequestInit;
      await rejects(fetch(url, init), (error: unknown) => {
        equal((error as Error).cause ?? error, failure);
        return true;
      });
      equal(requests.length, 0);
    }),
};
