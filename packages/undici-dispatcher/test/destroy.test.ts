// RetryDispatcher.destroy(): every request ends, whatever it is at, with the error that was given.
import { Readable } from 'node:stream';

import { virtualClock } from '@tenax/core/testing';
import { Agent, request } from 'undici';
import type { Dispatcher, errors } from 'undici';
import { describe, expect, it, vi } from 'vitest';

import {
  flakyServer,
  ok,
  reset,
  silence,
  unavailable,
} from '../../fetch-adapter/test/servers/flaky-server.ts';
import type { Answer } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { RetryDispatcher } from '../src/index.ts';
import { part } from './servers/download-server.ts';
import { muteServer } from './servers/mute-server.ts';
import { AT_ONCE, failureOf, statisticsOf } from './servers/retrying-agents.ts';
import { uploadServer } from './servers/upload-server.ts';

interface UnderWay {
  readonly dispatcher: RetryDispatcher;
  readonly ended: Promise<Error>;
  /** How many requests came to the server that should not have. */
  readonly requests: () => number;
}
type Stop = (begun: UnderWay) => Promise<void>;

const own = (connections?: number) => {
  const clock = virtualClock();
  const agent = new Agent(connections === undefined ? {} : { connections });
  const dispatcher = new RetryDispatcher(agent, { ...AT_ONCE, clock, resume: true });
  return { clock, dispatcher };
};

/** An attempt ends so, and nobody will ever say whether there is another one. */
const inThought =
  (answer: Answer, attemptTimeout?: number) =>
  async (stop: Stop): Promise<void> => {
    await using server = await flakyServer(answer, ok);
    const { clock, dispatcher } = own();
    const shouldRetry = vi.fn<() => Promise<boolean>>(() => new Promise(() => undefined));
    const ended = failureOf(request(server.url, { dispatcher, retry: { attemptTimeout, shouldRetry } }));
    await server.received(1);
    if (attemptTimeout !== undefined) await clock.advance(attemptTimeout);
    await vi.waitUntil(() => shouldRetry.mock.calls.length > 0, { interval: 1 });
    await stop({ dispatcher, ended, requests: () => server.requests.length - 1 });
  };

/** Brings a request to each phase, and hands it over. */
const PHASES: [string, (stop: Stop) => Promise<void>][] = [
  [
    'in the queue',
    async (stop) => {
      await using server = await flakyServer(silence);
      const { dispatcher } = own(1);
      const first = failureOf(request(server.url, { dispatcher }));
      await server.received(1);
      const ended = failureOf(request(server.url, { dispatcher, method: 'PUT', body: 'queued' }));
      await stop({ dispatcher, ended, requests: () => server.requests.length - 1 });
      await first;
    },
  ],
  [
    'while the connection is made',
    async (stop) => {
      await using server = await muteServer();
      const { dispatcher } = own();
      const connected = server.connected();
      const ended = failureOf(request(server.url, { dispatcher }));
      await connected;
      await stop({ dispatcher, ended, requests: () => 0 });
    },
  ],
  [
    'while the body is sent',
    async (stop) => {
      let begun: (() => void) | undefined;
      const sending = new Promise<void>((resolve) => {
        begun = resolve;
      });
      await using server = await uploadServer((incoming) => incoming.once('data', () => begun?.()));
      const { dispatcher } = own();
      const body = new Readable({ read: () => undefined });
      body.push('part');
      const ended = failureOf(request(server.url, { dispatcher, method: 'PUT', body }));
      await sending;
      await stop({ dispatcher, ended, requests: () => server.requests - 1 });
      await vi.waitUntil(() => body.destroyed);
    },
  ],
  [
    'while the answer is waited for',
    async (stop) => {
      await using server = await flakyServer(silence);
      const { dispatcher } = own();
      const ended = failureOf(request(server.url, { dispatcher }));
      await server.received(1);
      await stop({ dispatcher, ended, requests: () => server.requests.length - 1 });
    },
  ],
  ['while shouldRetry thinks about a response', inThought(unavailable)],
  ['while shouldRetry thinks about an error', inThought(reset)],
  ['while shouldRetry thinks about an attempt that took too long', inThought(silence, 1000)],
  [
    'in a wait',
    async (stop) => {
      await using server = await flakyServer(unavailable, ok);
      const { clock, dispatcher } = own();
      const onRetry = vi.fn<() => void>();
      const ended = failureOf(request(server.url, { dispatcher, retry: { hooks: { onRetry } } }));
      await vi.waitUntil(() => onRetry.mock.calls.length > 0, { interval: 1 });
      await stop({ dispatcher, ended, requests: () => server.requests.length - 1 });
      await clock.advance(100_000);
      expect([clock.pending, server.requests.length]).toEqual([0, 1]);
    },
  ],
  [
    'while the body is read',
    async (stop) => {
      await using server = await flakyServer((response) => void response.write('begin'));
      const { dispatcher } = own();
      const { body } = await request(server.url, { dispatcher });
      const ended = failureOf(body.text());
      await stop({ dispatcher, ended, requests: () => server.requests.length - 1 });
    },
  ],
  [
    'while a download waits for its rest',
    async (stop) => {
      await using server = await flakyServer(part({ breakAfter: 2000 }), part());
      const { clock, dispatcher } = own();
      const onRetry = vi.fn<() => void>();
      const { body } = await request(server.url, { dispatcher, retry: { hooks: { onRetry } } });
      const ended = failureOf(body.text());
      await vi.waitUntil(() => onRetry.mock.calls.length > 0, { interval: 1 });
      await stop({ dispatcher, ended, requests: () => server.requests.length - 1 });
      await clock.advance(100_000);
      expect([clock.pending, server.requests.length]).toEqual([0, 1]);
    },
  ],
];

