import { describe, expect, it } from 'vitest';

import { RetryConfigError } from '../../src/errors.ts';
import { parseRetryOptions } from '../../src/options/parse-retry-options.ts';
import { resolvePolicy } from '../../src/policy.ts';

const everything = {
  maxAttempts: 5,
  strategy: 'linear',
  baseDelay: 10,
  throttledBaseDelay: 20,
  maxDelay: 30,
  multiplier: 3,
  jitter: { range: 0.1 },
  attemptTimeout: 40,
  timeout: 50,
  methods: ['GET'],
  statusCodes: [500],
  errorCodes: { MINE: 'transient' },
  retryAfter: { max: 60, beyond: 'cap' },
  idempotencyKey: true,
  attemptHeaders: true,
  nested: 'full',
  replay: { maxBytes: 70 },
  resume: true,
  budget: { kind: 'tokens', capacity: 10, cost: 1, throttledCost: 1, refund: 0.5, threshold: 0.5 },
  circuitBreaker: { failureRate: 0.2, window: { calls: 50 }, minimumThroughput: 10, mode: 'retries' },
  bulkhead: { maxConcurrent: 10, maxQueue: 5, queueTimeout: 100 },
  pacer: { minRate: 1 },
  hedge: { delay: 'p99', maxHedges: 2, maxExtraLoad: 0.1 },
  maxKeys: 10,
  throwOnExhausted: false,
};

const refusal = (json: unknown): RetryConfigError => {
  try {
    parseRetryOptions(json);
  } catch (error) {
    if (error instanceof RetryConfigError) return error;
  }
  throw new Error('it was not refused as it should be');
};

describe('parseRetryOptions', () => {
  it('leaves out the `$schema` that an editor reads', () => {
    const $schema = './node_modules/@tenax/core/retry-options.schema.json';
    expect(parseRetryOptions({ $schema, maxAttempts: 5 })).toEqual({ maxAttempts: 5 });
    expect(refusal({ $schema: 5 }).path).toBe('$schema');
  });

  it('takes every option that JSON can say', () => {
    const parsed = parseRetryOptions(JSON.parse(JSON.stringify(everything)));
    expect(parsed).toEqual(everything);
    expect(resolvePolicy(parsed)).toMatchObject({ maxAttempts: 5, strategy: 'linear', timeout: 50 });
  });

  it.each([
    ['an empty object', {}],
    ['false for hints', { retryAfter: false }],
    ['false for replay', { replay: false }],
  ])('takes %s', (_, json) => {
    expect(parseRetryOptions(json)).toEqual(json);
  });

  it.each([
    ['the text of JSON', '{}', 'options: given "{}", accepted: an object of retry options'],
    ['null', null, 'options: given null, accepted: an object of retry options'],
    ['an array', [{}], 'options: given [{}], accepted: an object of retry options'],
    ['undefined', undefined, 'options: given undefined, accepted: an object of retry options'],
    [
      'a function for a strategy',
      { strategy: () => 1 },
      "strategy: given function strategy, accepted: 'fixed', 'linear', 'exponential', 'fibonacci' or 'decorrelated'",
    ],
    [
      'a function for a key',
      { idempotencyKey: () => 'x' },
      'idempotencyKey: given function idempotencyKey, accepted: true or false',
    ],
    [
      'Infinity',
      { maxAttempts: Infinity },
      'maxAttempts: given Infinity, accepted: a whole number of at least 1',
    ],
    [
      'a string for a number',
      { baseDelay: '3' },
      'baseDelay: given "3", accepted: a number of ms of at least 0',
    ],
    [
      'a pair of durations that cannot hold',
      { attemptTimeout: 2000, timeout: 1000 },
      'attemptTimeout: given 2000, accepted: at most timeout, which is 1000 ms for all attempts',
    ],
    [
      'settings of a guard that cannot hold',
      { bulkhead: { maxConcurrent: 1, queueTimeout: 100 } },
      'bulkhead.queueTimeout: given 100, accepted: no queueTimeout without a queue; give maxQueue too',
    ],
  ])('refuses %s', (_, json, message) => {
    expect(refusal(json).message).toBe(message);
  });

  it.each([
    ['shouldRetry', () => true],
    ['retryableErrors', [Error]],
    ['nonRetryableErrors', []],
    ['key', () => 'x'],
    ['hooks', {}],
    ['clock', {}],
    ['random', Math.random],
  ])('refuses %s, and names only what JSON can say', (name, value) => {
    const { accepted, path } = refusal({ [name]: value });
    expect(path).toBe(name);
    expect(accepted.slice('only '.length).split(', ').toSorted()).toEqual(Object.keys(everything).toSorted());
  });

  it.each(Object.keys(everything))('accepts neither a function nor Infinity for %s, and says so', (name) => {
    expect(refusal({ [name]: () => 1 }).accepted).not.toMatch(/function|Infinity/);
    expect(refusal({ [name]: Infinity }).path).toBe(name);
  });
});
