import { describe, expect, it, onTestFinished, vi } from 'vitest';

import { createRetryingFetch } from '../src/index.ts';
import type { RetryingRequestInit } from '../src/index.ts';
import { flakyServer, ok, silence, unavailable } from './servers/flaky-server.ts';
import { someTurns } from './servers/retry-under-way.ts';

const fetch = createRetryingFetch({ baseDelay: 0 });
const asBody = (body: unknown, signal?: AbortSignal): RetryingRequestInit => ({
  method: 'PUT',
  body: body as BodyInit,
  duplex: 'half',
  signal: signal ?? null,
});
async function* generate(chunk: unknown): AsyncGenerator {
  yield chunk;
  yield chunk;
}

describe('what an async iterable gives', () => {
  it.each<[string, unknown]>([
    ['an ArrayBuffer', Uint8Array.of(1, 2, 3).buffer],
    ['a SharedArrayBuffer', new SharedArrayBuffer(3)],
    ['numbers', [1, 2, 3]],
    ['wider numbers', Uint16Array.of(1, 258)],
    ['nothing', ''],
  ])('may be %s, as for the bare fetch, and is sent again so', async (_, chunk) => {
    await using server = await flakyServer(ok, unavailable, ok);
    await globalThis.fetch(server.url, asBody(generate(chunk)));
    expect((await fetch(server.url, asBody(generate(chunk)))).status).toBe(200);
    const [bare, ...attempts] = server.requests.map(({ body }) => body);
    expect(attempts).toEqual([bare, bare]);
  });

  it.each([null, undefined, 5, true, {}])('is refused as the bare fetch refuses it: %s', async (chunk) => {
    await using server = await flakyServer(ok);
    const failureOf = async (send: typeof globalThis.fetch): Promise<unknown> =>
      send(server.url, asBody(generate(chunk))).catch((reason: unknown) => reason);
    const error = await failureOf(fetch);
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toEqual(await failureOf(globalThis.fetch));
  });

  // A stream that the platform makes of it would throw where nobody can catch it: it closes what was cancelled.
  it('may end after the caller has given the request up', async () => {
    await using server = await flakyServer(silence);
    const controller = new AbortController();
    const [asked, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const body = (async function* () {
      yield 'a part';
      asked.resolve();
      await end.promise;
    })();
    const response = fetch(server.url, asBody(body, controller.signal));
    await asked.promise;
    controller.abort('enough');
    await expect(response).rejects.toBe('enough');
    end.resolve();
    await someTurns();
    expect(await body.next()).toEqual({ done: true, value: undefined });
  });
});

describe('a stream that gives what is no bytes', () => {
  it('EDGE 13: leaves no rejection behind when the caller gives it up', async () => {
    const unhandled = vi.fn<(reason: unknown) => void>();
    process.on('unhandledRejection', unhandled);
    onTestFinished(() => void process.off('unhandledRejection', unhandled));
    await using server = await flakyServer(silence);
    const controller = new AbortController();
    const read = Promise.withResolvers<void>();
    const pull = (source: ReadableStreamDefaultController): void => {
      source.enqueue(5);
      read.resolve();
    };
    const body = new ReadableStream({ pull }, { highWaterMark: 0 });
    const response = fetch(server.url, asBody(body, controller.signal));
    await read.promise;
    // The platform refuses what it has read, and waits for the end of a stream that nobody reads any more.
    await someTurns();
    controller.abort('enough');
    await expect(response).rejects.toBe('enough');
    await someTurns();
    expect(unhandled).not.toHaveBeenCalled();
  });
});
