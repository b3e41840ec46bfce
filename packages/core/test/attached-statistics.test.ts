import { describe, expect, it } from 'vitest';

import { attachStatistics, getRetryStatistics } from '../src/attached-statistics.ts';
import { RetryExhaustedError } from '../src/errors.ts';
import { Operation } from '../src/operation.ts';
import { resolvePolicy } from '../src/policy.ts';
import { throwing } from './faulty-callbacks.ts';
import { virtualClock } from '../src/testing/virtual-clock.ts';

const endedOperation = (id: string): Operation => {
  const operation = new Operation(resolvePolicy({ clock: virtualClock() }), {}, { id }, 0);
  operation.beginAttempt(0);
  operation.succeed(200, 5);
  return operation;
};

const revokedProxy = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

const hostileProxy = (): object =>
  new Proxy({}, { get: throwing, getPrototypeOf: throwing, isExtensible: throwing, has: throwing });

describe('the statistics beside a result', () => {
  it.each([
    ['an object', {}],
    ['an array', []],
    ['a function', () => undefined],
    ['an error', new Error('x')],
    ['a Response', new Response('x')],
    ['a frozen object', Object.freeze({})],
    ['a sealed error', Object.seal(new Error('x'))],
    ['an object without a prototype', Object.create(null) as object],
    ['a proxy', new Proxy({}, {})],
    ['a proxy that throws when it is looked at', hostileProxy()],
    ['a revoked proxy', revokedProxy()],
  ])('EDGE 11: are found again on %s', (_what, result) => {
    attachStatistics(result, endedOperation('it'));
    expect(getRetryStatistics(result)).toMatchObject({ id: 'it', result: 'success' });
  });

  it('cannot be seen on it', () => {
    const result = {};
    attachStatistics(result, endedOperation('it'));
    expect(Reflect.ownKeys(result)).toEqual([]);
    expect(JSON.stringify(result)).toBe('{}');
    expect(result).toEqual({});
  });

  it.each([undefined, null, 'text', 42, 1n, Symbol('s'), true])(
    'are left out for %s, without fail',
    (result) => {
      expect(() => {
        attachStatistics(result, endedOperation('it'));
      }).not.toThrow();
    },
  );

  it('are unknown for an object that no operation ended with', () => {
    expect(getRetryStatistics({})).toBeUndefined();
    expect(getRetryStatistics(Object.freeze({}))).toBeUndefined();
    expect(getRetryStatistics(undefined as unknown as object)).toBeUndefined();
  });

  it('are those of its cause, for an error that no operation ended with', () => {
    const cause = new Error('refused');
    attachStatistics(cause, endedOperation('it'));
    const error = new TypeError('fetch failed', { cause });
    expect(getRetryStatistics(new Error('no users', { cause: error }))?.id).toBe('it');
    attachStatistics(error, endedOperation('another'));
    expect(getRetryStatistics(error)?.id).toBe('another');
  });

  it('are not those of one among several that it lists, which stand for no more than themselves', () => {
    const one = new Error('refused');
    attachStatistics(one, endedOperation('it'));
    const all = new AggregateError([one, new Error('refused')]);
    expect(getRetryStatistics(all)).toBeUndefined();
    expect(getRetryStatistics(new Error('no mirror', { cause: all }))).toBeUndefined();
    expect(getRetryStatistics({ data: null, errors: [one] })).toBeUndefined();
    expect(getRetryStatistics(new AggregateError([], '', { cause: one }))?.id).toBe('it');
  });

  it('are those of the operation that ended last, for a result that two share', () => {
    const shared = {};
    attachStatistics(shared, endedOperation('first'));
    attachStatistics(shared, endedOperation('second'));
    expect(getRetryStatistics(shared)?.id).toBe('second');
  });

  it('are those of the last, though the result was frozen between', () => {
    const shared = {};
    attachStatistics(shared, endedOperation('first'));
    Object.freeze(shared);
    attachStatistics(shared, endedOperation('second'));
    expect(getRetryStatistics(shared)?.id).toBe('second');
  });

  it('are the same object each time', () => {
    const result = {};
    attachStatistics(result, endedOperation('it'));
    expect(getRetryStatistics(result)).toBe(getRetryStatistics(result));
  });

  it('complete an error of ours that has none', () => {
    const error = new RetryExhaustedError('over');
    attachStatistics(error, endedOperation('first'));
    attachStatistics(error, endedOperation('second'));
    expect(error.statistics?.id).toBe('first');
  });

  it('do not fail on an error of ours that somebody froze', () => {
    const error = Object.freeze(new RetryExhaustedError('over'));
    expect(() => {
      attachStatistics(error, endedOperation('it'));
    }).not.toThrow();
    expect(getRetryStatistics(error)?.id).toBe('it');
  });
});