describe.each(PHASES)('EDGE 46: destroy %s', (_, reach) => {
  it('ends the request with the error that was given', async () => {
    const given = new Error('the program ends');
    await reach(async ({ dispatcher, ended, requests }) => {
      await dispatcher.destroy(given);
      expect(await ended).toBe(given);
      expect(requests()).toBe(0);
    });
  });

  it('does not retry for an error that would be retried otherwise', async () => {
    const given = Object.assign(new Error('gone'), { code: 'ECONNREFUSED' });
    await reach(async ({ dispatcher, ended, requests }) => {
      await dispatcher.destroy(given);
      expect(await ended).toBe(given);
      expect(requests()).toBe(0);
    });
  });

  it('without an error ends the request with a ClientDestroyedError', async () => {
    await reach(async ({ dispatcher, ended }) => {
      await dispatcher.destroy();
      expect(await ended).toMatchObject({ code: 'UND_ERR_DESTROYED', name: 'ClientDestroyedError' });
    });
  });

  it('tells its callback', async () => {
    const given = new Error('the program ends');
    await reach(async ({ dispatcher, ended }) => {
      const told = await new Promise<unknown>((resolve) => {
        dispatcher.destroy(given, resolve);
      });
      expect([told ?? null, await ended]).toEqual([null, given]);
    });
  });
});

describe('a dispatcher that is destroyed', () => {
  it('gives new requests a ClientDestroyedError', async () => {
    await using server = await flakyServer(ok);
    const { dispatcher } = own();
    await dispatcher.destroy(new Error('the program ends'));
    const error = await failureOf(request(server.url, { dispatcher }));
    expect(error).toMatchObject({ code: 'UND_ERR_DESTROYED', name: 'ClientDestroyedError' });
    expect(server.requests).toHaveLength(0);
  });

  it('may be destroyed again, in every form', async () => {
    const { dispatcher } = own();
    await Promise.all([dispatcher.destroy(), dispatcher.destroy(new Error('again'))]);
    await dispatcher.destroy(null);
    const told = await new Promise<unknown>((resolve) => {
      dispatcher.destroy(resolve);
    });
    expect([told ?? null, dispatcher.destroyed]).toEqual([null, true]);
  });

  it('can not be closed, as undici has it', async () => {
    const { dispatcher } = own();
    await dispatcher.destroy();
    await expect(dispatcher.close()).rejects.toMatchObject({ code: 'UND_ERR_DESTROYED' });
    const told = await new Promise<unknown>((resolve) => {
      dispatcher.close(resolve);
    });
    expect(told).toMatchObject({ code: 'UND_ERR_DESTROYED' });
  });

  it('does not wait for the answer when it has broken a download off, either', async () => {
    await using server = await flakyServer((response) => {
      response.writeHead(200, { 'content-length': 1000, etag: '"1"', 'accept-ranges': 'bytes' });
      response.write('begin');
    });
    const { dispatcher } = own();
    const shouldRetry = ({ kind }: { readonly kind: string }): Promise<boolean> | undefined =>
      kind === 'error' ? new Promise(() => undefined) : undefined;
    const { body } = await request(server.url, { dispatcher, retry: { shouldRetry } });
    const ended = failureOf(body.text());
    const given = new Error('the program ends');
    await dispatcher.destroy(given);
    expect(await ended).toBe(given);
  });

  it('asks nobody whether its error is worth a retry, or does not wait for the answer', async () => {
    await using server = await flakyServer(silence);
    const { dispatcher } = own();
    const shouldRetry = (): Promise<boolean> => new Promise(() => undefined);
    const ended = failureOf(request(server.url, { dispatcher, retry: { shouldRetry } }));
    await server.received(1);
    const given = new Error('the program ends');
    await dispatcher.destroy(given);
    expect(await ended).toBe(given);
  });

  it.each([
    ['an attempt', silence],
    ['a wait', unavailable],
  ])('while it closes, ends %s that close was waiting for', async (phase, answer) => {
    await using server = await flakyServer(answer);
    const { clock, dispatcher } = own();
    const ended = failureOf(request(server.url, { dispatcher, retry: { baseDelay: 1000, jitter: 'none' } }));
    await server.received(1);
    if (phase === 'a wait') await vi.waitUntil(() => clock.pending > 0, { interval: 1 });
    const closed = dispatcher.close();
    const given = new Error('too slow');
    await dispatcher.destroy(given);
    await closed;
    expect(await ended).toBe(given);
    expect(statisticsOf(given).attempts).toHaveLength(1);
  });
});

describe('a callback that is none', () => {
  const done = 'done' as unknown as () => void;

  it.each<[string, (dispatcher: Dispatcher) => unknown]>([
    ['close', (dispatcher) => dispatcher.close(done)],
    ['destroy', (dispatcher) => dispatcher.destroy(null, done)],
  ])('is refused by %s as undici refuses it, and nothing is ended', async (_, call) => {
    await using server = await flakyServer(ok);
    const { dispatcher } = own();
    const refusal = (subject: Dispatcher): unknown => {
      try {
        return call(subject);
      } catch (error) {
        return error;
      }
    };
    const { code, message, name } = refusal(new Agent()) as errors.UndiciError;
    expect(refusal(dispatcher)).toMatchObject({ code, message, name });
    const { body } = await request(server.url, { dispatcher });
    expect([await body.text(), dispatcher.closed]).toEqual(['ok', false]);
    await dispatcher.close();
  });
});
