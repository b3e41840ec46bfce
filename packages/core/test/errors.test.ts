import { runInNewContext } from 'node:vm';

import { describe, expect, it } from 'vitest';

import {
  AttemptTimeoutError,
  BodyNotReplayableError,
  completeError,
  describeValue,
  OperationTimeoutError,
  RetryConfigError,
  RetryError,
  RetryExhaustedError,
} from '../src/errors.ts';
import type { RequestStatistics } from '../src/record.ts';

const statistics: RequestStatistics = {
  id: 'op-1',
  key: '',
  result: 'timeout',
  reason: 'operation_timeout',
  attempts: [],
  totalTime: 0,
  totalDelay: 0,
};
const cause = new Error('why');
const details = { cause, response: { status: 503 }, statistics };

describe('every error of ours', () => {
  it.each([
    ['RetryConfigError', 'TENAX_CONFIG', new RetryConfigError('path', 1, 'another', details)],
    ['RetryExhaustedError', 'TENAX_EXHAUSTED', new RetryExhaustedError('no more', details)],
    ['AttemptTimeoutError', 'TENAX_ATTEMPT_TIMEOUT', new AttemptTimeoutError(1500, details)],
    ['OperationTimeoutError', 'TENAX_OPERATION_TIMEOUT', new OperationTimeoutError(1500, details)],
    ['BodyNotReplayableError', 'TENAX_BODY_NOT_REPLAYABLE', new BodyNotReplayableError('gone', details)],
    ['RetryError', 'TENAX_RESUME_REFUSED', new RetryError('TENAX_RESUME_REFUSED', 'changed', details)],
  ])('%s has a stable code, a name, the original as its cause, and statistics', (name, code, error) => {
    expect(error).toBeInstanceOf(RetryError);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name, code, statistics, response: { status: 503 } });
    expect(error.cause).toBe(cause);
    expect(String(error)).toMatch(new RegExp(`^${name}: .`));
  });

  it('has no `cause` where there is none', () => {
    expect('cause' in new RetryExhaustedError('no more')).toBe(false);
  });

  it('has a cause that is undefined where that was thrown', () => {
    expect('cause' in new RetryExhaustedError('no more', { cause: undefined })).toBe(true);
  });

  it.each([
    [new AttemptTimeoutError(1500), 'No response within the attempt timeout of 1500 ms'],
    [new OperationTimeoutError(1500), 'No success within the operation timeout of 1500 ms'],
    [new RetryConfigError('', 1, 'another'), 'options: given 1, accepted: another'],
    [new RetryConfigError('a.b', 'x', 'another'), 'a.b: given "x", accepted: another'],
  ])('%s', (error, message) => {
    expect(error.message).toBe(message);
  });
});

describe('an error that was made before its operation ended', () => {
  it('gets its statistics when that ends, once', () => {
    const error = new AttemptTimeoutError(1);
    expect(error.statistics).toBeUndefined();
    completeError(error, statistics);
    expect(error.statistics).toBe(statistics);
    completeError(error, { ...statistics, id: 'op-2' });
    expect(error.statistics).toBe(statistics);
  });
});

describe('a value in a message is short, and never fails', () => {
  it.each([
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a number', 1.5, '1.5'],
    ['NaN', NaN, 'NaN'],
    ['-0', -0, '-0'],
    ['a bigint', 5n, '5n'],
    ['a symbol', Symbol('x'), 'Symbol(x)'],
    ['a boolean', false, 'false'],
    ['a string', 'a "b"', String.raw`"a \"b\""`],
    ['a long string', 'x'.repeat(1000), `"${'x'.repeat(79)}…`],
    ['an array', [1, 'a'], '[1,"a"]'],
    ['an object', { a: 1 }, '{"a":1}'],
    ['an object without a prototype', Object.create(null), '{}'],
    ['a large object', { a: 'x'.repeat(1000) }, `{"a":"${'x'.repeat(74)}…`],
    ['a function', describeValue, 'function describeValue'],
    [
      'a function without a name',
      (
        () => () =>
          undefined
      )(),
      'a function',
    ],
    [
      'a function whose name is no text',
      Object.defineProperty(() => undefined, 'name', { value: Symbol('name') }),
      'a function',
    ],
    ['an instance', new URLSearchParams(), 'an instance of URLSearchParams'],
    ['a promise', Promise.resolve(), 'an instance of Promise'],
    ['an object that says nothing of itself', { toJSON: () => undefined }, 'an object'],
    ['an object of another realm', runInNewContext('new Map()'), 'an instance of Map'],
  ])('%s', (_, value, text) => {
    expect(describeValue(value)).toBe(text);
  });

  it('EDGE 11: a circle, or a getter that throws', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    const trap = {
      get constructor(): never {
        throw new Error('trap');
      },
    };
    expect(describeValue(circle)).toBe('an object');
    expect(describeValue(trap)).toBe('an object');
  });
});

describe('a refusal tells no secret', () => {
  it.each<readonly [path: string, given: unknown, text: string]>([
    ['headers', { authorization: 'Bearer s3cret', accept: '*/*' }, '{"authorization":"…","accept":"*/*"}'],
    ['headers', [['x-key', 'Bearer s3cret']], '[["x-key","…"]]'],
    ['instance', { headers: { common: { Cookie: 'sid=s3cret' } } }, '{"headers":{"common":{"Cookie":"…"}}}'],
    ['headers', [['authorization', 's3cret']], '"…"'],
    ['headers', ['authorization', 's3cret'], '"…"'],
    ['headers', { 'x-api-key': ['s3cret'] }, '{"x-api-key":"…"}'],
    ['tokens', { mine: 's3cret' }, '…'],
    ['password', 12_345, '…'],
    ['authorization', 'Basic s3cret', '…'],
    ['apiKey', 's3cret', '…'],
    ['', 'https://me:s3cret@example.com/a?token=s3cret', '"https://example.com/a"'],
    ['url', 'https://example.com/a?token=s3cret', '"https://example.com/a"'],
    ['baseDelay', '100ms', '"100ms"'],
  ])('%s', (path, given, text) => {
    expect(new RetryConfigError(path, given, 'something else').given).toBe(text);
  });
});
