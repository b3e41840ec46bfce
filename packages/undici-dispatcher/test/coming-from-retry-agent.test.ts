// What users of undici's RetryAgent, RetryHandler and interceptors.retry rely on, option by option: the same request,
// once with it and once with ours as docs/coming-from-retry-agent.md translates it.
import { computeDelays, getRetryStatistics, RetryExhaustedError, type RetryOptions } from '@tenax/core';
import { Agent, interceptors, MockAgent, request, RetryAgent, RetryHandler, type Dispatcher } from 'undici';
import { describe, expect, test, vi } from 'vitest';

import { status } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { retryInterceptor } from '../src/index.ts';
import {
  ending,
  isCompared,
  ours,
  serverOf,
  theirs,
  type Answer,
  type RequestOptions,
} from './servers/retry-agent-side-by-side.ts';

const clock = ours().engine.policy.clock;
const order: RequestOptions = { method: 'POST', body: 'order' };
/** The waits and the statuses of undici. */
const asTheirs: RetryOptions = {
  maxAttempts: 6,
  baseDelay: 500,
  throttledBaseDelay: 500,
  maxDelay: 30_000,
  jitter: 'none',
  retryAfter: { max: 30_000, beyond: 'cap' },
  statusCodes: [500, 502, 503, 504, 429],
};

/** The waits that undici makes before each retry. */
async function waitsOfTheirs(
  options: RetryHandler.RetryOptions,
  headers: Record<string, string> = {},
): Promise<number[]> {
  const mock = new MockAgent();
  mock.get('http://api.example.test').intercept({ path: '/' }).reply(503, '', { headers }).persist();
  const waits: number[] = [];
  const timers = vi.spyOn(globalThis, 'setTimeout').mockImplementation((callback, delay) => {
    waits.push(delay ?? 0);
    setImmediate(callback);
    return undefined as never;
  });
  await expect(
    request('http://api.example.test/', { dispatcher: new RetryAgent(mock, options) }),
  ).rejects.toThrow('Request failed');
  timers.mockRestore();
  await mock.close();
  return waits;
}

/** The waits that Tenax makes before each retry. */
async function waitsOfOurs(options: RetryOptions, headers: Record<string, string>): Promise<number[]> {
  const waits: number[] = [];
  const hooks = { onRetry: ({ delay }: { delay: number }) => void waits.push(delay) };
  await ending([status(503, headers)], ours({ ...options, random: () => 0, hooks }));
  return waits;
}

describe.runIf(isCompared)('maxRetries', () => {
  test.each<[Answer[], RequestOptions]>([
    [[503, 503, 200], {}],
    [[500, 502, 504, 429, 503, 200], {}],
    [['reset', 200], { method: 'PUT', body: 'text' }],
    [['reset'], {}],
    [[404], {}],
    [[304], {}],
    [['reset'], order],
  ])('5, its default, is maxAttempts 6: %j %j', async (answers, options) => {
    const expected = await ending(answers, theirs(), options);
    expect(await ending(answers, ours({ maxAttempts: 6 }), options)).toBe(expected);
  });

  test('counts retries, maxAttempts counts the first attempt too', async () => {
    expect(await ending(['reset'], theirs({ maxRetries: 2 }))).toBe('ECONNRESET after 3');
    expect(await ending(['reset'], ours({ maxAttempts: 3 }))).toBe('ECONNRESET after 3');
    expect(await ending(['reset'], theirs({ maxRetries: 0 }))).toBe('ECONNRESET after 1');
    expect(await ending(['reset'], ours({ maxAttempts: 1 }))).toBe('ECONNRESET after 1');
  });
});

