import { afterEach, describe, expect, it, vi } from 'vitest';

import { RetryExhaustedError } from '../../src/errors.ts';
import { classifyHttp, responseOf } from '../../src/http/classify.ts';
import { resolvePolicy } from '../../src/policy.ts';
import type { RetryPolicy } from '../../src/policy.ts';
import { coded, failure } from './outcomes.ts';

const policy = resolvePolicy({});
const get = { method: 'GET' };
const post = { method: 'POST' };
const keyedPost = { method: 'POST', hasIdempotencyKey: true };

const classify = (error: unknown, own: RetryPolicy, request: { method?: string } = get): unknown =>
  classifyHttp(failure(error), request, own);

afterEach(() => void vi.restoreAllMocks());

describe('the class of an error decides who may send again', () => {
  it.each([
    ['connection', 'ECONNREFUSED', 'connection_error', true],
    ['transport', 'ECONNRESET', 'transport_error', false],
    ['timeout', 'UND_ERR_HEADERS_TIMEOUT', 'attempt_timeout', false],
    ['throttled', 'SlowDown', 'throttled', false],
    ['transient', 'ELSE', 'transient_error', false],
  ] as const)('%s: idempotent requests, and POST only when nothing was sent', (...row) => {
    const [failureClass, code, reason, postToo] = row;
    const own = resolvePolicy({ errorCodes: { SlowDown: 'throttled' } });
    const retried = { failureClass, retryable: true, reason };
    expect(classifyHttp(failure(coded(code)), get, own)).toEqual(retried);
    expect(classifyHttp(failure(coded(code)), {}, own)).toEqual(retried);
    expect(classifyHttp(failure(coded(code)), keyedPost, own)).toEqual(retried);
    expect(classifyHttp(failure(coded(code)), post, own)).toEqual(
      postToo ? retried : { failureClass, retryable: false, reason: 'method_not_idempotent' },
    );
  });

  it.each([
    ['permanent', 'CERT_HAS_EXPIRED', 'permanent_failure'],
    ['aborted', 'ABORT_ERR', 'attempt_aborted'],
  ])('%s: nobody', (failureClass, code, reason) => {
    const expected = { failureClass, retryable: false, reason };
    expect(classifyHttp(failure(coded(code)), get, policy)).toEqual(expected);
    expect(classifyHttp(failure(coded(code)), keyedPost, policy)).toEqual(expected);
  });
});

describe('an error that brings a response along is classified by its status', () => {
  it.each([
    ['error.response.status', { response: { status: 503, headers: new Headers({ 'retry-after': '1' }) } }],
    ['error.response.statusCode', { response: { statusCode: 503, headers: { 'retry-after': '1' } } }],
    ['error.status', { status: 503, headers: { 'retry-after': '1' } }],
    ['error.statusCode', { statusCode: 503, headers: new Headers({ 'retry-after': '1' }) }],
    ['a header that is a number', { status: 503, headers: { 'retry-after': 1 } }],
    ['a header in an array', { status: 503, headers: { 'retry-after': ['1'] } }],
    ['headers in the case of the wire', { status: 503, headers: { Date: '', 'Retry-After': '1' } }],
  ])('%s', (_, fields) => {
    const error = Object.assign(new Error('unavailable'), fields);
    expect(classifyHttp(failure(error), get, policy)).toEqual({
      failureClass: 'throttled',
      retryable: true,
      reason: 'throttled',
    });
    expect(responseOf(error)?.headers?.get('retry-after')).toBe('1');
  });

  it('the status wins over the code', () => {
    const error = coded('ECONNRESET', { status: 404 });
    expect(classifyHttp(failure(error), get, policy).failureClass).toBe('permanent');
  });

  it('a thrown Response is one too', () => {
    expect(classifyHttp(failure(new Response(null, { status: 502 })), get, policy)).toMatchObject({
      failureClass: 'transient',
      retryable: true,
    });
  });

  it('an error with a successful status is still a failure', () => {
    const error = Object.assign(new Error('the body is no JSON'), { status: 200 });
    expect(classifyHttp(failure(error), get, policy)).toEqual({
      failureClass: 'permanent',
      retryable: false,
      reason: 'permanent_failure',
    });
  });

  it.each([
    ['a string', '503'],
    ['a fraction', 503.5],
    ['too small', 99],
    ['too large', 600],
    ['NaN', NaN],
  ])('a status that is none, %s, says nothing', (_, status) => {
    expect(responseOf(Object.assign(new Error('odd'), { status }))).toBeUndefined();
  });

  it.each([100, 599])('%i, the end of the range, is a status', (status) => {
    expect(responseOf(Object.assign(new Error('odd'), { status }))).toMatchObject({ status });
  });

  it('the status of a response is one, be it none of HTTP', () => {
    const error = Object.assign(new Error('denied'), { response: { status: 999 } });
    expect(responseOf(error)).toMatchObject({ status: 999 });
    expect(classifyHttp(failure(error), get, policy).failureClass).toBe('permanent');
  });

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['a string', 'broken'],
    ['a number', 503],
    [
      'an error of ours, which has given up on its own',
      new RetryExhaustedError('', { response: { status: 503 } }),
    ],
  ])('EDGE 11: %s brings no response', (_, thrown) => {
    expect(responseOf(thrown)).toBeUndefined();
  });

  it('EDGE 11: a getter that throws brings no response', () => {
    const trap = Object.defineProperty({}, 'response', {
      get: () => {
        throw new Error('trap');
      },
    });
    expect(responseOf(trap)).toBeUndefined();
  });
});

