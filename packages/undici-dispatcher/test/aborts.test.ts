// The caller gives up: in each phase its request ends at once, with its own reason, and nothing more is sent.
import { EventEmitter, getEventListeners } from 'node:events';
import { Readable } from 'node:stream';

import { virtualClock } from '@tenax/core/testing';
import { request } from 'undici';
import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';

import { flakyServer, ok, silence, unavailable } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { muteServer } from './servers/mute-server.ts';
import { failureOf, onUndici8, retryingAgent, statisticsOf } from './servers/retrying-agents.ts';
import { uploadServer } from './servers/upload-server.ts';

interface Stop {
  readonly signal: AbortSignal | EventEmitter;
  readonly stop: () => void;
  /** What the caller gets. */
  readonly expected: object;
  /** How many listeners are left. */
  readonly listeners: () => number;
}

const KINDS: [string, () => Stop][] = [
  [
    'an AbortSignal',
    () => {
      const controller = new AbortController();
      const reason = new RangeError('enough');
      return {
        signal: controller.signal,
        stop: () => {
          controller.abort(reason);
        },
        expected: reason,
        listeners: () => getEventListeners(controller.signal, 'abort').length,
      };
    },
  ],
  [
    'an EventEmitter',
    () => {
      const emitter = new EventEmitter();
      return {
        signal: emitter,
        stop: () => {
          emitter.emit('abort');
        },
        expected: { code: 'UND_ERR_ABORTED', name: 'AbortError' },
        listeners: () => emitter.listenerCount('abort'),
      };
    },
  ],
];

const withHook = (stop: Stop): Dispatcher.DispatchOptions['retry'] => ({
  hooks: {
    onRetry: () =>
      void setImmediate(() => {
        stop.stop();
      }),
  },
});

describe.each(KINDS)('%s that aborts', (kind, begin) => {
  const expectStopped = async (ended: Promise<Error>, { expected, listeners }: Stop): Promise<void> => {
    const error = await ended;
    if (expected instanceof Error) expect(error).toBe(expected);
    else expect(error).toMatchObject(expected);
    expect(listeners()).toBe(0);
  };

  // An EventEmitter does not say that it has been stopped.
  it.runIf(kind === 'an AbortSignal')('EDGE 2: before: nothing is sent', async () => {
    await using server = await flakyServer(ok);
    await using own = retryingAgent();
    const stop = begin();
    stop.stop();
    await expectStopped(failureOf(request(server.url, { ...own, signal: stop.signal })), stop);
    expect(server.requests).toHaveLength(0);
  });

  it('while the answer is waited for', async () => {
    await using server = await flakyServer(unavailable, silence);
    await using own = retryingAgent();
    const stop = begin();
    const ended = failureOf(request(server.url, { ...own, signal: stop.signal }));
    await server.received(2);
    stop.stop();
    await expectStopped(ended, stop);
    expect(server.requests).toHaveLength(2);
  });

  it('while the body is sent', async () => {
    const stop = begin();
    await using server = await uploadServer((incoming) => {
      incoming.once('data', () => {
        stop.stop();
      });
    });
    await using own = retryingAgent();
    const body = new Readable({ read: () => undefined });
    body.push('part');
    const ended = failureOf(request(server.url, { ...own, method: 'PUT', body, signal: stop.signal }));
    await expectStopped(ended, stop);
    expect(server.requests).toBe(1);
  });

  it('EDGE 1: in a wait', async () => {
    await using server = await flakyServer(unavailable);
    const clock = virtualClock();
    await using own = retryingAgent({ clock });
    const stop = begin();
    const options = { ...own, signal: stop.signal, retry: withHook(stop) };
    await expectStopped(failureOf(request(server.url, options)), stop);
    await clock.advance(100_000);
    expect([server.requests.length, clock.pending]).toEqual([1, 0]);
  });

  it('in a wait after an attempt that had no connection', async () => {
    const server = await flakyServer();
    await server[Symbol.asyncDispose]();
    const clock = virtualClock();
    await using own = retryingAgent({ clock });
    const stop = begin();
    const options = { ...own, signal: stop.signal, retry: withHook(stop) };
    await expectStopped(failureOf(request(server.url, options)), stop);
    expect(clock.pending).toBe(0);
  });

  it('while shouldRetry thinks about an attempt that had no connection', async () => {
    const server = await flakyServer();
    await server[Symbol.asyncDispose]();
    await using own = retryingAgent();
    const stop = begin();
    let asked = 0;
    const shouldRetry = (): Promise<boolean> => {
      asked += 1;
      setImmediate(stop.stop);
      return new Promise(() => undefined);
    };
    await expectStopped(
      failureOf(request(server.url, { ...own, signal: stop.signal, retry: { shouldRetry } })),
      stop,
    );
    expect(asked).toBe(1);
  });

  // undici 7 tells its callers once there is a connection.
  it.runIf(onUndici8)('in the queue, before anything was sent', async () => {
    await using server = await flakyServer(silence);
    await using own = retryingAgent({}, { connections: 1 });
    const first = failureOf(request(server.url, own));
    await server.received(1);
    const stop = begin();
    const ended = failureOf(request(server.url, { ...own, signal: stop.signal }));
    stop.stop();
    await expectStopped(ended, stop);
    expect(statisticsOf(await ended).result).toBe('aborted');
    await own.dispatcher.destroy();
    await first;
    expect(server.requests).toHaveLength(1);
  });

  it('in the queue, with a retry', async () => {
    await using server = await flakyServer(unavailable, silence);
    const clock = virtualClock();
    await using own = retryingAgent({ clock }, { connections: 1 });
    const stop = begin();
    let waiting: (() => void) | undefined;
    const retried = new Promise<void>((resolve) => {
      waiting = resolve;
    });
    const hooks = { onRetry: () => waiting?.() };
    const ended = failureOf(request(server.url, { ...own, signal: stop.signal, retry: { hooks } }));
    await retried;
    // Takes the only connection while the first request waits.
    const other = failureOf(request(server.url, own));
    await server.received(2);
    await clock.advance(1000);
    stop.stop();
    await expectStopped(ended, stop);
    await own.dispatcher.destroy();
    await other;
    expect(server.requests).toHaveLength(2);
  });

  it.runIf(onUndici8)('while the connection is made', async () => {
    await using server = await muteServer();
    await using own = retryingAgent();
    const stop = begin();
    const connected = server.connected();
    const ended = failureOf(request(server.url, { ...own, signal: stop.signal }));
    await connected;
    stop.stop();
    await expectStopped(ended, stop);
    expect(server.connections).toBe(1);
  });

  it('after the headers: the body ends with the reason', async () => {
    await using server = await flakyServer(unavailable, (response) => {
      response.write('begin');
    });
    await using own = retryingAgent();
    const stop = begin();
    const { body } = await request(server.url, { ...own, signal: stop.signal });
    const ended = failureOf(body.text());
    stop.stop();
    await expectStopped(ended, stop);
    expect(server.requests).toHaveLength(2);
  });
});
