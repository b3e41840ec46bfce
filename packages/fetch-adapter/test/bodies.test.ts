import { once } from 'node:events';
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';

import { CircuitOpenError, getRetryStatistics } from '@tenax/core';
import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';

import { collectGarbage } from '../../core/test/garbage.ts';
import { createRetryingFetch } from '../src/index.ts';
import type { RetryingRequestInit } from '../src/index.ts';
import { flakyServer, ok, reset, silence, status, unavailable } from './servers/flaky-server.ts';

const fetch = createRetryingFetch({ baseDelay: 0, throttledBaseDelay: 0 });
const HALF = { duplex: 'half' } as const;
const text = 'hello, world';
const bytes = new TextEncoder().encode(text);
const form = (): FormData => {
  const data = new FormData();
  data.set('greeting', text);
  return data;
};
const stream = (...chunks: unknown[]): ReadableStream =>
  Readable.toWeb(Readable.from(chunks.length > 0 ? chunks : [bytes])) as ReadableStream;
async function* generate(...chunks: unknown[]): AsyncGenerator {
  for (const chunk of chunks) yield chunk;
}
const asBody = (body: unknown): RetryingRequestInit => ({ method: 'PUT', body: body as BodyInit, ...HALF });

const BODIES: [string, () => unknown][] = [
  ['a string', () => text],
  ['URLSearchParams', () => new URLSearchParams({ text })],
  ['FormData', form],
  ['a Blob', () => new Blob([text], { type: 'text/x-greeting' })],
  ['an ArrayBuffer', () => bytes.buffer.slice(0)],
  ['a typed array', () => bytes],
  ['a ReadableStream', () => stream()],
  ['an async generator', () => generate('hello, ', new TextEncoder().encode('world'))],
  ['a Node Readable', () => Readable.from([Buffer.from('hello, '), Buffer.from('world')])],
];

