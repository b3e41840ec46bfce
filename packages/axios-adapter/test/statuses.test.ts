// What counts as a failure: `validateStatus` first, then the policy, then `shouldRetry`, which sees parsed data.
import type { Outcome } from '@tenax/core';
import { AxiosError, isCancel } from 'axios';
import type { AxiosAdapter, AxiosHeaders } from 'axios';
import { describe, expect, it, vi } from 'vitest';

import {
  flakyServer,
  ok,
  silence,
  status,
  unavailable,
} from '../../fetch-adapter/test/servers/flaky-server.ts';
import { ADAPTERS, attached, failureOf } from './servers/attached.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const tryLater = status(200, JSON_TYPE, '{"state":"try later"}');
const done = status(200, JSON_TYPE, '{"state":"done"}');

describe.each(ADAPTERS)('validateStatus with the %s adapter', (adapter) => {
  it.each([
    ['null', null],
    ['() => true', () => true],
    ['one that accepts 503', (code: number) => code === 503],
  ])('EDGE 32: %s makes a 503 a success, not a retry', async (_, validateStatus) => {
    await using server = await flakyServer(unavailable);
    const response = await attached({}, { adapter }).get(server.url, { validateStatus });
    expect([response.status, server.requests.length]).toEqual([503, 1]);
    expect(response.retry).toMatchObject({ result: 'success', reason: 'success' });
  });

  it('that rejects a 200: permanent, as it is no retryable status', async () => {
    await using server = await flakyServer(ok);
    const error = await failureOf(attached({}, { adapter }).get(server.url, { validateStatus: () => false }));
    expect([error.response?.status, server.requests.length]).toEqual([200, 1]);
    expect(error.retry?.reason).toBe('permanent_failure');
    // The status alone would not say what was wrong.
    expect(error.retry?.attempts).toMatchObject([{ status: 200, error: { name: 'AxiosError' } }]);
  });

  it('that rejects a 200 is retried when the policy says so', async () => {
    await using server = await flakyServer(ok);
    const instance = attached({ statusCodes: [200] }, { adapter });
    await failureOf(instance.get(server.url, { validateStatus: () => false }));
    expect(server.requests).toHaveLength(3);
  });
});

describe('statuses', () => {
  it.each([
    ['GET', 503, 3],
    ['GET', 404, 1],
    ['GET', 501, 1],
    ['GET', 999, 1],
    ['DELETE', 500, 3],
    ['POST', 503, 1],
    ['PATCH', 502, 1],
    ['POST', 429, 3],
    ['POST', 425, 3],
  ])('%s %d is sent %d times', async (method, code, times) => {
    await using server = await flakyServer(status(code));
    const error = await failureOf(attached().request({ url: server.url, method }));
    expect([server.requests.length, error.response?.status]).toEqual([times, code]);
  });

  it('Retry-After is read from the response in the error', async () => {
    await using server = await flakyServer(status(429, { 'retry-after-ms': '3' }), ok);
    const response = await attached().get(server.url);
    expect(response.retry?.attempts[0]?.hint).toBe(3);
    expect(response.retry?.attempts[1]?.delayBefore).toBeGreaterThanOrEqual(2);
  });

  it('EDGE "a server hint of 9,999,999 s" ends the operation with that response', async () => {
    await using server = await flakyServer(status(429, { 'retry-after': '9999999' }));
    const error = await failureOf(attached().get(server.url));
    expect([error.response?.status, server.requests.length]).toEqual([429, 1]);
    expect(error.retry?.reason).toBe('retry_after_exceeds_max');
  });
});

