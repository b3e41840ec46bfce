// What users of axios-retry 4.5 rely on, option by option: the same server, once with it and once with ours as
// docs/coming-from-axios-retry.md translates it. Where the two differ on purpose, the case says how.
import { computeDelays, type Outcome, type RetryOptions } from '@tenax/core';
import { AxiosError, getAdapter, type AxiosAdapter, type AxiosRequestConfig } from 'axios';
import {
  exponentialDelay,
  isIdempotentRequestError,
  isNetworkError,
  isNetworkOrIdempotentRequestError,
  isRetryableError,
  isSafeRequestError,
  linearDelay,
} from 'axios-retry';
import { describe, expect, test, vi } from 'vitest';

import { ending, ours, requests, script, theirs, type Answer } from './axios-retry-side-by-side.ts';

/** A retryCondition as it stands, in our place for it. */
const fromCondition =
  (condition: (error: AxiosError) => boolean | Promise<boolean>) =>
  (outcome: Outcome): boolean | Promise<boolean> | undefined =>
    outcome.kind === 'error' ? condition(outcome.error as AxiosError) : undefined;

const failing = async (): Promise<boolean> => Promise.reject(new Error('no verdict'));

const random = (): number => 0.5;

const exponential: RetryOptions['strategy'] = ({ attemptNumber, random: next }) => {
  const delay = 2 ** attemptNumber * 100;
  return delay + delay * 0.2 * next();
};

describe('retries', () => {
  test.each<[Answer[], AxiosRequestConfig, string]>([
    [[503, 503, 200], {}, '200 after 3'],
    [[503], {}, 'ERR_BAD_RESPONSE 503 after 4'],
    [[429], { method: 'delete' }, 'ERR_BAD_REQUEST 429 after 4'],
    [['reset', 200], { method: 'put', data: { a: 1 } }, '200 after 2'],
    [[404], {}, 'ERR_BAD_REQUEST 404 after 1'],
    [[503], { method: 'post' }, 'ERR_BAD_RESPONSE 503 after 1'],
    [[503], { method: 'patch' }, 'ERR_BAD_RESPONSE 503 after 1'],
  ])('its default of 3 is maxAttempts 4: %j %j', async (answers, config, expected) => {
    expect(await ending(answers, theirs(), config)).toBe(expected);
    expect(await ending(answers, ours({ maxAttempts: 4 }), config)).toBe(expected);
  });

  test('0 is maxAttempts 1', async () => {
    expect(await ending([503], theirs({ retries: 0 }))).toBe('ERR_BAD_RESPONSE 503 after 1');
    expect(await ending([503], ours({ maxAttempts: 1 }))).toBe('ERR_BAD_RESPONSE 503 after 1');
  });

  test("config['axios-retry'] is config.retry, and false for none", async () => {
    const instance = ours({ maxAttempts: 4 });
    expect(await ending([503], theirs(), { 'axios-retry': { retries: 1 } })).toBe(
      'ERR_BAD_RESPONSE 503 after 2',
    );
    expect(await ending([503], instance, { retry: { maxAttempts: 2 } })).toBe('ERR_BAD_RESPONSE 503 after 2');
    expect(await ending([503], theirs(), { 'axios-retry': { retries: 0 } })).toBe(
      'ERR_BAD_RESPONSE 503 after 1',
    );
    expect(await ending([503], instance, { retry: false })).toBe('ERR_BAD_RESPONSE 503 after 1');
  });

  test("the count in config['axios-retry'].retryCount is in response.retry", async () => {
    const response = await ours().get(script(503, 503, 200));
    expect(response.config).not.toHaveProperty('axios-retry');
    expect(response.retry?.attempts.map(({ status }) => status)).toEqual([503, 503, 200]);
  });
});

