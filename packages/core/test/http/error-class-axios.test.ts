import { describe, expect, it } from 'vitest';

import { classifyHttp, createRetryEngine } from '../../src/index.ts';
import type { FailureClass } from '../../src/index.ts';

const { policy } = createRetryEngine();
const axiosError = (code: string, message: string, more: object = {}): Error =>
  Object.assign(new Error(message), { name: 'AxiosError', isAxiosError: true, code, ...more });
const failed = (cause: Error): Error => new TypeError('fetch failed', { cause });

describe('the codes of axios', () => {
  it.each<[string, Error, FailureClass]>([
    ['its timeout', axiosError('ECONNABORTED', 'timeout of 50ms exceeded'), 'timeout'],
    ['its timeout, clarified', axiosError('ETIMEDOUT', 'timeout of 50ms exceeded'), 'timeout'],
    ['its timeout, by fetch in axios 1.7', axiosError('ETIMEDOUT', 'timeout 50 of ms exceeded'), 'timeout'],
    [
      'its timeout, in words of the caller',
      axiosError('ECONNABORTED', 'too slow', { config: { timeoutErrorMessage: 'too slow' } }),
      'timeout',
    ],
    ['a request that the browser aborted', axiosError('ECONNABORTED', 'Request aborted'), 'transport'],
    ['a network fault', axiosError('ERR_NETWORK', 'Network Error'), 'transport'],
    [
      'a network fault with its cause',
      axiosError('ERR_NETWORK', 'Network Error', {
        cause: failed(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })),
      }),
      'connection',
    ],
    [
      'a network fault with a cause that has a name but no code',
      axiosError('ERR_NETWORK', 'Network Error', {
        cause: Object.assign(new Error('lost'), { name: 'NetworkError' }),
      }),
      'transport',
    ],
    [
      'a rule of fetch that was broken',
      axiosError('ERR_NETWORK', 'Network Error', { cause: new Error('bad port') }),
      'permanent',
    ],
    ['a cancellation', axiosError('ERR_CANCELED', 'canceled'), 'aborted'],
    [
      'too many redirects',
      axiosError('ERR_FR_TOO_MANY_REDIRECTS', 'Maximum number of redirects exceeded'),
      'permanent',
    ],
    [
      'a body beyond the limit',
      axiosError('ERR_BAD_REQUEST', 'Request body larger than maxBodyLength limit'),
      'permanent',
    ],
    [
      'a response beyond the limit',
      axiosError('ERR_BAD_RESPONSE', 'maxContentLength size of 10 exceeded'),
      'permanent',
    ],
    [
      'a body that broke off after a 200',
      axiosError('ERR_BAD_RESPONSE', 'stream has been aborted', { response: { status: 200, headers: {} } }),
      'transport',
    ],
    [
      'a body that broke off, in the words of axios 1.7',
      axiosError('ERR_BAD_RESPONSE', 'maxContentLength size of -1 exceeded'),
      'transport',
    ],
    ['no adapter', axiosError('ERR_NOT_SUPPORT', 'no adapter'), 'permanent'],
    ['an invalid URL', axiosError('ERR_INVALID_URL', 'Invalid URL'), 'permanent'],
    ['a bad option', axiosError('ERR_BAD_OPTION_VALUE', 'option'), 'permanent'],
    ['a bad option name', axiosError('ERR_BAD_OPTION', 'option'), 'permanent'],
    ['a deprecated option', axiosError('ERR_DEPRECATED', 'option'), 'permanent'],
    [
      'a status that was refused',
      axiosError('ERR_BAD_RESPONSE', 'Request failed with status code 503', {
        response: { status: 503, headers: {} },
      }),
      'transient',
    ],
    [
      'a 200 that was refused',
      axiosError('ERR_BAD_RESPONSE', 'Request failed with status code 200', {
        response: { status: 200, headers: {} },
      }),
      'permanent',
    ],
  ])('%s', (_, error, failureClass) => {
    expect(classifyHttp({ kind: 'error', error }, { method: 'GET' }, policy).failureClass).toBe(failureClass);
  });

  it("are the user's to decide", () => {
    const own = createRetryEngine({ errorCodes: { ECONNABORTED: 'permanent' } }).policy;
    const error = axiosError('ECONNABORTED', 'timeout of 50ms exceeded');
    expect(classifyHttp({ kind: 'error', error }, { method: 'GET' }, own).failureClass).toBe('permanent');
  });
});