describe.runIf(isCompared)('minTimeout, maxTimeout and timeoutFactor', () => {
  test('are baseDelay, maxDelay and multiplier, without jitter', async () => {
    expect(await waitsOfTheirs({})).toEqual([500, 1000, 2000, 4000, 8000]);
    expect(computeDelays(asTheirs, 6)).toEqual([500, 1000, 2000, 4000, 8000]);
    const options = { minTimeout: 100, maxTimeout: 1000, timeoutFactor: 3 };
    expect(await waitsOfTheirs(options)).toEqual([100, 300, 900, 1000, 1000]);
    expect(computeDelays({ baseDelay: 100, maxDelay: 1000, multiplier: 3, jitter: 'none' }, 6)).toEqual([
      100, 300, 900, 1000, 1000,
    ]);
  });

  test('ours are spread by default: clients that fail together come back apart', () => {
    expect(computeDelays({}, 6, () => 0.5)).toEqual([50, 100, 200, 400, 800]);
  });
});

describe.runIf(isCompared)('retryAfter', () => {
  test.each([
    ['7', [7000]],
    ['0', [0]],
    ['later', [500]],
    ['9999', [30_000]],
  ])('Retry-After: %s is the same wait for both: %j', async (value, waits) => {
    const headers = { 'retry-after': value };
    expect(await waitsOfTheirs({ maxRetries: 1 }, headers)).toEqual(waits);
    // Ours is the larger of the hint and the computed delay.
    const options = {
      ...asTheirs,
      maxAttempts: 2,
      ...(value === '0' ? { baseDelay: 0, throttledBaseDelay: 0 } : {}),
    };
    expect(await waitsOfOurs(options, headers)).toEqual(waits);
  });

  test('a wait that is too long: cut short there, the end here', async () => {
    const asked = status(503, { 'retry-after': '9999' });
    expect(await ending([asked, 200], theirs({ maxTimeout: 0 }))).toBe('200 later after 2');
    expect(await ending([asked, 200], ours())).toBe('503 later after 1');
    expect(await ending([asked, 200], ours({ retryAfter: { beyond: 'cap' } }))).toBe('200 later after 2');
  });

  test('false ignores the header', async () => {
    const headers = { 'retry-after': '7' };
    expect(await waitsOfTheirs({ maxRetries: 1, retryAfter: false }, headers)).toEqual([500]);
    expect(await waitsOfOurs({ ...asTheirs, maxAttempts: 2, retryAfter: false }, headers)).toEqual([500]);
  });
});

describe.runIf(isCompared)('methods and statusCodes', () => {
  test('methods: the same list for what may have been processed', async () => {
    const old = { methods: ['POST'] } satisfies RetryHandler.RetryOptions;
    expect(await ending([503, 200], theirs(old), order)).toBe('200 later after 2');
    expect(await ending([503, 200], ours({ methods: ['POST'] }), order)).toBe('200 later after 2');
    expect(await ending(['reset'], theirs(old))).toBe('ECONNRESET after 1');
    expect(await ending(['reset'], ours({ methods: ['POST'] }))).toBe('ECONNRESET after 1');
  });

  test.each([408, 425, 520, 521, 522, 523, 524, 529])('%i is retried here by default', async (code) => {
    expect(await ending([code, 200], theirs())).toBe(`${code} later after 1`);
    expect(await ending([code, 200], ours())).toBe('200 later after 2');
    expect(await ending([code, 200], ours(asTheirs))).toBe(`${code} later after 1`);
  });

  test('the same list', async () => {
    expect(await ending([418, 200], theirs({ statusCodes: [418] }))).toBe('200 later after 2');
    expect(await ending([418, 200], ours({ statusCodes: [418] }))).toBe('200 later after 2');
  });
});

