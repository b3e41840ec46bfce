import { describe, expect, it } from 'vitest';

import { resolvePolicy } from '../../src/policy.ts';
import { overridePolicy } from '../overridden-policy.ts';
import { refusalOf } from '../refusal.ts';

const DURATION = 'a number of ms of at least 0';
const POSITIVE = 'a number of ms greater than 0; leave it out for none';
const ATTEMPTS = 'a whole number of at least 1, or Infinity together with a timeout';
const STRATEGY =
  "'fixed', 'linear', 'exponential', 'fibonacci' or 'decorrelated', or a function that returns ms";
const JITTER = "'none', 'full', 'equal', or { range } with a range from 0 to 1";
const RANGE = 'a number from 0 to 1';
const METHODS = "an array of method names, such as ['GET', 'PUT']";
const STATUSES = 'an array of statuses from 100 to 599';
const CLASSES =
  'an object from error code to failure class: connection, transport, timeout, throttled, transient, permanent or aborted';
const MATCHERS = 'an array of error classes or predicates';
const VERDICT = 'a function (outcome, context) that returns true, false or undefined, or a promise of it';
const HINTS = 'an object { max, beyond }, or false to ignore hints';
const REPLAY = 'an object { maxBytes }, or false to send streams once';
const BYTES = 'a whole number of bytes of at least 0';
const KEY = 'true, false, or a function of the request that returns a key';
const HOOKS = 'an object of functions: onAttempt, onRetry, beforeRetry, onSuccess, onGiveUp, onCircuitChange';
const CLOCK = 'an object with the functions now(), epoch() and schedule(delay, callback)';