describe('a body', () => {
  it.each(BODIES)('%s is replayed whole, as the bare fetch would send it', async (_, body) => {
    await using server = await flakyServer(ok, unavailable, reset, ok);
    await globalThis.fetch(server.url, asBody(body()));
    const response = await fetch(server.url, asBody(body()));
    expect(getRetryStatistics(response)?.attempts).toHaveLength(3);
    const [bare, ...attempts] = server.requests.map(({ body: sent, headers }) => [
      sent.toString().replaceAll(/formdata-undici-\d+/g, 'boundary'),
      headers['content-type']?.replaceAll(/formdata-undici-\d+/g, 'boundary'),
      headers['content-length'],
      headers['transfer-encoding'],
    ]);
    expect(attempts).toEqual([bare, bare, bare]);
  });

  it.each(BODIES.slice(0, 7))(
    '%s in a Request is replayed whole, with its Content-Length',
    async (_, body) => {
      await using server = await flakyServer(ok, unavailable, unavailable, ok);
      await globalThis.fetch(new Request(server.url, asBody(body())));
      await fetch(new Request(server.url, asBody(body())));
      const [bare, first, ...replays] = server.requests;
      expect(first?.headers['content-length']).toBe(bare?.headers['content-length']);
      for (const replay of replays) {
        expect(replay.body).toEqual(first?.body);
        expect(replay.headers['content-type']).toBe(first?.headers['content-type']);
        expect(replay.headers['content-length']).toBe(String(replay.body.length));
      }
    },
  );

  it('EDGE 16: in a Request is not cloned when no retry is possible', async () => {
    await using server = await flakyServer(ok);
    const request = new Request(server.url, asBody(text));
    const clone = vi.spyOn(request, 'clone');
    const body = vi.spyOn(request, 'body', 'get');
    await fetch(request, { retry: false });
    await fetch(new Request(server.url));
    expect(clone).not.toHaveBeenCalled();
    expect(body).not.toHaveBeenCalled();
  });

  it('in a Request is looked at after it was cloned, or Deno would send it without its length', async () => {
    await using server = await flakyServer(ok);
    const request = new Request(server.url, asBody(text));
    const clone = vi.spyOn(request, 'clone');
    const body = vi.spyOn(request, 'body', 'get');
    await fetch(request);
    const [cloned, looked] = [clone, body].map(({ mock }) => mock.invocationCallOrder[0]);
    expect(cloned).toBeLessThan(looked as number);
  });

  it.each(['Bun/1.4.5', 'Deno/2.9.6', 'Cloudflare-Workers'])(
    'that is a stream is sent as a clone of it in %s, where that alone keeps its length',
    async (userAgent) => {
      vi.stubGlobal('navigator', { userAgent });
      using clone = vi.spyOn(Response.prototype, 'clone');
      await using server = await flakyServer(unavailable, ok);
      const own = vi.fn<typeof globalThis.fetch>(globalThis.fetch);
      const response = await createRetryingFetch({ baseDelay: 0, fetch: own })(server.url, asBody(stream()));
      vi.unstubAllGlobals();
      expect(response.status).toBe(200);
      expect((clone.mock.results[0]?.value as Response | undefined)?.body).toBe(own.mock.calls[0]?.[1]?.body);
      expect(server.requests.map(({ body }) => body.toString())).toEqual([text, text]);
    },
  );

  it('that was cloned leaves no clone behind which nobody reads, and ends its source', async () => {
    const cancelled = vi.fn<(reason: unknown) => void>();
    const body = new ReadableStream({ cancel: cancelled });
    const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    // As Bun, which never looks at the body then.
    const own = vi.fn<typeof globalThis.fetch>(() => Promise.reject(refused));
    const retrying = createRetryingFetch({
      baseDelay: 0,
      maxAttempts: 2,
      throwOnExhausted: false,
      fetch: own,
    });
    await expect(retrying(new Request('http://localhost/', asBody(body)))).rejects.toBe(refused);
    expect(own).toHaveBeenCalledTimes(2);
    const clone = own.mock.calls[0]?.[0] as Request;
    expect(clone.bodyUsed).toBe(true);
    expect(cancelled).toHaveBeenCalledOnce();
  });

  it('that a producer writes from one buffer is kept as it was', async () => {
    await using server = await flakyServer(unavailable, ok);
    const buffer = new Uint8Array(1);
    const produce = async function* (): AsyncGenerator<Uint8Array> {
      for (let value = 0; value < 5; value += 1) {
        buffer[0] = value;
        yield buffer;
      }
    };
    await fetch(server.url, asBody(produce()));
    expect([...(server.requests[1]?.body ?? [])]).toEqual([0, 1, 2, 3, 4]);
  });

  it('is whole at the server or refused, however it is cut and wherever the server fails', async () => {
    const chunk = fc.uint8Array({ minLength: 0, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(chunk, { maxLength: 8 }),
        fc.integer({ min: 0, max: 160 }),
        fc.array(fc.constantFrom(unavailable, reset), { maxLength: 3 }),
        async (chunks, maxBytes, failures) => {
          await using server = await flakyServer(...failures, ok);
          const retry = { replay: { maxBytes }, maxAttempts: 5 };
          const response = await fetch(server.url, {
            ...asBody(Readable.toWeb(Readable.from(chunks))),
            retry,
          }).catch((error: unknown) => error as object);
          const whole = Buffer.concat(chunks);
          for (const { body } of server.requests) expect(body).toEqual(whole);
          const kept = whole.length <= maxBytes;
          const { attempts = [], reason } = getRetryStatistics(response) ?? {};
          expect(attempts).toHaveLength(kept ? failures.length + 1 : 1);
          expect(reason).toBe(kept || failures.length === 0 ? 'success' : 'body_not_replayable');
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('a stream that can not be kept', () => {
  it.each<[string, RetryingRequestInit['retry'], number]>([
    ['is larger than replay.maxBytes', { replay: { maxBytes: 11 } }, 1],
    ['is as large as replay.maxBytes', { replay: { maxBytes: 12 } }, 2],
    ['meets replay: false', { replay: false }, 1],
  ])('%s', async (_, retry, attempts) => {
    for (const request of [
      (url: string) => fetch(url, { ...asBody(stream()), retry }),
      (url: string) => fetch(new Request(url, asBody(stream())), { retry }),
    ]) {
      await using server = await flakyServer(unavailable, ok);
      const response = await request(server.url);
      expect(server.requests).toHaveLength(attempts);
      expect(server.requests.map(({ body }) => body.toString())).toEqual(Array(attempts).fill(text));
      expect(getRetryStatistics(response)?.reason).toBe(attempts === 1 ? 'body_not_replayable' : 'success');
      expect(response.status).toBe(attempts === 1 ? 503 : 200);
    }
  });

  it('throws BodyNotReplayableError with throwOnExhausted', async () => {
    await using server = await flakyServer(unavailable);
    const sent = fetch(server.url, { ...asBody(stream()), retry: { replay: false, throwOnExhausted: true } });
    await expect(sent).rejects.toMatchObject({
      code: 'TENAX_BODY_NOT_REPLAYABLE',
      response: { status: 503 },
    });
  });

  it('is not held in memory beyond the limit', async () => {
    await using server = await flakyServer(unavailable, ok);
    let ahead = 0;
    let farthest = 0;
    const source = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          ahead += 1;
          farthest = Math.max(farthest, ahead);
          if (ahead > 64) controller.close();
          else controller.enqueue(new Uint8Array(64 * 1024));
        },
      },
      { highWaterMark: 0 },
    );
    const response = await fetch(server.url, { ...asBody(source), retry: { replay: { maxBytes: 100_000 } } });
    expect(server.requests.map(({ body }) => body.length)).toEqual([64 * 64 * 1024]);
    expect(getRetryStatistics(response)?.reason).toBe('body_not_replayable');
  });
});

describe('a request without a body', () => {
  it.each([null, undefined])('may say so with %s', async (body) => {
    await using server = await flakyServer(unavailable, ok);
    expect((await fetch(server.url, { method: 'PUT', body: body as null })).status).toBe(200);
    expect(server.requests.map((seen) => seen.body.length)).toEqual([0, 0]);
  });
});

describe('a body that can not be looked at', () => {
  it('in a Request, as in Firefox, is cloned for each attempt', async () => {
    await using server = await flakyServer(unavailable, ok);
    const request = new Request(server.url, asBody(text));
    Object.defineProperty(request, 'body', { value: undefined });
    expect((await fetch(request)).status).toBe(200);
    expect(server.requests.map(({ body }) => body.toString())).toEqual([text, text]);
  });

  it('as FormData of React Native, is sent as it is', async () => {
    class NativeFormData {
      readonly parts: readonly string[] = [text];
    }
    using _ = vi.spyOn(globalThis, 'FormData').mockImplementation(NativeFormData as never);
    const own = vi.fn<typeof globalThis.fetch>(async () => new Response('later', { status: 503 }));
    const body = new FormData();
    await createRetryingFetch({ baseDelay: 0, fetch: own })('http://127.0.0.1/', asBody(body));
    expect(own.mock.calls.map(([, init]) => init?.body === body)).toEqual([true, true, true]);
  });
});

describe('a body that was sent', () => {
  it.each([
    ['at once', 200],
    ['again', 503],
  ])('%s is not held by its response', async (_, first) => {
    const sent: WeakRef<object>[] = [];
    const answers = [first, 200];
    const own = createRetryingFetch({
      baseDelay: 0,
      fetch: (_input, init) => {
        sent.push(new WeakRef(init?.body as Uint8Array));
        return Promise.resolve(new Response('ok', { status: answers.shift() ?? 200 }));
      },
    });
    const given = (): RequestInit => {
      const body = new Uint8Array(1000);
      sent.push(new WeakRef(body));
      return { method: 'PUT', body };
    };
    const response = await own('http://127.0.0.1/', given());
    const alive = (): number => sent.filter((body) => body.deref()).length;
    await collectGarbage(() => alive() === 0);
    expect(alive()).toBe(0);
    expect(getRetryStatistics(response)?.result).toBe('success');
  });
});

describe('a body that is gone', () => {
  it('was an iterator without promises, which Deno and workerd read, is not sent again empty', async () => {
    await using server = await flakyServer(unavailable);
    const response = await fetch(server.url, asBody([bytes].values()));
    expect(getRetryStatistics(response)?.reason).toBe('body_not_replayable');
    expect(server.requests).toHaveLength(1);
  });

  it('EDGE "a generator sent twice": is detected and never sent', async () => {
    await using server = await flakyServer(ok);
    const generator = generate(text);
    await fetch(server.url, asBody(generator));
    await expect(fetch(server.url, asBody(generator))).rejects.toMatchObject({
      code: 'TENAX_BODY_NOT_REPLAYABLE',
    });
    expect(server.requests).toHaveLength(1);
  });

  it.each<[string, () => unknown]>([
    [
      'a used Request',
      async () => {
        const request = new Request('http://127.0.0.1:1/', asBody(text));
        await request.text();
        return request;
      },
    ],
    [
      'a locked stream',
      () => {
        const body = stream();
        body.getReader();
        return asBody(body);
      },
    ],
    [
      'a disturbed stream',
      async () => {
        const body = stream();
        const reader = body.getReader();
        await reader.read();
        reader.releaseLock();
        return asBody(body);
      },
    ],
    ['a stream of Node that is destroyed', () => asBody(Readable.from([text]).destroy())],
    [
      'a stream of Node that was read from',
      async () => {
        const body = Readable.from([text, text]);
        await once(body, 'readable');
        body.read();
        return asBody(body);
      },
    ],
  ])('EDGE 17: %s gives the platform’s own error, once', async (_, make) => {
    await using server = await flakyServer(ok);
    const made = await make();
    const failureOf = (send: typeof globalThis.fetch): Promise<unknown> =>
      (made instanceof Request ? send(made) : send(server.url, made as RequestInit)).catch(
        (reason: unknown) => reason,
      );
    const error = await failureOf(fetch);
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ message: ((await failureOf(globalThis.fetch)) as Error).message });
    expect(getRetryStatistics(error as object)?.attempts).toHaveLength(1);
    expect(server.requests).toHaveLength(0);
  });

  it('fails with the source’s own error, without a retry', async () => {
    await using server = await flakyServer(ok);
    const failing = async function* (): AsyncGenerator<string> {
      yield 'a';
      throw new RangeError('the source broke');
    };
    const error = (await fetch(server.url, asBody(failing())).catch((reason: unknown) => reason)) as Error;
    expect(error.cause).toMatchObject({ message: 'the source broke' });
    expect(getRetryStatistics(error)?.attempts).toHaveLength(1);
  });

  it.each([asBody, (body: unknown) => new Request('http://127.0.0.1/', asBody(body))])(
    'leaves the circuit alone, as an upload that is passed on when its sender goes: %#',
    async (make) => {
      await using server = await flakyServer(ok);
      const own = createRetryingFetch({
        key: () => 'key',
        circuitBreaker: { minimumThroughput: 1 },
        fetch: (input, init) =>
          globalThis.fetch(input instanceof Request ? new Request(server.url, input) : server.url, init),
      });
      const gone = new ReadableStream({
        pull: async (controller) => {
          await setImmediate();
          controller.error(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }));
        },
      });
      const made = make(gone);
      const error: unknown = await (made instanceof Request ? own(made) : own(server.url, made)).catch(
        (reason: unknown) => reason,
      );
      expect(getRetryStatistics(error as object)?.attempts).toMatchObject([{ failureClass: 'permanent' }]);
      expect(own.engine.circuit('key')).toBe('closed');
    },
  );
});