describe.runIf(isCompared)('throwOnError', () => {
  test('true, its default: an error without a body there, the last response here', async () => {
    expect(await ending([503], theirs({ maxRetries: 2 }))).toBe('UND_ERR_REQ_RETRY after 3');
    expect(await ending([503], ours())).toBe('503 later after 3');
    // No retry was due: undici gives an error nevertheless.
    expect(await ending([503], theirs(), order)).toBe('UND_ERR_REQ_RETRY after 1');
    expect(await ending([503], ours(), order)).toBe('503 later after 1');
  });

  test('true: throwOnExhausted, when an error is what you want', async () => {
    await using server = await serverOf([503]);
    const dispatcher = ours({ throwOnExhausted: true });
    const failure: unknown = await request(server.url, { dispatcher }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RetryExhaustedError);
    expect((failure as RetryExhaustedError).statistics?.attempts.at(-1)?.status).toBe(503);
    await dispatcher.close();
    expect(await ending([503], ours({ throwOnExhausted: true }), order)).toBe('503 later after 1');
  });

  test('false: as ours are', async () => {
    expect(await ending([503], theirs({ maxRetries: 2, throwOnError: false }))).toBe('503 later after 3');
    expect(await ending([503], theirs({ throwOnError: false }), order)).toBe('503 later after 1');
  });

  test('its statusCode and data.count are in the statistics, here of successes too', async () => {
    await using server = await serverOf([503]);
    const old = theirs({ maxRetries: 2 });
    await expect(request(server.url, { dispatcher: old })).rejects.toMatchObject({
      statusCode: 503,
      data: { count: 3 },
    });
    await old.close();
    await using other = await serverOf([503, 503, 200]);
    const dispatcher = ours();
    const { body, context } = await request(other.url, { dispatcher });
    await body.dump();
    expect(getRetryStatistics(context)?.attempts.map((attempt) => attempt.status)).toEqual([503, 503, 200]);
    await dispatcher.close();
  });
});

test.runIf(isCompared)('a RetryHandler by hand: the interceptor by hand', async () => {
  await using server = await serverOf([503, 200, 503, 200]);
  const agent = new Agent();
  const dispatch: Dispatcher['dispatch'] = (options, handler) => agent.dispatch(options, handler);
  const statusOf = (send: (handler: Dispatcher.DispatchHandler) => unknown): Promise<number> =>
    new Promise((resolve, reject) => {
      let statusCode = 0;
      send({
        onRequestStart: () => undefined,
        onResponseStart: (_controller, code) => {
          statusCode = code;
        },
        onResponseData: () => undefined,
        onResponseEnd: () => resolve(statusCode),
        onResponseError: (_controller, error) => reject(error),
      });
    });
  const options = { origin: server.url.slice(0, -1), path: '/', method: 'GET' } as const;
  const retryOptions = { minTimeout: 0 };
  const old = (handler: Dispatcher.DispatchHandler): boolean =>
    dispatch(options, new RetryHandler({ ...options, retryOptions }, { dispatch, handler }));
  const retrying = retryInterceptor({ clock })(dispatch);
  expect(await statusOf(old)).toBe(200);
  expect(await statusOf((handler) => retrying(options, handler))).toBe(200);
  expect(server.requests).toHaveLength(4);
  await agent.close();
});

describe.runIf(isCompared)('retryOptions of a request', () => {
  test('are known to interceptors.retry and not to RetryAgent: here opts.retry works for both', async () => {
    const options = { retryOptions: { maxRetries: 3 } } as RequestOptions;
    const composed = new Agent().compose(interceptors.retry({ minTimeout: 0, maxRetries: 1 }));
    expect(await ending([503], composed, options)).toBe('UND_ERR_REQ_RETRY after 4');
    expect(await ending([503], theirs({ maxRetries: 1 }), options)).toBe('UND_ERR_REQ_RETRY after 2');
    const own = { retry: { maxAttempts: 4 } };
    const ownComposed = new Agent().compose(retryInterceptor({ clock, maxAttempts: 2 }));
    expect(await ending([503], ownComposed, own)).toBe('503 later after 4');
    expect(await ending([503], ours({ maxAttempts: 2 }), own)).toBe('503 later after 4');
    expect(await ending([503], ours(), { retry: false })).toBe('503 later after 1');
  });
});