describe('retryableErrors and nonRetryableErrors', () => {
  class Flaky extends Error {}
  class Fatal extends Flaky {}
  const programming = new TypeError('x is not a function');
  it('a class makes its errors retryable, those of subclasses too', () => {
    const own = resolvePolicy({ retryableErrors: [Flaky], errorCodes: { FATAL: 'permanent' } });
    const expected = { failureClass: 'permanent', retryable: true, reason: 'retryable_error' };
    expect(classify(Object.assign(new Flaky(), { code: 'FATAL' }), own)).toEqual(expected);
    expect(classify(Object.assign(new Fatal(), { code: 'FATAL' }), own)).toEqual(expected);
    expect(classify(coded('FATAL'), own)).toMatchObject({ retryable: false });
  });

  it('a predicate makes errors retryable', () => {
    const own = resolvePolicy({ retryableErrors: [(error: unknown) => error === programming] });
    expect(classify(programming, own)).toMatchObject({ retryable: true, reason: 'retryable_error' });
    expect(classify(new TypeError('another'), own)).toMatchObject({ retryable: false });
  });

  it('neither lifts the rule that a POST is not sent twice', () => {
    const own = resolvePolicy({ retryableErrors: [TypeError] });
    expect(classify(programming, own, post)).toEqual({
      failureClass: 'permanent',
      retryable: false,
      reason: 'method_not_idempotent',
    });
  });

  it('what is retried anyway stays what it was: a POST that was never sent is sent again', () => {
    const own = resolvePolicy({ retryableErrors: [Error] });
    expect(classify(coded('ECONNREFUSED'), own, post)).toEqual({
      failureClass: 'connection',
      retryable: true,
      reason: 'connection_error',
    });
    expect(classify(coded('ECONNRESET'), own)).toMatchObject({ reason: 'transport_error' });
  });

  it('nonRetryableErrors end a retryable failure, and keep its class', () => {
    const own = resolvePolicy({ nonRetryableErrors: [Flaky] });
    expect(classify(new Fatal(), own)).toEqual({
      failureClass: 'transient',
      retryable: false,
      reason: 'non_retryable_error',
    });
  });

  it('non-retryable wins over retryable', () => {
    const own = resolvePolicy({ retryableErrors: [Flaky], nonRetryableErrors: [Fatal] });
    expect(classify(new Fatal(), own)).toMatchObject({ retryable: false, reason: 'non_retryable_error' });
    expect(classify(new Flaky(), own)).toMatchObject({ retryable: true });
  });

  it('EDGE 34: neither brings back a request that was cancelled', () => {
    const own = resolvePolicy({ retryableErrors: [Error] });
    const cancelled = Object.assign(new Error('canceled'), { code: 'ERR_CANCELED' });
    const expected = { failureClass: 'aborted', retryable: false, reason: 'attempt_aborted' };
    expect(classify(cancelled, own)).toEqual(expected);
  });

  it('an AbortError can be named: what was called may have a timeout of its own', () => {
    const own = resolvePolicy({
      retryableErrors: [(error: unknown) => error instanceof DOMException && error.name === 'AbortError'],
    });
    const aborted = new DOMException('', 'AbortError');
    expect(classify(aborted, own)).toMatchObject({ retryable: true, reason: 'retryable_error' });
    expect(classify(aborted, resolvePolicy({}))).toMatchObject({ retryable: false });
  });

  it('they are asked about errors that carry a response too', () => {
    const own = resolvePolicy({ retryableErrors: [(error: unknown) => error instanceof Error] });
    const notFound = Object.assign(new Error('not there yet'), { status: 404 });
    expect(classify(notFound, own)).toMatchObject({ retryable: true, reason: 'retryable_error' });
  });

  it('EDGE 10: a predicate that throws counts as no match, with one warning', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const own = resolvePolicy({
      retryableErrors: [
        () => {
          throw new Error('no idea');
        },
      ],
    });
    expect(classify(programming, own)).toMatchObject({ reason: 'permanent_failure' });
    expect(classify(programming, own)).toMatchObject({ reason: 'permanent_failure' });
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it('EDGE 10: a predicate that returns a rejected promise counts as no match, and nothing is unhandled', async () => {
    const rejections: unknown[] = [];
    const record = (reason: unknown): void => void rejections.push(reason);
    process.on('unhandledRejection', record);
    const predicate = (() => Promise.reject(new Error('late'))) as unknown as () => boolean;
    const verdict = classify(programming, resolvePolicy({ retryableErrors: [predicate] }));
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', record);
    expect(verdict).toMatchObject({ reason: 'permanent_failure' });
    expect(rejections).toEqual([]);
  });

  it.each([
    ['a truthy value', 1],
    ['a promise of true', Promise.resolve(true)],
  ])('EDGE 10: a predicate that returns %s is no match: only `true` is', (_, returned) => {
    const predicate = (() => returned) as unknown as () => boolean;
    expect(classify(programming, resolvePolicy({ retryableErrors: [predicate] }))).toMatchObject({
      retryable: false,
    });
  });
});
