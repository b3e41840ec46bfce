// The callbacks of axios-retry 4.5, and what its users get from its interceptors: each beside ours.
import { RetryExhaustedError, type Outcome, type RetryHooks } from '@tenax/core';
import { create, getAdapter, type AxiosError, type AxiosInstance, type AxiosResponse } from 'axios';
import axiosRetry from 'axios-retry';
import { describe, expect, test, vi } from 'vitest';

import { attachRetry } from '../src/index.ts';
import { ending, ours, requests, script, theirs } from './axios-retry-side-by-side.ts';

const isLater = (data: unknown): boolean => (data as { later?: boolean }).later === true;

function counting(instance: AxiosInstance): { request: number; response: number; error: number } {
  const counts = { request: 0, response: 0, error: 0 };
  instance.interceptors.request.use((config) => {
    counts.request += 1;
    return config;
  });
  instance.interceptors.response.use(
    (response) => {
      counts.response += 1;
      return response;
    },
    (error) => {
      counts.error += 1;
      throw error;
    },
  );
  return counts;
}

const waitingOld = (abort: () => void): AxiosInstance =>
  theirs({ retryDelay: () => 60_000, onRetry: () => void setImmediate(abort) });

const waitingOwn = (abort: () => void): AxiosInstance =>
  ours({
    clock: undefined,
    strategy: 'fixed',
    baseDelay: 60_000,
    maxDelay: 60_000,
    jitter: 'none',
    hooks: { onRetry: () => void setImmediate(abort) },
  });

const retryLater = (outcome: Outcome): true | undefined =>
  outcome.kind === 'response' && isLater(outcome.data?.()) ? true : undefined;

describe('onRetry', () => {
  test('is told of each retry; the error is the last one that shouldRetry has seen', async () => {
    const old: unknown[] = [];
    await ending(
      [503, 503, 200],
      theirs({ onRetry: (count, error) => void old.push([count, error.response?.status]) }),
    );
    const own: unknown[] = [];
    let last: AxiosError | undefined;
    const shouldRetry = (outcome: Outcome): undefined => {
      last = outcome.kind === 'error' ? (outcome.error as AxiosError) : undefined;
    };
    const onRetry: RetryHooks['onRetry'] = ({ attemptNumber }) =>
      void own.push([attemptNumber - 1, last?.response?.status]);
    await ending([503, 503, 200], ours({ shouldRetry, hooks: { onRetry } }));
    expect(own).toEqual(old);
    expect(own).toEqual([
      [1, 503],
      [2, 503],
    ]);
  });

  test('is awaited and may change headers: beforeRetry', async () => {
    const old = theirs({
      retryCondition: (error) => error.response?.status === 401,
      onRetry: async (_count, _error, config) => {
        await Promise.resolve();
        Object.assign(config.headers ?? {}, { authorization: 'Bearer new' });
      },
    });
    const own = ours({
      shouldRetry: (outcome) => outcome.kind === 'error' && outcome.response?.status === 401,
      hooks: {
        beforeRetry: async ({ headers }) => {
          await Promise.resolve();
          headers.set('authorization', 'Bearer new');
        },
      },
    });
    for (const instance of [old, own]) {
      expect(await ending([401, 200], instance, { headers: { authorization: 'Bearer old' } })).toBe(
        '200 after 2',
      );
      expect(requests().map(({ authorization }) => authorization)).toEqual(['Bearer old', 'Bearer new']);
    }
  });

  test('may send the retry elsewhere there: here an adapter does, which sees each attempt', async () => {
    const send = getAdapter('http');
    const sentTo: string[] = [];
    const end = await ending([503, 200], ours(), {
      adapter: async (config) => {
        sentTo.push(sentTo.length === 0 ? 'first' : 'second');
        return send({ ...config, url: `${config.url}${sentTo.at(-1)}` });
      },
    });
    expect(end).toBe('200 after 2');
    expect(sentTo).toEqual(['first', 'second']);
  });
});

