// Progress: each attempt has its own, from its own start, and one that has failed says nothing more.
import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';

import type { RetryOptions } from '@tenax/core';
import { AxiosError } from 'axios';
import type { AxiosAdapter, AxiosProgressEvent, InternalAxiosRequestConfig } from 'axios';
import { describe, expect, it, vi } from 'vitest';

import {
  flakyServer,
  ok,
  reset,
  status,
  unavailable,
} from '../../fetch-adapter/test/servers/flaky-server.ts';
import type { Answer } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { ADAPTERS, attached, onOldest } from './servers/attached.ts';

/** What was heard, a list for each attempt. */
interface Heard {
  readonly attempts: readonly AxiosProgressEvent[][];
  readonly listener: (event: AxiosProgressEvent) => void;
  readonly hooks: NonNullable<RetryOptions['hooks']>;
  /** Fulfilled when the present attempt has reported so many bytes. */
  reported(bytes: number): Promise<void>;
}

function listening(): Heard {
  const attempts: AxiosProgressEvent[][] = [[]];
  let heard = (): void => undefined;
  return {
    attempts,
    listener: (event) => {
      attempts.at(-1)?.push(event);
      heard();
    },
    hooks: { onRetry: () => void attempts.push([]) },
    reported: (bytes) =>
      new Promise((resolve) => {
        heard = () => {
          if (attempts.at(-1)?.at(-1)?.loaded === bytes) resolve();
        };
        heard();
      }),
  };
}

/** Each event counts from the one before it, and the first from nothing. */
function expectFromStart(events: readonly AxiosProgressEvent[], total: number): void {
  let loaded = 0;
  for (const event of events) {
    loaded += event.bytes;
    expect([event.loaded, event.total]).toEqual([loaded, total]);
  }
  expect(loaded).toBe(total);
}

// The fetch adapter of axios 1.7 drops the last of several events: what is sent at once has one.
const SIZE = onOldest ? 3000 : 300_000;
const bytes = Buffer.alloc(SIZE, 'x');

describe.each(ADAPTERS)('onUploadProgress, with the %s adapter', (adapter) => {
  it.each<[string, () => unknown]>([
    ['a Buffer', () => bytes],
    ['a string', () => bytes.toString()],
    [
      'a stream',
      () =>
        adapter === 'http'
          ? Readable.from([bytes.subarray(0, 1000), bytes.subarray(1000)])
          : new Blob([bytes]).stream(),
    ],
  ])('reports %s from its start in each attempt', async (what, make) => {
    const heard = listening();
    // The answer waits until the client has told of all that it sent: which attempt an event belongs to is then certain.
    const after =
      (answer: Answer): Answer =>
      (...given) =>
        void heard.reported(SIZE).then(() => {
          answer(...given);
        });
    await using server = await flakyServer(after(unavailable), after(reset), after(ok));
    const headers = what === 'a stream' ? { 'Content-Length': String(SIZE) } : {};
    await attached({ hooks: heard.hooks }, { adapter }).put(server.url, make(), {
      headers,
      onUploadProgress: heard.listener,
    });
    expect(heard.attempts).toHaveLength(3);
    for (const events of heard.attempts) expectFromStart(events, SIZE);
  });
});

