// Every code of axios, and what it means: with the errors that axios itself makes, where it can be made to.
import type { FailureClass } from '@tenax/core';
import axios, { AxiosError } from 'axios';
import type { AxiosAdapter, AxiosRequestConfig } from 'axios';
import { describe, expect, it } from 'vitest';

import { flakyServer, ok, silence } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { ADAPTERS, attached, failureOf } from './servers/attached.ts';

/** The failure class that a request ended with. */
async function classOf(
  config: AxiosRequestConfig,
): Promise<[code: string | undefined, FailureClass | undefined]> {
  const error = await failureOf(attached({ maxAttempts: 1 }).request(config));
  return [error.code, error.retry?.attempts.at(-1)?.failureClass];
}

const throwing =
  (message: string, code: string, cause?: unknown): AxiosAdapter =>
  async (config) => {
    const error = new AxiosError(message, code, config);
    if (cause !== undefined) error.cause = cause as Error;
    return Promise.reject(error);
  };

const CONSTRUCTED: [code: string, message: string, failureClass: FailureClass][] = [
  [AxiosError.ERR_NETWORK, 'Network Error', 'transport'],
  [AxiosError.ECONNABORTED, 'Request aborted', 'transport'],
  [AxiosError.ECONNABORTED, 'timeout of 20ms exceeded', 'timeout'],
  [AxiosError.ETIMEDOUT, 'timeout of 20ms exceeded', 'timeout'],
  [AxiosError.ETIMEDOUT, 'read ETIMEDOUT', 'transport'],
  [AxiosError.ERR_CANCELED, 'canceled', 'aborted'],
  [AxiosError.ERR_BAD_RESPONSE, 'maxContentLength size of 10 exceeded', 'permanent'],
  [AxiosError.ERR_BAD_RESPONSE, 'stream has been aborted', 'transport'],
  [AxiosError.ERR_BAD_REQUEST, 'Unsupported protocol ftp:', 'permanent'],
  [AxiosError.ERR_BAD_OPTION, 'Unknown option', 'permanent'],
  [AxiosError.ERR_BAD_OPTION_VALUE, 'option must be a function', 'permanent'],
  [AxiosError.ERR_FR_TOO_MANY_REDIRECTS, 'Maximum number of redirects exceeded', 'permanent'],
  [AxiosError.ERR_DEPRECATED, 'option has been removed', 'permanent'],
  [AxiosError.ERR_NOT_SUPPORT, 'Response type is not supported', 'permanent'],
  [AxiosError.ERR_INVALID_URL, 'Invalid URL', 'permanent'],
  ['ERR_FR_MAX_BODY_LENGTH_EXCEEDED', 'Request body larger than maxBodyLength limit', 'permanent'],
  ['ERR_FR_REDIRECTION_FAILURE', 'Redirected request failed: not there', 'permanent'],
  ['ECONNREFUSED', 'connect ECONNREFUSED', 'connection'],
  ['ENOTFOUND', 'getaddrinfo ENOTFOUND', 'connection'],
  ['ECONNRESET', 'socket hang up', 'transport'],
  ['EPIPE', 'write EPIPE', 'transport'],
  ['CERT_HAS_EXPIRED', 'certificate has expired', 'permanent'],
];

describe('the code of an error', () => {
  it.each(CONSTRUCTED)('%s, "%s": %s', async (code, message, failureClass) => {
    const config = { url: 'http://127.0.0.1/', adapter: throwing(message, code) };
    expect(await classOf(config)).toEqual([code, failureClass]);
  });

  it('there is no code of axios without a class', () => {
    const codes = Object.keys(AxiosError).filter((name) => /^E[A-Z_]+$/u.test(name));
    const known = CONSTRUCTED.map(([code]) => code);
    const late = ['ERR_FORM_DATA_DEPTH_EXCEEDED'];
    expect(codes.filter((code) => !known.includes(code) && !late.includes(code))).toEqual([]);
  });

  it.each<[cause: object, FailureClass]>([
    [{ code: 'ECONNREFUSED' }, 'connection'],
    [{ code: 'ENOTFOUND' }, 'connection'],
    [{ code: 'CERT_HAS_EXPIRED' }, 'permanent'],
    [new TypeError('Failed to fetch'), 'transport'],
    [new TypeError('Load failed'), 'transport'],
  ])('ERR_NETWORK is explained by its cause: %o, %s', async (cause, failureClass) => {
    const adapter = throwing('Network Error', 'ERR_NETWORK', cause);
    expect(await classOf({ url: 'http://127.0.0.1/', adapter })).toEqual(['ERR_NETWORK', failureClass]);
  });

  it('errorCodes has the last word', async () => {
    const instance = attached({ errorCodes: { ERR_NETWORK: 'permanent' } });
    const adapter = throwing('Network Error', 'ERR_NETWORK');
    const error = await failureOf(instance.get('http://127.0.0.1/', { adapter }));
    expect(error.retry?.attempts).toHaveLength(1);
  });
});

describe.each(ADAPTERS)('a real error of the %s adapter', (adapter) => {
  it('a timeout', async () => {
    await using server = await flakyServer(silence);
    const [code, failureClass] = await classOf({ url: server.url, adapter, timeout: 20 });
    expect(code).toMatch(/ECONNABORTED|ETIMEDOUT/u);
    expect(failureClass).toBe('timeout');
  });

  it.each([true, false])(
    'a timeout in words of the caller, with clarifyTimeoutError: %s',
    async (clarifyTimeoutError) => {
      await using server = await flakyServer(silence);
      const timeoutErrorMessage = 'The service is slow';
      const transitional = { clarifyTimeoutError };
      const config = { url: server.url, adapter, timeout: 20, timeoutErrorMessage, transitional };
      expect((await classOf(config))[1]).toBe('timeout');
    },
  );

  it('nobody listens, for a POST too', async () => {
    const server = await flakyServer(ok);
    await server[Symbol.asyncDispose]();
    expect((await classOf({ url: server.url, adapter, method: 'post' }))[1]).toBe('connection');
  });

  it('an invalid URL', async () => {
    expect((await classOf({ url: 'http://[', adapter }))[1]).toBe('permanent');
  });

  it('no such data URL scheme or protocol is sent to a network', async () => {
    const error = await failureOf(axios.get('ftp://127.0.0.1/', { adapter }));
    expect(error.response).toBeUndefined();
  });
});
