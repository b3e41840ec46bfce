import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ReadableStream as NodeReadableStream } from 'node:stream/web';

import { describe, expect, it, onTestFinished } from 'vitest';

import { createRetryingFetch } from '../src/index.ts';
import type { RetryingRequestInit } from '../src/index.ts';
import { flakyServer, ok, unavailable } from './servers/flaky-server.ts';
import { retryUnderWay } from './servers/retry-under-way.ts';

/** Refuses the first request before its body has come, and keeps the body of each later one that is whole. */
async function impatientServer(): Promise<{ url: string; whole: string[] }> {
  const whole: string[] = [];
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    request.on('error', () => undefined);
    if (requests === 1) {
      request.once('data', () => response.writeHead(503, { connection: 'close' }).end());
      return;
    }
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      whole.push(body);
      response.end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, whole };
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const streamOf = (source: AsyncIterable<Uint8Array>): BodyInit =>
  NodeReadableStream.from(source) as unknown as BodyInit;

type Source = (goOn: Promise<void>) => AsyncGenerator<Uint8Array>;

const slow: Source = async function* (goOn) {
  yield encode('aaaa');
  await goOn;
  yield encode('bbbb');
  yield encode('cccc');
};
const broken: Source = async function* (goOn) {
  yield encode('aaaa');
  await goOn;
  throw new Error('the source broke');
};

const put = (body: unknown): RetryingRequestInit => ({
  method: 'PUT',
  body: body as BodyInit,
  duplex: 'half',
});

/** A retrying fetch, with the promise of its first retry; before that is sent, whatever is under way goes on. */
function retrying(): { fetch: ReturnType<typeof createRetryingFetch>; goOn: Promise<void> } {
  const { goOn, beforeRetry } = retryUnderWay();
  const fetch = createRetryingFetch({ baseDelay: 0, replay: { maxBytes: 6 }, hooks: { beforeRetry } });
  return { fetch, goOn };
}

describe('a body that goes on while its retry waits', () => {
  it.each<[string, (url: string, body: AsyncGenerator<Uint8Array>) => [string | Request, RequestInit?]]>([
    ['a stream', (url, body) => [url, put(streamOf(body))]],
    ['an iterator', (url, body) => [url, put(body)]],
    ['a Request', (url, body) => [new Request(url, put(streamOf(body)))]],
  ])('is sent whole, even beyond what may be kept of it: %s', async (_, make) => {
    const { url, whole } = await impatientServer();
    const { fetch, goOn } = retrying();
    expect((await fetch(...make(url, slow(goOn)))).status).toBe(200);
    expect(whole).toEqual(['aaaabbbbcccc']);
  });

  it('may be iterable any number of times, and is sent as often', async () => {
    const { url, whole } = await impatientServer();
    const fetch = createRetryingFetch({ baseDelay: 0 });
    const body = { [Symbol.asyncIterator]: () => slow(Promise.resolve()) };
    for (let count = 0; count < 2; count += 1) await fetch(url, put(body));
    expect(whole).toEqual(['aaaabbbbcccc', 'aaaabbbbcccc']);
  });

  it.each<[string, (buffer: ArrayBuffer) => BodyInit]>([
    ['bytes', (buffer) => new Uint8Array(buffer)],
    ['a buffer', (buffer) => buffer],
  ])('and is transferred away is not sent empty: %s', async (_, make) => {
    await using server = await flakyServer(unavailable, ok);
    const buffer = encode('a=1').slice().buffer;
    const onRetry = (): void => void structuredClone(buffer, { transfer: [buffer] });
    const fetch = createRetryingFetch({ baseDelay: 0, hooks: { onRetry } });
    const sent = fetch(server.url, { method: 'PUT', body: make(buffer) });
    await expect(sent).rejects.toMatchObject({ code: 'TENAX_BODY_NOT_REPLAYABLE' });
    expect(server.requests).toHaveLength(1);
  });

  it.each<[string, () => BodyInit, (body: never) => void]>([
    ['parameters', () => new URLSearchParams('a=1'), (body: URLSearchParams) => body.set('a', '2')],
    [
      'a form',
      () => {
        const form = new FormData();
        form.set('file', new File(['a=1'], 'name.txt', { type: 'text/plain' }));
        return form;
      },
      (body: FormData) => body.delete('file'),
    ],
  ])('is sent as it was given at the call: %s', async (_, make, change) => {
    await using server = await flakyServer(unavailable, unavailable, ok);
    const given = make();
    const fetch = createRetryingFetch({
      baseDelay: 0,
      hooks: { onRetry: ({ attemptNumber }) => attemptNumber === 2 && change(given as never) },
    });
    expect((await fetch(server.url, { method: 'PUT', body: given })).status).toBe(200);
    // Each attempt of a form has a boundary of its own.
    const [first, ...others] = server.requests.map(({ body, headers }) => {
      const boundary = /boundary=(.*)/.exec(String(headers['content-type']))?.[1] ?? ' ';
      return [body.toString().replaceAll(boundary, ''), headers['content-type']?.replace(boundary, '')];
    });
    expect(first?.[0]).toContain('a=1');
    expect(others).toEqual([first, first]);
  });

  it('is sent as parameters say it that have words of their own', async () => {
    class Spaced extends URLSearchParams {
      override toString(): string {
        return super.toString().replaceAll('+', '%20');
      }
    }
    await using server = await flakyServer(unavailable, ok);
    const body = new Spaced({ text: 'a b' });
    await createRetryingFetch({ baseDelay: 0 })(server.url, { method: 'PUT', body });
    expect(server.requests.map((request) => request.body.toString())).toEqual(['text=a%20b', 'text=a%20b']);
  });

  it('and breaks is not sent as if it had ended', async () => {
    const { url, whole } = await impatientServer();
    const { fetch, goOn } = retrying();
    const error = await fetch(url, put(broken(goOn))).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ cause: { message: 'the source broke' } });
    expect(whole).toEqual([]);
  });
});
