// Where retry layers break, as it looks through the adapter. The numbers are those of EDGE-CASES.md; what is not here
// stands beside what it belongs to.
import { getEventListeners } from 'node:events';
import { PassThrough } from 'node:stream';
import { runInNewContext } from 'node:vm';

import { createRetryEngine, getRetryStatistics, RetryExhaustedError } from '@tenax/core';
import type { Clock, RetryOptions } from '@tenax/core';
import { virtualClock } from '@tenax/core/testing';
import { AxiosError, create, isCancel } from 'axios';
import type { AxiosAdapter, AxiosResponse, InternalAxiosRequestConfig } from 'axios';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { FAULTS } from '../../core/test/faulty-callbacks.ts';
import { collectGarbage } from '../../core/test/garbage.ts';
import {
  flakyServer,
  ok,
  reset,
  status,
  unavailable,
} from '../../fetch-adapter/test/servers/flaky-server.ts';
import { ADAPTERS, attached, failureOf } from './servers/attached.ts';

const URL_OF_NOTHING = 'http://127.0.0.1/';
const answerTo = (config: InternalAxiosRequestConfig, data: unknown = ''): AxiosResponse => ({
  data,
  status: 200,
  statusText: '',
  headers: {},
  config,
});
/** An adapter that rejects with a value, and how often it was asked. */
function rejecting(value: unknown) {
  return vi.fn<AxiosAdapter>(async () => Promise.reject(value));
}
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe.each(ADAPTERS)('hints of the server, with the %s adapter', (adapter) => {
  it.each<[string, number | undefined]>([
    ['0', 0],
    ['Thu, 01 Jan 2015 00:00:00 GMT', 0],
    ['-1', undefined],
    ['1.5', undefined],
    ['1, 9999999', undefined],
    ['1e308', undefined],
    ['Infinity', undefined],
    ['', undefined],
  ])('EDGE 7: Retry-After: %j is the hint %s, and the request is sent again', async (value, hint) => {
    await using server = await flakyServer(status(429, { 'retry-after': value }), ok);
    const response = await attached({}, { adapter }).get(server.url);
    expect([response.status, response.retry?.attempts[0]?.hint]).toEqual([200, hint]);
  });

  it('EDGE 7: a date far ahead ends the operation', async () => {
    const ahead = new Date(Date.now() + 9e9).toUTCString();
    await using server = await flakyServer(status(503, { 'retry-after': ahead }), ok);
    const error = await failureOf(attached({}, { adapter }).get(server.url));
    expect([error.retry?.reason, server.requests.length]).toEqual(['retry_after_exceeds_max', 1]);
  });

  it("EDGE 8: a date counts from the server's own clock, which may be years ahead", async () => {
    const date = 'Mon, 03 Jun 2069 11:30:00 GMT';
    await using server = await flakyServer((response) => {
      response.sendDate = false;
      response.writeHead(429, { date, 'retry-after': date }).end();
    }, ok);
    const response = await attached({}, { adapter }).get(server.url);
    expect(response.retry?.attempts[0]?.hint).toBe(0);
  });
});

describe('many attempts', () => {
  /** Waits that end at once, and how long they were to be. */
  function instantClock(): Clock & { readonly waits: number[] } {
    const waits: number[] = [];
    return {
      waits,
      now: () => 0,
      epoch: () => 0,
      schedule: (delay, callback) => {
        waits.push(delay);
        const immediate = setImmediate(callback);
        return {
          cancel: () => {
            clearImmediate(immediate);
          },
        };
      },
    };
  }

  it('EDGE 9: two thousand of them have waits within maxDelay', async () => {
    const clock = instantClock();
    const adapter = rejecting(new AxiosError('lost', 'ERR_NETWORK'));
    const instance = attached(
      { maxAttempts: 2000, budget: false, clock, baseDelay: 100, jitter: 'none' },
      { adapter },
    );
    const error = await failureOf(instance.get(URL_OF_NOTHING));
    expect([adapter.mock.calls.length, error.retry?.attempts.length]).toEqual([2000, 2000]);
    expect(clock.waits).toHaveLength(1999);
    expect(clock.waits.every((wait) => wait >= 100 && wait <= 20_000)).toBe(true);
    expect(clock.waits.at(-1)).toBe(20_000);
  });

  it('EDGE 12: a hundred of them do not keep a hundred bodies alive', async () => {
    const bodies: WeakRef<object>[] = [];
    const controller = new AbortController();
    let hundredth: (() => void) | undefined;
    const reached = new Promise<void>((resolve) => {
      hundredth = resolve;
    });
    const adapter: AxiosAdapter = async (config) => {
      if (bodies.length === 100) {
        hundredth?.();
        return new Promise<never>(() => undefined);
      }
      const data = { bytes: new Uint8Array(1024) };
      bodies.push(new WeakRef(data));
      const response = { ...answerTo(config, data), status: 503 };
      throw new AxiosError('later', 'ERR_BAD_RESPONSE', config, undefined, response);
    };
    const { signal } = controller;
    const ended = failureOf(attached({ maxAttempts: 200 }, { adapter }).get(URL_OF_NOTHING, { signal }));
    await reached;
    const alive = (): number => bodies.filter((body) => body.deref() !== undefined).length;
    await collectGarbage(() => alive() <= 2);
    expect(alive()).toBeLessThanOrEqual(2);
    controller.abort();
    expect(isCancel(await ended)).toBe(true);
  });
});