describe('a wrong value is refused with its path, what was given and what is accepted', () => {
  it.each([
    ['maxAttempts', '0', ATTEMPTS, { maxAttempts: 0 }],
    ['maxAttempts', '-1', ATTEMPTS, { maxAttempts: -1 }],
    ['maxAttempts', '1.5', ATTEMPTS, { maxAttempts: 1.5 }],
    ['maxAttempts', 'NaN', ATTEMPTS, { maxAttempts: NaN }],
    ['maxAttempts', '"3"', ATTEMPTS, { maxAttempts: '3' }],
    ['maxAttempts', 'null', ATTEMPTS, { maxAttempts: null }],
    ['strategy', '"quadratic"', STRATEGY, { strategy: 'quadratic' }],
    ['strategy', '2', STRATEGY, { strategy: 2 }],
    ['baseDelay', '-1', DURATION, { baseDelay: -1 }],
    ['baseDelay', 'NaN', DURATION, { baseDelay: NaN }],
    ['baseDelay', 'Infinity', DURATION, { baseDelay: Infinity }],
    ['baseDelay', '"100ms"', DURATION, { baseDelay: '100ms' }],
    ['baseDelay', '100n', DURATION, { baseDelay: 100n }],
    ['throttledBaseDelay', '-1', DURATION, { throttledBaseDelay: -1 }],
    ['maxDelay', '-1', DURATION, { maxDelay: -1 }],
    ['maxDelay', 'Infinity', DURATION, { maxDelay: Infinity }],
    ['multiplier', '0.5', 'a number of at least 1', { multiplier: 0.5 }],
    ['jitter', '"some"', JITTER, { jitter: 'some' }],
    ['jitter', 'true', JITTER, { jitter: true }],
    ['jitter.range', '2', RANGE, { jitter: { range: 2 } }],
    ['jitter.range', '"half"', RANGE, { jitter: { range: 'half' } }],
    ['jitter.range', 'undefined', RANGE, { jitter: {} }],
    ['attemptTimeout', '0', POSITIVE, { attemptTimeout: 0 }],
    ['attemptTimeout', 'Infinity', POSITIVE, { attemptTimeout: Infinity }],
    ['timeout', '0', POSITIVE, { timeout: 0 }],
    ['timeout', 'false', POSITIVE, { timeout: false }],
    ['methods', '"GET"', METHODS, { methods: 'GET' }],
    ['methods.1', '"PO ST"', METHODS, { methods: ['GET', 'PO ST'] }],
    ['methods.0', '""', METHODS, { methods: [''] }],
    ['statusCodes', '500', STATUSES, { statusCodes: 500 }],
    ['statusCodes.0', '99', STATUSES, { statusCodes: [99] }],
    ['statusCodes.1', '600', STATUSES, { statusCodes: [500, 600] }],
    ['statusCodes.0', '"5xx"', STATUSES, { statusCodes: ['5xx'] }],
    ['errorCodes', '["ECONNRESET"]', CLASSES, { errorCodes: ['ECONNRESET'] }],
    ['errorCodes', 'an instance of Map', CLASSES, { errorCodes: new Map([['EBUSY', 'transient']]) }],
    ['errorCodes', 'an instance of Set', CLASSES, { errorCodes: new Set(['EBUSY']) }],
    ['errorCodes.ECONNRESET', '"retry"', CLASSES, { errorCodes: { ECONNRESET: 'retry' } }],
    ['retryableErrors', 'function TypeError', MATCHERS, { retryableErrors: TypeError }],
    ['retryableErrors.0', '"TypeError"', MATCHERS, { retryableErrors: ['TypeError'] }],
    ['nonRetryableErrors.0', 'an instance of RegExp', MATCHERS, { nonRetryableErrors: [/never/] }],
    ['shouldRetry', 'true', VERDICT, { shouldRetry: true }],
    ['retryAfter', 'true', HINTS, { retryAfter: true }],
    ['retryAfter', '1000', HINTS, { retryAfter: 1000 }],
    ['retryAfter', 'an instance of Promise', HINTS, { retryAfter: Promise.resolve({ max: 1 }) }],
    ['retryAfter.max', '-1', DURATION, { retryAfter: { max: -1 } }],
    ['retryAfter.max', '"1m"', DURATION, { retryAfter: { max: '1m' } }],
    ['retryAfter.beyond', '"wait"', "'stop' or 'cap'", { retryAfter: { beyond: 'wait' } }],
    ['idempotencyKey', '"key"', KEY, { idempotencyKey: 'key' }],
    ['attemptHeaders', '1', 'true or false', { attemptHeaders: 1 }],
    ['replay', 'true', REPLAY, { replay: true }],
    ['replay.maxBytes', '1.5', BYTES, { replay: { maxBytes: 1.5 } }],
    ['replay.maxBytes', '"1 MiB"', BYTES, { replay: { maxBytes: '1 MiB' } }],
    ['resume', '"yes"', 'true or false', { resume: 'yes' }],
    ['key', '"all"', 'a function of the request that returns a string', { key: 'all' }],
    ['hooks', '["log"]', HOOKS, { hooks: ['log'] }],
    ['hooks.onRetry', '"log"', HOOKS, { hooks: { onRetry: 'log' } }],
    ['throwOnExhausted', 'null', 'true or false', { throwOnExhausted: null }],
    ['clock', 'an instance of Date', CLOCK, { clock: new Date(0) }],
    ['random', '0.5', 'a function that returns a number from 0 to below 1', { random: 0.5 }],
  ])('%s: %s', (path, given, accepted, options) => {
    expect(refusalOf(() => resolvePolicy(options))).toMatchObject({
      code: 'TENAX_CONFIG',
      path,
      given,
      accepted,
      message: `${path}: given ${given}, accepted: ${accepted}`,
    });
  });

  it.each([
    ['null', null],
    ['undefined', undefined],
    ['[]', []],
    ['"{}"', '{}'],
    ['3', 3],
    // Nobody would see that what they hold is not heard.
    ['an instance of Map', new Map([['maxAttempts', 5]])],
    ['an instance of Set', new Set(['maxAttempts'])],
    ['an instance of Promise', Promise.resolve({ maxAttempts: 5 })],
  ])('options that are no object: %s', (given, options) => {
    expect(refusalOf(() => resolvePolicy(options)).message).toBe(
      `options: given ${given}, accepted: an object of retry options`,
    );
  });
});