describe('shouldRetry', () => {
  it('sees the parsed data of a 200, and transformResponse still runs once for the caller', async () => {
    await using server = await flakyServer(tryLater, tryLater, done);
    const instance = attached({
      shouldRetry: (outcome) =>
        outcome.kind === 'response' &&
        (outcome.data?.() as { state: string } | undefined)?.state === 'try later',
    });
    const response = await instance.get<{ state: string }>(server.url);
    expect(response.data).toEqual({ state: 'done' });
    expect(response.retry?.attempts.map(({ reason }) => reason)).toEqual([
      'should_retry',
      'should_retry',
      'success',
    ]);
  });

  it('gives the caller the last 200 when attempts run out, parsed', async () => {
    await using server = await flakyServer(tryLater);
    const response = await attached({ shouldRetry: () => true }).get(server.url);
    expect([response.status, response.data]).toEqual([200, { state: 'try later' }]);
    expect(response.retry?.result).toBe('retry_exhausted');
  });

  it('does not transform unless it asks, and what it changes is its own', async () => {
    await using server = await flakyServer(done);
    let transformed = 0;
    const transformResponse = (data: string): unknown => {
      transformed += 1;
      return JSON.parse(data);
    };
    const untouched = await attached({ shouldRetry: () => undefined }).get(server.url, { transformResponse });
    expect([untouched.data, transformed]).toEqual([{ state: 'done' }, 1]);
    const spoiling = (outcome: Outcome): undefined => {
      if (outcome.kind === 'response') Object.assign(outcome.data?.() as object, { state: 'spoiled' });
    };
    const response = await attached({ shouldRetry: spoiling }).get(server.url, { transformResponse });
    expect(response.data).toEqual({ state: 'done' });
  });

  it('sees the data of the response in an error', async () => {
    await using server = await flakyServer(status(400, JSON_TYPE, '{"temporary":true}'), done);
    const instance = attached({
      shouldRetry: (outcome) =>
        outcome.kind === 'error' &&
        (outcome.response?.data?.() as { temporary: boolean } | undefined)?.temporary === true,
    });
    expect((await instance.get(server.url)).data).toEqual({ state: 'done' });
  });

  it.each(ADAPTERS)('finds in the error what the caller would, with the %s adapter', async (adapter) => {
    await using server = await flakyServer(status(400, JSON_TYPE, '{"temporary":true}'));
    let transformed = 0;
    const transformResponse = (text: string): unknown => {
      transformed += 1;
      return JSON.parse(text);
    };
    const isTemporary = (error: unknown): boolean =>
      (error as AxiosError<{ temporary: boolean }>).response?.data.temporary === true;
    const shouldRetry = (outcome: Outcome): boolean => outcome.kind === 'error' && isTemporary(outcome.error);
    const instance = attached({ shouldRetry }, { adapter });
    const error = await failureOf(instance.get(server.url, { transformResponse }));
    expect(error.response).toMatchObject({ status: 400, data: { temporary: true } });
    // Once for each question, and once for the caller.
    expect([server.requests.length, transformed]).toEqual([3, 4]);
    expect(Object.getOwnPropertyDescriptor(error.response, 'data')).toHaveProperty('value');
    await failureOf(attached({ retryableErrors: [isTemporary] }, { adapter }).get(server.url));
    expect(server.requests).toHaveLength(6);
  });

  it('finds the body as it came in the error where the transforms refuse it', async () => {
    await using server = await flakyServer(status(503, JSON_TYPE, '<html>'));
    const transformResponse = (text: string): unknown => JSON.parse(text);
    const isPage = (error: unknown): boolean => (error as AxiosError).response?.data === '<html>';
    const shouldRetry = (outcome: Outcome): boolean => outcome.kind === 'error' && !isPage(outcome.error);
    const once = [attached({ shouldRetry }), attached({ nonRetryableErrors: [isPage] })];
    for (const instance of once) await instance.get(server.url, { transformResponse }).catch(() => undefined);
    expect(server.requests).toHaveLength(2);
  });

  it('has the headers transformed as for the caller, also those of a mock', async () => {
    const headers = { 'X-State': 'later' };
    const adapter: AxiosAdapter = async (config) => {
      return { status: 200, statusText: '', headers, data: '{}', config };
    };
    const seen: unknown[] = [];
    const transformResponse = (_: string, given: AxiosHeaders): unknown => given.get('x-state');
    const shouldRetry = (outcome: Outcome): undefined =>
      void (outcome.kind === 'response' && seen.push(outcome.data?.()));
    const instance = attached({ shouldRetry }, { adapter });
    const { data } = await instance.get<unknown>('http://127.0.0.1/', { transformResponse });
    expect([seen, data]).toEqual([['later'], 'later']);
  });

  it('may freeze what it finds in the error', async () => {
    await using server = await flakyServer(status(503, JSON_TYPE, 'no JSON'), done);
    const shouldRetry = (outcome: Outcome): undefined =>
      void (outcome.kind === 'error' && Object.freeze((outcome.error as AxiosError).response));
    const transformResponse = (text: string): unknown => JSON.parse(text);
    const response = await attached({ shouldRetry }).get(server.url, { transformResponse });
    expect([response.data, server.requests.length]).toEqual([{ state: 'done' }, 2]);
  });

  it('finds the stream in the error, which nobody transforms to discard it', async () => {
    await using server = await flakyServer(unavailable, ok);
    const transformResponse = vi.fn<(data: unknown) => unknown>((data) => data);
    const instance = attached({ shouldRetry: () => undefined });
    await instance.get(server.url, { responseType: 'stream', transformResponse });
    expect([server.requests.length, transformResponse.mock.calls.length]).toEqual([2, 1]);
  });

  it.each(ADAPTERS)(
    'reads text and JSON, whatever the caller asked for, with the %s adapter',
    async (adapter) => {
      await using server = await flakyServer(done);
      const seen: unknown[] = [];
      const shouldRetry = async (outcome: Outcome): Promise<undefined> => {
        if (outcome.kind === 'response') seen.push(await outcome.text(), await outcome.json());
      };
      const instance = attached({ shouldRetry }, { adapter });
      await instance.get(server.url);
      const { data } = await instance.get<ArrayBuffer>(server.url, { responseType: 'arraybuffer' });
      expect(Buffer.from(data).toString()).toBe('{"state":"done"}');
      expect(seen).toEqual(['{"state":"done"}', { state: 'done' }, '{"state":"done"}', { state: 'done' }]);
    },
  );

  it('has the data transformed as axios does it: on the config, with headers and status', async () => {
    await using server = await flakyServer(done, status(201, JSON_TYPE, '{}'));
    const seen: unknown[] = [];
    function transformResponse(this: object, data: unknown, headers: object, code?: number): unknown {
      seen.push([(this as { url?: string }).url, (headers as Record<string, string>)['content-type'], code]);
      return data;
    }
    const shouldRetry = (outcome: Outcome): undefined => void (outcome as { data?(): unknown }).data?.();
    for (let count = 0; count < 2; count += 1)
      await attached({ shouldRetry }).get(server.url, { transformResponse });
    const [type] = Object.values(JSON_TYPE);
    const [first, second] = [200, 201].map((code) => [server.url, type, code]);
    expect(seen).toEqual([first, first, second, second]);
  });

  it('that throws because transformResponse does leaves the built-in verdict', async () => {
    await using server = await flakyServer(status(200, JSON_TYPE, 'no JSON'));
    const instance = attached({ shouldRetry: (outcome) => Boolean((outcome as { data(): unknown }).data()) });
    const transitional = { silentJSONParsing: false };
    const error = await failureOf(instance.get(server.url, { responseType: 'json', transitional }));
    expect(error.name).toBe('SyntaxError');
    expect(error).toBeInstanceOf(AxiosError);
    expect(server.requests).toHaveLength(1);
  });

  it('EDGE "the cap on attempts always wins"', async () => {
    await using server = await flakyServer(status(404));
    await failureOf(attached({ shouldRetry: () => true, maxAttempts: 2 }).get(server.url));
    expect(server.requests).toHaveLength(2);
  });

  it('EDGE 1: an abort while it thinks ends the request', async () => {
    await using server = await flakyServer(unavailable);
    const controller = new AbortController();
    const shouldRetry = async (): Promise<boolean> => {
      controller.abort();
      return new Promise(() => undefined);
    };
    const error = await failureOf(attached({ shouldRetry }).get(server.url, { signal: controller.signal }));
    expect(isCancel(error)).toBe(true);
  });
});