describe('the caller’s stream', () => {
  const watched = (): { body: ReadableStream<Uint8Array>; cancelled: unknown[] } => {
    const cancelled: unknown[] = [];
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        controller.enqueue(bytes);
      },
      cancel: (reason) => {
        cancelled.push(reason);
      },
    });
    return { body, cancelled };
  };

  it('is cancelled when we give up on it', async () => {
    const { body, cancelled } = watched();
    await expect(
      fetch('http://127.0.0.1:1999/', { ...asBody(body), retry: { maxAttempts: 2 } }),
    ).rejects.toThrow('fetch failed');
    expect(cancelled).toHaveLength(1);
  });

  it('is cancelled with the caller’s reason after an abort', async () => {
    const { body, cancelled } = watched();
    const controller = new AbortController();
    const retry = {
      baseDelay: 10_000,
      maxDelay: 10_000,
      jitter: 'none' as const,
      hooks: { onRetry: () => controller.abort('enough') },
    };
    await expect(
      fetch('http://127.0.0.1:1999/', { ...asBody(body), signal: controller.signal, retry }),
    ).rejects.toBe('enough');
    expect(cancelled).toEqual(['enough']);
  });

  it.each([3, 1])(
    'is cancelled with the reason of a signal that has aborted before, with maxAttempts %d',
    async (maxAttempts) => {
      for (const inRequest of [true, false]) {
        const { body, cancelled } = watched();
        const init = { ...asBody(body), signal: AbortSignal.abort('enough') };
        const url = 'http://127.0.0.1:1999/';
        const own = createRetryingFetch({ maxAttempts });
        const sent = inRequest ? own(new Request(url, init)) : own(url, init);
        await expect(sent).rejects.toBe('enough');
        expect(cancelled).toEqual(['enough']);
      }
    },
  );

  it('in a Request is cancelled by an abort while it waits for a place', async () => {
    await using server = await flakyServer(silence);
    const controller = new AbortController();
    const { signal } = controller;
    const narrow = createRetryingFetch({ bulkhead: { maxConcurrent: 1, maxQueue: 1 } });
    const first = narrow(server.url, { signal }).catch(() => undefined);
    const { body, cancelled } = watched();
    const second = narrow(new Request(server.url, { ...asBody(body), signal })).catch(() => undefined);
    controller.abort('enough');
    await Promise.all([first, second]);
    expect(cancelled).toHaveLength(1);
  });

  it.each<[string, (url: string, body: ReadableStream) => [string | Request, RequestInit?]]>([
    ['in the init', (url, body) => [url, asBody(body)]],
    ['in a Request', (url, body) => [new Request(url, asBody(body))]],
  ])('%s is cancelled when the circuit is open, also where nothing would be kept of it', async (_, make) => {
    const guarded = createRetryingFetch({ circuitBreaker: {} });
    guarded.engine.guards.circuitBreaker('http://127.0.0.1:9')?.open();
    for (const retry of [undefined, { maxAttempts: 1 }, { replay: false } as const, false] as const) {
      const { body, cancelled } = watched();
      const [input, init] = make('http://127.0.0.1:9/', body);
      await expect(guarded(input, { ...init, retry })).rejects.toThrow(CircuitOpenError);
      expect(cancelled).toHaveLength(1);
    }
  });

  it.each([
    ['of which something would be kept', {}],
    ['of which nothing would be kept', { replay: false }],
  ] as const)('that is an iterator %s is ended once when the circuit is open', async (_, options) => {
    const guarded = createRetryingFetch({ circuitBreaker: {}, ...options });
    guarded.engine.guards.circuitBreaker('http://127.0.0.1:9')?.open();
    const ended = vi.fn<() => Promise<unknown>>(() => Promise.resolve());
    const body = { next: () => undefined, return: ended, [Symbol.asyncIterator]: () => body };
    await expect(guarded('http://127.0.0.1:9/', asBody(body))).rejects.toThrow(CircuitOpenError);
    expect(ended).toHaveBeenCalledOnce();
    await expect(guarded('http://127.0.0.1:9/', asBody(body))).rejects.toThrow('sent before');
    expect(ended).toHaveBeenCalledOnce();
  });

  it('that is an iterator is ended by a signal that was aborted before, and is not sent again', async () => {
    await using server = await flakyServer(ok);
    const ended = vi.fn<() => void>();
    const body = {
      next: () => Promise.resolve({ done: true, value: undefined }),
      return: () => {
        ended();
        return Promise.reject(new Error('the iterator fails'));
      },
      [Symbol.asyncIterator]: () => body,
    };
    const signal = AbortSignal.abort('enough');
    await expect(fetch(server.url, { ...asBody(body), signal })).rejects.toBe('enough');
    expect(ended).toHaveBeenCalledOnce();
    await expect(fetch(server.url, asBody(body))).rejects.toThrow('sent before');
    expect(server.requests).toHaveLength(0);
  });

  it('is not cancelled while a retry may need it', async () => {
    await using server = await flakyServer(status(503), ok);
    const cancel = vi.fn<() => void>();
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(bytes);
        controller.close();
      },
      cancel,
    });
    await fetch(server.url, asBody(body));
    expect(cancel).not.toHaveBeenCalled();
    expect(server.requests[1]?.body.toString()).toBe(text);
  });
});