describe('an unknown key is refused with the keys that are known', () => {
  it.each(['retries', 'maxattempts', 'retryBudget', 'breaker'])('%s', (name) => {
    const error = refusalOf(() => resolvePolicy({ [name]: false }));
    expect(error.message).toMatch(new RegExp(`^${name}: given false, accepted: only maxAttempts, strategy,`));
    expect(error.accepted.slice('only '.length).split(', ').toSorted()).toEqual(
      Object.keys(resolvePolicy({})).toSorted(),
    );
  });

  it.each([
    ['retryAfter.maximum', 'only max, beyond', { retryAfter: { maximum: 1 } }],
    ['replay.bytes', 'only maxBytes', { replay: { bytes: 1 } }],
    ['jitter.ratio', 'only range', { jitter: { ratio: 1 } }],
    [
      'hooks.onOpen',
      'only onAttempt, onRetry, beforeRetry, onSuccess, onGiveUp, onCircuitChange',
      { hooks: { onOpen: 1 } },
    ],
  ])('%s', (path, accepted, options) => {
    expect(refusalOf(() => resolvePolicy(options)).message).toBe(`${path}: given 1, accepted: ${accepted}`);
  });
});

describe('a pair that cannot hold together is refused with the reason', () => {
  it.each([
    [
      'maxAttempts: given Infinity, accepted: Infinity only together with a timeout, or it might never end',
      { maxAttempts: Infinity },
    ],
    ['baseDelay: given 200, accepted: at most maxDelay, which is 100 ms', { baseDelay: 200, maxDelay: 100 }],
    [
      'throttledBaseDelay: given 30000, accepted: at most maxDelay, which is 20000 ms',
      { throttledBaseDelay: 30_000 },
    ],
    [
      'attemptTimeout: given 200, accepted: at most timeout, which is 100 ms for all attempts',
      { attemptTimeout: 200, timeout: 100 },
    ],
  ])('%s', (message, options) => {
    expect(refusalOf(() => resolvePolicy(options)).message).toBe(message);
  });

  it.each([
    ['Infinity with a timeout', { maxAttempts: Infinity, timeout: 100 }],
    ['baseDelay that is maxDelay', { baseDelay: 100, maxDelay: 100 }],
    ['attemptTimeout that is timeout', { attemptTimeout: 100, timeout: 100 }],
    ['attemptTimeout alone', { attemptTimeout: 100 }],
    ['a multiplier without a strategy', { multiplier: 3 }],
    // The types refuse these where they are written down; one that comes from a configuration may stay.
    ['a multiplier of a strategy that does not grow by one', { strategy: 'fixed', multiplier: 2 }],
    ['a multiplier of a custom strategy', { strategy: () => 1, multiplier: 2 }],
    ['a jitter of the strategy that is random in itself', { strategy: 'decorrelated', jitter: 'none' }],
  ])('%s is accepted', (_, options) => {
    expect(() => resolvePolicy(options)).not.toThrow();
  });
});

describe('an override is refused as the options are', () => {
  it.each([
    ['an unknown key', { retries: 1 }, 'retries'],
    ['a wrong value', { maxAttempts: 0 }, 'maxAttempts'],
    ['a pair within the override', { baseDelay: 200, maxDelay: 100 }, 'baseDelay'],
    ["a pair with the engine's options", { attemptTimeout: 2000 }, 'attemptTimeout'],
    ['what is no object', 'none', ''],
    ['true', true, ''],
  ])('%s', (_, override, path) => {
    expect(refusalOf(() => overridePolicy({ timeout: 1000 }, override))).toMatchObject({ path });
  });
});