describe('throwOnExhausted', () => {
  it('wraps the last error', async () => {
    await using server = await flakyServer(unavailable);
    const error = await failureOf(attached({ throwOnExhausted: true }).get(server.url));
    expect(error).toMatchObject({ name: 'RetryExhaustedError', code: 'TENAX_EXHAUSTED' });
    expect(error.cause).toBeInstanceOf(AxiosError);
    expect(error.retry?.attempts).toHaveLength(3);
  });

  it.each([
    ['attempts', {}],
    ['the time for another wait', { baseDelay: 1000, jitter: 'none', timeout: 500 }],
  ] as const)(
    'has the body in the last error transformed, once, when there are no more %s',
    async (_, options) => {
      await using server = await flakyServer(status(503, JSON_TYPE, '{"state":"try later"}'));
      const transformResponse = vi.fn<(text: string) => unknown>((text) => JSON.parse(text));
      const instance = attached({ throwOnExhausted: true, ...options });
      const error = await failureOf(instance.get(server.url, { transformResponse }));
      expect(error.cause).toMatchObject({ response: { status: 503, data: { state: 'try later' } } });
      expect(transformResponse).toHaveBeenCalledOnce();
    },
  );

  it('leaves the error of another request alone, which has its own transforms', async () => {
    await using server = await flakyServer(status(503, JSON_TYPE, '{"of":{"of":"login"}}'));
    const transformResponse = (data: string | { of: unknown }): unknown =>
      typeof data === 'string' ? JSON.parse(data) : data.of;
    const login = attached({ throwOnExhausted: true });
    const adapter: AxiosAdapter = async () => await login.get(server.url, { transformResponse });
    const error = await failureOf(attached({}, { adapter }).get('http://127.0.0.1/', { transformResponse }));
    expect(error.cause).toMatchObject({ response: { data: { of: { of: 'login' } } } });
  });

  it('leaves a body as it came that the transforms refuse', async () => {
    await using server = await flakyServer(status(503, JSON_TYPE, '<html>'));
    const transformResponse = (text: string): unknown => JSON.parse(text);
    const error = await failureOf(
      attached({ throwOnExhausted: true }).get(server.url, { transformResponse }),
    );
    expect(error).toMatchObject({ code: 'TENAX_EXHAUSTED', cause: { response: { data: '<html>' } } });
  });

  it('is no success with an attempt that never ends', async () => {
    await using server = await flakyServer(silence);
    const instance = attached({ throwOnExhausted: true, attemptTimeout: 20, maxAttempts: 2 });
    const error = await failureOf(instance.get(server.url));
    expect(error.cause).toMatchObject({ code: 'TENAX_ATTEMPT_TIMEOUT' });
  });
});