describe('onMaxRetryTimesExceeded', () => {
  test('is onGiveUp with the reason attempts_exhausted; the error comes to the caller', async () => {
    const old = vi.fn<(...told: unknown[]) => void>();
    await ending([503], theirs({ retries: 2, onMaxRetryTimesExceeded: (_error, count) => old(count) }));
    expect(old.mock.calls).toEqual([[2]]);
    const own = vi.fn<(...told: unknown[]) => void>();
    const onGiveUp: RetryHooks['onGiveUp'] = ({ statistics: { attempts, reason } }) =>
      own(attempts.length - 1, reason);
    await ending([503], ours({ maxAttempts: 3, hooks: { onGiveUp } }));
    expect(own.mock.calls).toEqual([[2, 'attempts_exhausted']]);
  });

  test('may throw another error there: here a response interceptor does, once for each request', async () => {
    const instance = ours();
    instance.interceptors.response.use(null, (error: AxiosError) => {
      if (error.retry?.reason === 'attempts_exhausted') throw new Error('try again later', { cause: error });
      throw error;
    });
    await expect(instance.get(script(503))).rejects.toThrow('try again later');
    await expect(instance.get(script(404))).rejects.toMatchObject({ response: { status: 404 } });
  });
});

describe('validateResponse', () => {
  const later = { body: { later: true } };

  test('by the status: validateStatus', async () => {
    const old = theirs({ validateResponse: ({ status }) => status < 500 });
    expect(await ending([503, 404], old)).toBe('404 after 2');
    expect(await ending([503, 404], ours(), { validateStatus: (status) => status < 500 })).toBe(
      '404 after 2',
    );
  });

  test('by the body: shouldRetry', async () => {
    const old = theirs({
      validateResponse: ({ data }: AxiosResponse<unknown>) => !isLater(data),
      retryCondition: () => true,
    });
    expect(await ending([later, later, {}], old)).toBe('200 after 3');
    expect(await ending([later, later, {}], ours({ shouldRetry: retryLater }))).toBe('200 after 3');
    // In the end an error there; here the last response, or an error on request.
    expect(await ending([later], old)).toBe('ERR_BAD_RESPONSE 200 after 4');
    expect(await ending([later], ours({ maxAttempts: 4, shouldRetry: retryLater }))).toBe('200 after 4');
    await expect(
      ours({ shouldRetry: retryLater, throwOnExhausted: true }).get(script(later)),
    ).rejects.toThrow(RetryExhaustedError);
  });
});

describe('interceptors, transforms and the config', () => {
  test('run again with every attempt there, and once here', async () => {
    const old = theirs();
    const oldCounts = counting(old);
    await ending([503, 503, 200], old);
    expect(oldCounts).toEqual({ request: 3, response: 3, error: 0 });
    const own = ours();
    const ownCounts = counting(own);
    await ending([503, 503, 200], own);
    expect(ownCounts).toEqual({ request: 1, response: 1, error: 0 });
  });

  test('transformResponse runs once, on the response that the caller gets', async () => {
    const transformResponse = vi.fn<(data: unknown) => unknown>((data) => data);
    await ending([{ status: 503 }, 200], ours({ statusCodes: [503] }), { transformResponse });
    expect(transformResponse).toHaveBeenCalledTimes(1);
  });

  test('an abort ends the wait at once, with the error of axios', async () => {
    for (const attach of [waitingOld, waitingOwn]) {
      const controller = new AbortController();
      const instance = attach(() => controller.abort());
      expect(await ending([503], instance, { signal: controller.signal })).toBe('ERR_CANCELED after 1');
    }
  });
});

test('the ids that it returns are for eject: ours is detach()', async () => {
  const old = create();
  const ids = axiosRetry(old);
  old.interceptors.request.eject(ids.requestInterceptorId);
  old.interceptors.response.eject(ids.responseInterceptorId);
  const own = create({ baseURL: ours().getUri() });
  attachRetry(own).detach();
  expect(await ending([503], own)).toBe('ERR_BAD_RESPONSE 503 after 1');
});