describe.each(ADAPTERS)('onDownloadProgress, with the %s adapter', (adapter) => {
  /** An answer whose length tells the attempts apart. */
  const answerOf = (code: number, length: number): Answer =>
    status(code, { 'content-length': String(length) }, 'x'.repeat(length));
  const of = (events: readonly AxiosProgressEvent[], total: number): AxiosProgressEvent[] =>
    events.filter((event) => event.total === total);

  it('reports each answer from its start, and nothing of one after it has failed', async () => {
    const heard: AxiosProgressEvent[] = [];
    const sizes = [SIZE, SIZE + 1, SIZE + 2] as const;
    await using server = await flakyServer(
      answerOf(503, sizes[0]),
      answerOf(429, sizes[1]),
      answerOf(200, sizes[2]),
    );
    const response = await attached({}, { adapter }).get<string>(server.url, {
      onDownloadProgress: (event) => {
        heard.push(event);
      },
    });
    expect(response.data).toHaveLength(sizes[2]);
    // axios tells of the last part a turn or more later.
    await vi.waitFor(() => {
      expectFromStart(of(heard, sizes[2]), sizes[2]);
    });
    // In their order, and none between those of another.
    expect(sizes.flatMap((size) => of(heard, size))).toEqual(heard);
  });

  it('reports an answer that breaks off, and then the next one from its start', async () => {
    const heard: AxiosProgressEvent[] = [];
    const breaking: Answer = (response, request) => {
      response.writeHead(200, { 'content-length': '100000' }).write('part', () => {
        request.socket.resetAndDestroy();
      });
    };
    await using server = await flakyServer(breaking, answerOf(200, 5000));
    await attached({}, { adapter }).get(server.url, {
      onDownloadProgress: (event) => {
        heard.push(event);
      },
    });
    await vi.waitFor(() => {
      expectFromStart(of(heard, 5000), 5000);
    });
    expect(of(heard, 100_000).every(({ loaded }) => loaded <= 4)).toBe(true);
  });
});

// axios holds events back for up to a third of a second: they may come when their attempt has long failed.
describe.each(['onUploadProgress', 'onDownloadProgress'] as const)('%s', (name) => {
  const eventOf = (loaded: number): AxiosProgressEvent => ({
    loaded,
    bytes: loaded,
    lengthComputable: false,
  });

  it('hears nothing of an attempt that has failed', async () => {
    const configs: InternalAxiosRequestConfig[] = [];
    const adapter: AxiosAdapter = async (config) => {
      configs.push(config);
      configs.at(-1)?.[name]?.(eventOf(configs.length * 10));
      if (configs.length === 1) throw new AxiosError('lost', 'ERR_NETWORK', config);
      configs[0]?.[name]?.(eventOf(11));
      return Promise.resolve({ data: '', status: 200, statusText: '', headers: {}, config });
    };
    const heard: number[] = [];
    await attached().get('http://127.0.0.1/', {
      adapter,
      [name]: ({ loaded }: AxiosProgressEvent) => void heard.push(loaded),
    });
    expect(heard).toEqual([10, 20]);
  });

  it('hears an attempt, when the one before answers after its attemptTimeout', async () => {
    const { promise: timeIsUp, resolve } = Promise.withResolvers<void>();
    let attempts = 0;
    const adapter: AxiosAdapter = async (config) => {
      attempts += 1;
      const number = attempts;
      if (number === 1) {
        await timeIsUp;
      } else {
        resolve();
        // Long enough for the late answer to be looked at.
        for (let count = 0; count < 5; count += 1) await turn();
      }
      config[name]?.(eventOf(number * 10));
      return { data: '', status: 200, statusText: '', headers: {}, config };
    };
    const heard: number[] = [];
    await attached({ attemptTimeout: 20 }).get('http://127.0.0.1/', {
      adapter,
      [name]: ({ loaded }: AxiosProgressEvent) => void heard.push(loaded),
    });
    expect(heard).toEqual([20]);
  });

  it.each([200, 404])(
    'hears the end of the last attempt, a %i, when axios tells of it late',
    async (code) => {
      let late: ((event: AxiosProgressEvent) => void) | undefined;
      const adapter: AxiosAdapter = (config) => {
        late = config[name];
        const response = { data: '', status: code, statusText: '', headers: {}, config };
        if (code === 200) return Promise.resolve(response);
        return Promise.reject(new AxiosError('no', 'ERR_BAD_REQUEST', config, undefined, response));
      };
      const listener = vi.fn<(event: AxiosProgressEvent) => void>();
      await Promise.allSettled([attached().get('http://127.0.0.1/', { adapter, [name]: listener })]);
      late?.(eventOf(10));
      expect(listener).toHaveBeenCalledTimes(1);
    },
  );
});