describe('retryCondition', () => {
  test.each(
    Object.entries({
      isNetworkError,
      isRetryableError,
      isSafeRequestError,
      isIdempotentRequestError,
      isNetworkOrIdempotentRequestError,
      'an asynchronous one': async (error: AxiosError) => error.response?.status === 404,
      'one that reads the body': (error: AxiosError) =>
        (error.response?.data as { state?: string } | undefined)?.state === 'later',
    }),
  )('%s decides the same in shouldRetry', async (_name, retryCondition) => {
    const old = theirs({ retryCondition });
    const own = ours({ maxAttempts: 4, shouldRetry: fromCondition(retryCondition) });
    const later: Answer = { status: 400, body: { state: 'later' } };
    for (const answers of [['reset'], [429], [501], [503], [404], [later]] satisfies Answer[][]) {
      for (const method of ['get', 'put', 'post']) {
        const expected = await ending(answers, old, { method });
        expect(await ending(answers, own, { method }), `${method} ${JSON.stringify(answers)}`).toBe(expected);
      }
    }
  });

  test('a POST that may have been processed: sent again there, only when asked for here', async () => {
    const config = { method: 'post', data: { order: 1 } };
    expect(await ending(['reset', 200], theirs(), config)).toBe('200 after 2');
    expect(await ending(['reset', 200], ours(), config)).toBe('ECONNRESET after 1');
    expect(await ending(['reset', 200], ours({ methods: ['POST'] }), config)).toBe('200 after 2');
    expect(await ending(['reset', 200], ours({ idempotencyKey: true }), config)).toBe('200 after 2');
    expect(new Set(requests().map((headers) => headers['idempotency-key'])).size).toBe(1);
  });

  test.each<[failure: string | number, method: string, there: number, here: number]>([
    ['ECONNREFUSED', 'post', 2, 2],
    ['ENOTFOUND', 'get', 2, 2],
    ['ENOTFOUND', 'post', 1, 2],
    ['ECONNABORTED', 'get', 1, 2],
    ['ETIMEDOUT', 'get', 2, 2],
    ['CERT_HAS_EXPIRED', 'put', 2, 1],
    ['ERR_CANCELED', 'get', 2, 1],
    [429, 'post', 1, 2],
    [408, 'get', 1, 2],
    [425, 'get', 1, 2],
    [505, 'get', 2, 1],
  ])('%s to a %s: sent %i times there, %i times here', async (failure, method, there, here) => {
    const send = getAdapter('http');
    const adapter: AxiosAdapter = async (config) => {
      if (typeof failure === 'number') return send(config);
      throw new AxiosError('failed', failure, config);
    };
    const answers = typeof failure === 'number' ? [failure] : [];
    const config = { method, adapter };
    expect(await ending(answers, theirs({ retries: 1 }), config)).toMatch(
      new RegExp(` after ${there}$`, 'u'),
    );
    expect(await ending(answers, ours({ maxAttempts: 2 }), config)).toMatch(
      new RegExp(` after ${here}$`, 'u'),
    );
  });

  test('every 5xx: there by default, here by statusCodes', async () => {
    const statusCodes = Array.from({ length: 100 }, (_, index) => 500 + index);
    expect(await ending([501], theirs())).toBe('ERR_BAD_RESPONSE 501 after 4');
    expect(await ending([501], ours({ maxAttempts: 4 }))).toBe('ERR_BAD_RESPONSE 501 after 1');
    expect(await ending([501], ours({ maxAttempts: 4, statusCodes }))).toBe('ERR_BAD_RESPONSE 501 after 4');
  });

  test('one that rejects ends the retries there, and is reported here while the built-in verdict stands', async () => {
    const warnings = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const emitted = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    expect(await ending([503], theirs({ retryCondition: failing }))).toBe('ERR_BAD_RESPONSE 503 after 1');
    const own = ours({ maxAttempts: 4, shouldRetry: fromCondition(failing) });
    expect(await ending([503], own)).toBe('ERR_BAD_RESPONSE 503 after 4');
    expect(warnings.mock.calls.length + emitted.mock.calls.length).toBe(1);
    vi.restoreAllMocks();
  });
});

describe('retryDelay', () => {
  test('none: baseDelay 0, and Retry-After is obeyed by both', async () => {
    expect(computeDelays({ baseDelay: 0, throttledBaseDelay: 0 }, 4)).toEqual([0, 0, 0]);
    const delays: number[] = [];
    const hooks = { onRetry: ({ delay }: { delay: number }) => delays.push(delay) && undefined };
    const later = { status: 503, headers: { 'retry-after': '7' } };
    await ending([503, later, 200], ours({ baseDelay: 0, throttledBaseDelay: 0, random: () => 0, hooks }));
    expect(delays).toEqual([0, 7000]);
  });

  test('exponentialDelay', () => {
    vi.spyOn(Math, 'random').mockImplementation(random);
    const expected = [1, 2, 3].map((retryCount) => exponentialDelay(retryCount));
    vi.restoreAllMocks();
    expect(computeDelays({ strategy: exponential, jitter: 'none', random }, 4)).toEqual(expected);
  });

  test('linearDelay', () => {
    const expected = [1, 2, 3].map((retryCount) => linearDelay(50)(retryCount, undefined));
    const linear: RetryOptions = { strategy: 'linear', multiplier: 1, baseDelay: 50, jitter: 'none' };
    expect(computeDelays(linear, 4)).toEqual(expected);
  });

  test('a function of the count', () => {
    expect(
      computeDelays({ strategy: ({ attemptNumber }) => attemptNumber * 1000, jitter: 'none' }, 4),
    ).toEqual([1000, 2000, 3000]);
  });
});

describe('shouldResetTimeout', () => {
  test('false, its default: the time of all attempts is retry.timeout', async () => {
    // A wait of 20 s would outlast it: axios-retry ends there with the last error as well.
    const slow = { retryDelay: () => 20_000 };
    expect(await ending([503], theirs(slow), { timeout: 10_000 })).toBe('ERR_BAD_RESPONSE 503 after 1');
    const own = ours({
      clock: undefined,
      strategy: 'fixed',
      baseDelay: 20_000,
      jitter: 'none',
      timeout: 10_000,
    });
    expect(await ending([503], own)).toBe('ERR_BAD_RESPONSE 503 after 1');
  });

  test('true: the timeout of axios is one attempt’s', async () => {
    const old = theirs({ retries: 1, shouldResetTimeout: true, retryCondition: () => true });
    const config = { timeout: 20 };
    expect(await ending(['silence'], old, config)).toBe('ECONNABORTED after 2');
    expect(await ending(['silence'], ours({ maxAttempts: 2 }), config)).toBe('ECONNABORTED after 2');
  });

  test('a timeout is not retried there by default, and here not when errorCodes says so', async () => {
    const config = { timeout: 20 };
    expect(await ending(['silence'], theirs(), config)).toBe('ECONNABORTED after 1');
    const own = ours({ errorCodes: { ECONNABORTED: 'permanent' } });
    expect(await ending(['silence'], own, config)).toBe('ECONNABORTED after 1');
  });
});