describe('callbacks of the policy that misbehave', () => {
  const never = async (): Promise<never> => new Promise(() => undefined);
  beforeEach(() => {
    // What they are told of is the matter of core.
    vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each<[string, () => unknown]>([
    ...FAULTS,
    ['returns NaN', () => Number.NaN],
    ['returns a string', () => 'yes'],
  ])('EDGE 10: a shouldRetry that %s leaves the built-in verdict', async (_, fault) => {
    await using server = await flakyServer(status(404), unavailable);
    const instance = attached({ shouldRetry: () => fault() as boolean });
    expect((await failureOf(instance.get(server.url))).response?.status).toBe(404);
    expect((await failureOf(instance.get(server.url))).response?.status).toBe(503);
    expect(server.requests).toHaveLength(4);
  });

  it('EDGE 10: a shouldRetry that never settles ends with retry.timeout', async () => {
    await using server = await flakyServer(unavailable);
    const error = await failureOf(attached({ shouldRetry: never, timeout: 50 }).get(server.url));
    expect([error.code, server.requests.length]).toEqual(['TENAX_OPERATION_TIMEOUT', 1]);
  });

  it.each<[string, () => unknown]>([
    ...FAULTS,
    ['returns NaN', () => Number.NaN],
    ['returns a negative wait', () => -1],
    ['returns a string', () => 'soon'],
  ])('EDGE 10: a strategy that %s: the request is sent again all the same', async (_, fault) => {
    await using server = await flakyServer(unavailable, ok);
    const instance = attached({ strategy: () => fault() as number });
    expect((await instance.get(server.url)).retry?.attempts).toHaveLength(2);
  });

  it.each(FAULTS)('EDGE 10: a predicate of errors that %s is no match', async (_, fault) => {
    await using server = await flakyServer(unavailable);
    const predicate = (): boolean => fault() as boolean;
    const instance = attached({ retryableErrors: [predicate], nonRetryableErrors: [predicate] });
    expect((await failureOf(instance.get(server.url))).retry?.reason).toBe('attempts_exhausted');
    expect(server.requests).toHaveLength(3);
  });

  it.each(FAULTS)(
    'EDGE 10: a beforeRetry that %s: the request is sent again all the same',
    async (_, fault) => {
      await using server = await flakyServer(unavailable, ok);
      const instance = attached({ hooks: { beforeRetry: () => fault() as undefined } });
      expect((await instance.get(server.url)).retry?.attempts).toHaveLength(2);
    },
  );
});

describe('an adapter of the user that changes the headers of its config', () => {
  const failing = (change: (config: InternalAxiosRequestConfig) => void) =>
    vi.fn<AxiosAdapter>(async (config) => {
      change(config);
      return Promise.reject(new AxiosError('reset', 'ECONNRESET', config));
    });

  it('does not make a POST idempotent with a key of its own, another one for each attempt', async () => {
    const adapter = failing((config) => config.headers.set('Idempotency-Key', `${Math.random()}`));
    await failureOf(attached().post(URL_OF_NOTHING, '', { adapter }));
    expect(adapter).toHaveBeenCalledOnce();
  });

  it.each([
    ['plain ones', {}],
    ['none', undefined],
  ])('may put %s in their place', async (_, headers) => {
    const adapter = failing((config) => Object.assign(config, { headers }));
    const failure = await failureOf(attached().post(URL_OF_NOTHING, '', { adapter }));
    expect([failure.code, adapter.mock.calls.length]).toEqual(['ECONNRESET', 1]);
    await failureOf(attached().post(URL_OF_NOTHING, '', { adapter, headers: { 'idempotency-key': 'mine' } }));
    expect(adapter).toHaveBeenCalledTimes(1 + 3);
  });
});

describe('what an adapter of the user rejects with', () => {
  const refuse = (): never => {
    throw new Error('do not look');
  };
  const cyclic = new AxiosError('round', 'ERR_NETWORK');
  cyclic.cause = cyclic;
  const config = { headers: {} } as InternalAxiosRequestConfig;
  const response: AxiosResponse = { ...answerTo(config), status: 503 };
  const refused = new AxiosError('later', 'ERR_BAD_RESPONSE', config, undefined, response);

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a string', 'oops'],
    ['an empty string', ''],
    ['a number', 404],
    ['a symbol', Symbol('oops')],
    ['a bigint', 1n],
    ['a function', () => 1],
    ['a frozen object', Object.freeze({})],
    ['a frozen error', Object.freeze(new Error('frozen'))],
    ['a frozen AxiosError with a response', Object.freeze(refused)],
    ['an object without a prototype', Object.create(null)],
    ['an error of another realm', runInNewContext('new Error("from another realm")')],
    ['an error that is its own cause', cyclic],
    ['an error whose code throws', Object.defineProperty(new Error('own'), 'code', { get: refuse })],
  ])("EDGE 11: %s is retried, and is the caller's in the end", async (_, value) => {
    const adapter = rejecting(value);
    const ended = await attached({}, { adapter })
      .get(URL_OF_NOTHING)
      .then(
        () => [],
        (error: unknown) => [error],
      );
    expect(adapter).toHaveBeenCalledTimes(3);
    expect(ended).toHaveLength(1);
    expect(ended[0] === value).toBe(true);
    const statistics = Object(value) === value ? getRetryStatistics(value as object) : undefined;
    expect(statistics?.attempts.length ?? 3).toBe(3);
  });

  const hostile = new Proxy({}, { get: refuse, getPrototypeOf: refuse, has: refuse, isExtensible: refuse });
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  revoke();

  // axios itself looks at an error: what it makes of these is the caller's.
  it.each<[string, unknown]>([
    ['an object with a response that is none', { response: 'none' }],
    ['an object with a response that is empty', { response: {} }],
    ['an error whose response throws', Object.defineProperty(new Error('own'), 'response', { get: refuse })],
    [
      'an error whose response has a status that throws',
      {
        response: {
          get status() {
            return refuse();
          },
        },
      },
    ],
    ['a proxy that throws when it is looked at', hostile],
    ['a revoked proxy', revoked],
  ])('EDGE 11: %s is retried, and ends as in bare axios', async (_, value) => {
    const endOf = async (request: Promise<unknown>): Promise<unknown[]> =>
      request.then(
        () => [],
        (error: unknown) => [error],
      );
    const adapter = rejecting(value);
    const bare = await endOf(create({ adapter: rejecting(value) }).get(URL_OF_NOTHING));
    const ended = await endOf(attached({}, { adapter }).get(URL_OF_NOTHING));
    expect(adapter).toHaveBeenCalledTimes(3);
    const said = ([end]: unknown[]): string => (end === value ? 'the value itself' : (end as Error).message);
    expect(said(ended)).toBe(said(bare));
  });

  it('EDGE 12: the last error is the real one, with its stack', async () => {
    const errors = ['one', 'two', 'three'].map((message) => new AxiosError(message, 'ERR_NETWORK'));
    const [, , last] = errors as [AxiosError, AxiosError, AxiosError];
    const { stack } = last;
    const left = [...errors];
    const adapter: AxiosAdapter = async () => Promise.reject(left.shift());
    const error = await failureOf(attached({}, { adapter }).get(URL_OF_NOTHING));
    expect(error).toBe(last);
    // axios adds where the request was made.
    expect(error.stack?.startsWith(stack ?? 'none')).toBe(true);
    const wrapped = await failureOf(
      attached({ throwOnExhausted: true }, { adapter: rejecting(last) }).get(URL_OF_NOTHING),
    );
    expect(wrapped.cause).toBe(last);
  });
});

describe('races', () => {
  const unhandled = vi.fn<(error: unknown) => void>();
  beforeEach(() => {
    unhandled.mockClear();
    process.on('unhandledRejection', unhandled);
  });
  afterEach(() => {
    process.off('unhandledRejection', unhandled);
  });
  const expectNothingUnhandled = async (): Promise<void> => {
    await turns();
    expect(unhandled).not.toHaveBeenCalled();
  };

  /** Attempts that end when the test says so, and take no notice of a signal. */
  function heldAttempts() {
    const ends: { resolve: (data: unknown) => void; reject: (error: unknown) => void }[] = [];
    const adapter: AxiosAdapter = async (config) =>
      new Promise((resolve, reject) => {
        ends.push({
          resolve: (data) => {
            resolve(answerTo(config, data));
          },
          reject,
        });
      });
    return { adapter, ends };
  }

  it.each([
    ['abort', 'resolve'],
    ['resolve', 'abort'],
    ['abort', 'reject'],
    ['reject', 'abort'],
  ] as const)('EDGE 3: %s, then %s in the same tick: one answer, a CanceledError', async (...steps) => {
    const { adapter, ends } = heldAttempts();
    const controller = new AbortController();
    const answers: unknown[] = [];
    const settled = attached({}, { adapter })
      .get(URL_OF_NOTHING, { signal: controller.signal })
      .then(
        (response) => answers.push(response),
        (error: unknown) => answers.push(error),
      );
    await turns();
    for (const step of steps) {
      if (step === 'abort') controller.abort();
      else if (step === 'resolve') ends[0]?.resolve('data');
      else ends[0]?.reject(new AxiosError('lost', 'ERR_NETWORK'));
    }
    await settled;
    await expectNothingUnhandled();
    expect(answers.map(isCancel)).toEqual([true]);
    expect([ends.length, getEventListeners(controller.signal, 'abort')]).toEqual([1, []]);
  });

  it('EDGE 13: an attempt that lost to attemptTimeout and fails later is no unhandled rejection', async () => {
    const { adapter, ends } = heldAttempts();
    const clock = virtualClock();
    const ended = attached({ attemptTimeout: 50, clock }, { adapter }).get(URL_OF_NOTHING);
    await clock.advance(50);
    await clock.advance(0);
    ends[0]?.reject(new AxiosError('late', 'ECONNRESET'));
    ends[1]?.resolve('second');
    expect((await clock.run(ended)).data).toBe('second');
    expect(ends).toHaveLength(2);
    await expectNothingUnhandled();
  });

  it('EDGE 13: the stream of an attempt that lost to attemptTimeout is destroyed, and is not the answer', async () => {
    const { adapter, ends } = heldAttempts();
    const clock = virtualClock();
    const ended = attached({ attemptTimeout: 50, clock }, { adapter }).get(URL_OF_NOTHING);
    await clock.advance(50);
    await clock.advance(0);
    const late = new PassThrough();
    ends[0]?.resolve(late);
    await clock.advance(0);
    expect(late.destroyed).toBe(true);
    ends[1]?.resolve('second');
    expect((await clock.run(ended)).data).toBe('second');
  });

  it('EDGE 13: so is that in the error of each attempt that lost', async () => {
    const { adapter, ends } = heldAttempts();
    const clock = virtualClock();
    const ended = attached({ attemptTimeout: 50, clock }, { adapter }).get(URL_OF_NOTHING);
    for (const attempt of [0, 1]) {
      await clock.advance(50);
      await clock.advance(0);
      const late = new PassThrough();
      ends[attempt]?.reject(
        new AxiosError('late', 'ERR_BAD_RESPONSE', undefined, undefined, {
          ...answerTo({} as InternalAxiosRequestConfig, late),
          status: 503,
        }),
      );
      await clock.advance(0);
      expect(late.destroyed).toBe(true);
    }
    ends[2]?.resolve('third');
    expect((await clock.run(ended)).data).toBe('third');
  });

  it.each([
    ['retry.timeout', 'TENAX_OPERATION_TIMEOUT'],
    ["the caller's abort", 'ERR_CANCELED'],
  ])('EDGE 13: what fails after %s is no unhandled rejection', async (what, code) => {
    const { adapter, ends } = heldAttempts();
    const clock = virtualClock();
    const controller = new AbortController();
    const instance = attached(what === 'retry.timeout' ? { timeout: 50, clock } : { clock }, { adapter });
    const ended = failureOf(instance.get(URL_OF_NOTHING, { signal: controller.signal }));
    await clock.advance(50);
    if (what !== 'retry.timeout') controller.abort();
    ends[0]?.reject(new AxiosError('late', 'ECONNRESET'));
    expect((await ended).code).toBe(code);
    expect([ends.length, clock.pending]).toEqual([1, 0]);
    await expectNothingUnhandled();
  });

  it('EDGE "its timer still holds the event loop": an abort in a wait leaves no timer', async () => {
    const clock = virtualClock();
    const controller = new AbortController();
    const instance = attached(
      { clock, timeout: 60_000, attemptTimeout: 30_000, baseDelay: 10_000, jitter: 'none' },
      { adapter: rejecting(new AxiosError('lost', 'ERR_NETWORK')) },
    );
    const ended = failureOf(instance.get(URL_OF_NOTHING, { signal: controller.signal }));
    await clock.advance(100);
    expect(clock.pending).toBeGreaterThan(0);
    controller.abort();
    expect(isCancel(await ended)).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('EDGE "share one listener per signal": fifty requests that wait have one', async () => {
    const clock = virtualClock();
    const controller = new AbortController();
    const { signal } = controller;
    const adapter = rejecting(new AxiosError('lost', 'ERR_NETWORK'));
    const instance = attached({ clock, baseDelay: 10_000, jitter: 'none' }, { adapter });
    const ended = Array.from({ length: 50 }, () => failureOf(instance.get(URL_OF_NOTHING, { signal })));
    await clock.advance(100);
    expect([adapter.mock.calls.length, getEventListeners(signal, 'abort').length]).toEqual([50, 1]);
    controller.abort();
    expect((await Promise.all(ended)).every(isCancel)).toBe(true);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('EDGE 14: an attached instance inside engine.execute', () => {
  const outer = () => createRetryEngine({ baseDelay: 0, throttledBaseDelay: 0 });

  it.each<[string, RetryOptions]>([
    ['gives its own error', {}],
    ['throws on exhaustion', { throwOnExhausted: true }],
  ])('that %s: 3 × 3 is not 9, for a status', async (_, options) => {
    await using server = await flakyServer(unavailable);
    const instance = attached(options);
    await failureOf(outer().execute(() => instance.get(server.url)));
    expect(server.requests).toHaveLength(3);
  });

  it.each<[string, RetryOptions]>([
    ['gives its own error', {}],
    ['throws on exhaustion', { throwOnExhausted: true }],
  ])('that %s: 3 × 3 is not 9, for a connection', async (_, options) => {
    await using server = await flakyServer(reset);
    const instance = attached(options);
    await failureOf(outer().execute(() => instance.get(server.url)));
    expect(server.requests).toHaveLength(3);
  });

  it('with retry: false leaves the retries to the outer one', async () => {
    await using server = await flakyServer(unavailable, unavailable, ok);
    const instance = attached();
    const response = await outer().execute(() => instance.get(server.url, { retry: false }));
    expect([response.data, server.requests.length]).toEqual(['ok', 3]);
  });

  it('that fails for good is not asked again', async () => {
    await using server = await flakyServer(status(404));
    const instance = attached();
    const error = await failureOf(outer().execute(() => instance.get(server.url)));
    expect([error.response?.status, server.requests.length]).toEqual([404, 1]);
    expect(error).not.toBeInstanceOf(RetryExhaustedError);
  });
});

describe('EDGE 15: options of one request', () => {
  const coded = (code: string): AxiosAdapter => rejecting(new AxiosError(code, code));
  const attemptsOf = async (
    options: RetryOptions,
    retry: RetryOptions,
    adapter: AxiosAdapter,
    defaults?: RetryOptions,
  ): Promise<number | undefined> => {
    const instance = attached(options, { adapter });
    if (defaults) instance.defaults.retry = defaults;
    return (await failureOf(instance.get(URL_OF_NOTHING, { retry }))).retry?.attempts.length;
  };

  it('replace arrays', async () => {
    await using server = await flakyServer(status(503), status(418));
    const instance = attached({ statusCodes: [503] });
    const retry = { statusCodes: [418] };
    expect((await failureOf(instance.get(server.url, { retry }))).retry?.attempts).toHaveLength(1);
    expect((await failureOf(instance.get(server.url, { retry }))).retry?.attempts).toHaveLength(3);
  });

  it('merge nested objects', async () => {
    const options: RetryOptions = { errorCodes: { ONE: 'permanent' } };
    const retry: RetryOptions = { errorCodes: { TWO: 'permanent' } };
    expect(await attemptsOf(options, retry, coded('ONE'))).toBe(1);
    expect(await attemptsOf(options, retry, coded('TWO'))).toBe(1);
    expect(await attemptsOf(options, retry, coded('THREE'))).toBe(3);
  });

  it('merge hooks, by name', async () => {
    const [onRetry, ofEngine, ofRequest] = [vi.fn<() => void>(), vi.fn<() => void>(), vi.fn<() => void>()];
    const options = { hooks: { onRetry, onGiveUp: ofEngine } };
    await attemptsOf(options, { hooks: { onGiveUp: ofRequest } }, coded('ONE'));
    expect([onRetry, ofEngine, ofRequest].map(({ mock }) => mock.calls.length)).toEqual([2, 0, 1]);
  });

  it("that are undefined mean as the instance's, in nested objects too", async () => {
    const options: RetryOptions = { maxAttempts: 2, errorCodes: { ONE: 'permanent' } };
    const retry = { maxAttempts: undefined, errorCodes: undefined } as RetryOptions;
    expect(await attemptsOf(options, retry, coded('ONE'))).toBe(1);
    expect(await attemptsOf(options, retry, coded('TWO'))).toBe(2);
  });

  it('go before those in the defaults of the instance, which go before those of attachRetry', async () => {
    const [options, defaults] = [{ maxAttempts: 2 }, { maxAttempts: 3, errorCodes: { ONE: 'permanent' } }];
    const of = (retry: RetryOptions, code: string) =>
      attemptsOf(options, retry, coded(code), defaults as RetryOptions);
    expect(await of({}, 'TWO')).toBe(3);
    expect(await of({ maxAttempts: 4 }, 'TWO')).toBe(4);
    expect(await of({ maxAttempts: 4 }, 'ONE')).toBe(1);
    expect(await of({ maxAttempts: 4, errorCodes: { ONE: 'transient' } }, 'ONE')).toBe(4);
  });

  it('do not stay with the instance', async () => {
    const adapter = coded('ONE');
    const instance = attached({}, { adapter });
    await failureOf(instance.get(URL_OF_NOTHING, { retry: { maxAttempts: 1 } }));
    await failureOf(instance.get(URL_OF_NOTHING));
    expect(adapter).toHaveBeenCalledTimes(1 + 3);
  });
});

// To the fetch adapter these are as bare a "Network Error" as a lost connection; the cause says that no request of
// the kind is ever sent.
describe('what fetch refuses by its own rules is permanent', () => {
  const causeOf = (error: AxiosError): unknown => error.cause?.message;

  it.each([
    ['EDGE "bad port"', 'http://127.0.0.1:1/', 'bad port'],
    ['EDGE "unknown scheme"', 'foo://x/', 'unknown scheme'],
  ])('%s', async (_, url, cause) => {
    const error = await failureOf(attached({}, { adapter: 'fetch' }).get(url));
    expect([error.code, causeOf(error), error.retry?.attempts.length]).toEqual(['ERR_NETWORK', cause, 1]);
  });

  it('EDGE "a 307 or 308 with a stream body"', async () => {
    await using server = await flakyServer(status(307, { location: '/b' }));
    const data = new Blob(['hello']).stream();
    const error = await failureOf(attached({}, { adapter: 'fetch' }).put(server.url, data));
    expect([error.retry?.reason, server.requests.length]).toEqual(['permanent_failure', 1]);
  });

  it('EDGE 32: redirects without an end', async () => {
    await using server = await flakyServer(status(302, { location: '/' }));
    const error = await failureOf(attached({}, { adapter: 'fetch' }).get(server.url));
    expect([causeOf(error), error.retry?.attempts.length]).toEqual(['redirect count exceeded', 1]);
  });
});
