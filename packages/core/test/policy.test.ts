import { describe, expect, it } from 'vitest';

import { systemClock, systemRandom } from '../src/clock.ts';
import { ERROR_CODES } from '../src/http/error-codes.ts';
import type { AnyRetryOptions } from '../src/options.ts';
import { resolvePolicy } from '../src/policy.ts';
import { overridePolicy } from './overridden-policy.ts';
import { virtualClock } from '../src/testing/virtual-clock.ts';

const matcher = (): boolean => true;
const onAttempt = (): void => undefined;
const onRetry = (): void => undefined;

describe('the default of every option', () => {
  it('is that of the documentation', () => {
    expect(resolvePolicy({})).toEqual({
      maxAttempts: 3,
      strategy: 'exponential',
      baseDelay: 100,
      throttledBaseDelay: 1000,
      maxDelay: 20_000,
      multiplier: 2,
      jitter: 'full',
      attemptTimeout: undefined,
      timeout: undefined,
      methods: ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'QUERY'],
      statusCodes: [408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529],
      errorCodes: ERROR_CODES,
      retryableErrors: [],
      nonRetryableErrors: [],
      shouldRetry: undefined,
      retryAfter: { max: 60_000, beyond: 'stop' },
      idempotencyKey: false,
      attemptHeaders: false,
      nested: 'single',
      replay: { maxBytes: 1_048_576 },
      resume: false,
      budget: { kind: 'window', ratio: 0.2, minPerSecond: 10, window: 10_000 },
      circuitBreaker: false,
      bulkhead: false,
      pacer: false,
      hedge: false,
      maxKeys: 1000,
      key: undefined,
      hooks: {},
      throwOnExhausted: true,
      clock: systemClock,
      random: systemRandom,
    });
  });

  it.each([
    ['maxAttempts', { maxAttempts: undefined }],
    ['jitter', { jitter: undefined }],
    ['retryAfter', { retryAfter: undefined }],
    ['retryAfter.max', { retryAfter: { max: undefined } }],
    ['replay', { replay: {} }],
    ['hooks', { hooks: undefined }],
  ])('stands where `%s` is undefined', (_, options) => {
    expect(resolvePolicy(options)).toEqual(resolvePolicy({}));
  });
});

describe('an option that is given', () => {
  const given = {
    maxAttempts: 5,
    strategy: 'linear',
    baseDelay: 10,
    throttledBaseDelay: 20,
    maxDelay: 30,
    multiplier: 3,
    jitter: { range: 0.1 },
    attemptTimeout: 40,
    timeout: 50,
    statusCodes: [500],
    retryAfter: { max: 60, beyond: 'cap' },
    idempotencyKey: true,
    attemptHeaders: true,
    replay: { maxBytes: 70 },
    resume: true,
    shouldRetry: () => true,
    key: () => 'all',
    hooks: { onAttempt: () => undefined },
    throwOnExhausted: false,
    clock: virtualClock(),
    random: () => 0,
  } as const;

  it.each(Object.entries(given))('%s is what the policy does', (name, value) => {
    expect(resolvePolicy(given)).toHaveProperty(name, value);
  });

  it('errorCodes are merged over the built-in table', () => {
    const { errorCodes } = resolvePolicy({ errorCodes: { ECONNRESET: 'permanent', MINE: 'transient' } });
    expect(errorCodes).toEqual({ ...ERROR_CODES, ECONNRESET: 'permanent', MINE: 'transient' });
    expect(ERROR_CODES['ECONNRESET']).toBe('transport');
  });

  it('methods are upper case', () => {
    expect(resolvePolicy({ methods: ['get', 'Report'] }).methods).toEqual(['GET', 'REPORT']);
  });

  it('error classes and predicates are asked alike', () => {
    const { retryableErrors } = resolvePolicy({ retryableErrors: [TypeError, matcher] });
    expect(retryableErrors.map((matches) => matches(new TypeError('x')))).toEqual([true, true]);
    expect(retryableErrors.map((matches) => matches(new Error('x')))).toEqual([false, true]);
  });

  it.each(['retryAfter', 'replay'] as const)('`%s: false` turns it off', (name) => {
    expect(resolvePolicy({ [name]: false })[name]).toBe(false);
  });
});

describe('a policy is deeply frozen', () => {
  const frozen = (value: unknown): boolean =>
    typeof value !== 'object' ||
    value === null ||
    (Object.isFrozen(value) && Object.values(value).every(frozen));

  it.each([
    ['the defaults', {}],
    [
      'everything given',
      {
        jitter: { range: 0.1 },
        methods: ['GET'],
        statusCodes: [500],
        errorCodes: { MINE: 'transient' },
        retryableErrors: [Error],
        nonRetryableErrors: [TypeError],
        retryAfter: { max: 1 },
        replay: { maxBytes: 1 },
        hooks: { onAttempt: () => undefined },
      },
    ],
  ])('%s', (_, options) => {
    const { clock, ...policy } = resolvePolicy(options);
    expect(frozen(Object.freeze(policy))).toBe(true);
    expect(Object.isFrozen(resolvePolicy(options))).toBe(true);
    // The clock belongs to whoever made it.
    expect(clock).toBe(systemClock);
  });

  it('what the user gave is neither frozen nor kept', () => {
    const options = {
      jitter: { range: 0.1 },
      methods: ['GET'],
      statusCodes: [500],
      errorCodes: { MINE: 'transient' },
      retryAfter: { max: 1 },
      hooks: {},
    };
    const policy = resolvePolicy(options);
    options.jitter.range = 0.9;
    options.methods.push('POST');
    options.statusCodes.push(404);
    options.errorCodes.MINE = 'permanent';
    options.retryAfter.max = 99;
    Object.assign(options.hooks, { onAttempt: () => undefined });
    expect(policy).toMatchObject({
      jitter: { range: 0.1 },
      methods: ['GET'],
      statusCodes: [500],
      retryAfter: { max: 1 },
      hooks: {},
    });
    expect(policy.errorCodes['MINE']).toBe('transient');
    expect(policy.hooks.onAttempt).toBeUndefined();
  });
});

describe('EDGE 15: an override merges by key', () => {
  const engine: AnyRetryOptions = {
    maxAttempts: 5,
    baseDelay: 10,
    methods: ['GET', 'PUT'],
    statusCodes: [500, 503],
    retryAfter: { max: 1000, beyond: 'cap' },
    replay: { maxBytes: 10 },
    errorCodes: { A: 'transient', B: 'transient' },
    hooks: { onAttempt },
    throwOnExhausted: true,
  };

  it.each([
    ['a value replaces', { maxAttempts: 2 }, { maxAttempts: 2, baseDelay: 10 }],
    ['an array replaces', { methods: ['POST'] }, { methods: ['POST'], statusCodes: [500, 503] }],
    ['an empty array replaces', { statusCodes: [] }, { statusCodes: [] }],
    ['retryAfter merges', { retryAfter: { max: 5 } }, { retryAfter: { max: 5, beyond: 'cap' } }],
    ['replay merges', { replay: { maxBytes: 20 } }, { replay: { maxBytes: 20 } }],
    ['hooks merge', { hooks: { onRetry } }, { hooks: { onAttempt, onRetry } }],
    [
      'errorCodes merge',
      { errorCodes: { B: 'permanent' } },
      { errorCodes: { A: 'transient', B: 'permanent' } },
    ],
    ['undefined means "as the engine\'s"', { maxAttempts: undefined, hooks: undefined }, engine],
    ['undefined inside means it too', { retryAfter: { max: undefined } }, { retryAfter: engine.retryAfter }],
    ['undefined hooks mean it too', { hooks: { onAttempt: undefined } }, { hooks: { onAttempt } }],
    ['false turns a nested object off', { retryAfter: false }, { retryAfter: false }],
    ['nothing changes nothing', {}, engine],
  ])('%s', (_, override, expected) => {
    expect(overridePolicy(engine, override)).toMatchObject(expected);
  });

  it('an object replaces false, with the defaults for the rest', () => {
    const { replay, retryAfter } = overridePolicy(
      { replay: false, retryAfter: false },
      { replay: {}, retryAfter: { max: 5 } },
    );
    expect(replay).toEqual({ maxBytes: 1_048_576 });
    expect(retryAfter).toEqual({ max: 5, beyond: 'stop' });
  });

  it('what it says of an attempt or a unit itself counts, beside a shorter operation or wait too', () => {
    const own = { attemptTimeout: 1000, baseDelay: 100, throttledBaseDelay: 2000 };
    expect(overridePolicy(own, { timeout: 500, attemptTimeout: 200 }).attemptTimeout).toBe(200);
    expect(overridePolicy(own, { baseDelay: 5, throttledBaseDelay: 50, maxDelay: 60 })).toMatchObject({
      baseDelay: 5,
      throttledBaseDelay: 50,
    });
  });

  it('another kind of budget takes nothing from that of the engine', () => {
    const tokens = { kind: 'tokens', capacity: 7 } as const;
    expect(overridePolicy({ budget: tokens }, { budget: { ratio: 0.1 } }).budget).toEqual(
      resolvePolicy({ budget: { ratio: 0.1 } }).budget,
    );
    expect(overridePolicy({ budget: tokens }, { budget: { kind: 'tokens', cost: 3 } }).budget).toEqual(
      resolvePolicy({ budget: { ...tokens, cost: 3 } }).budget,
    );
  });

  it('guards merge, whatever of them must be given to an engine', () => {
    const bulkhead = { maxConcurrent: 2, maxQueue: 3 };
    expect(overridePolicy({ bulkhead }, { bulkhead: { queueTimeout: 5 } }).bulkhead).toEqual({
      ...bulkhead,
      queueTimeout: 5,
    });
    const circuitBreaker = { slowCallRate: 0.5, slowCallDuration: 10 };
    const override = { circuitBreaker: { slowCallDuration: 20 } };
    expect(overridePolicy({ circuitBreaker }, override).circuitBreaker).toMatchObject({
      slowCallRate: 0.5,
      slowCallDuration: 20,
    });
  });

  it.each([{}, { bulkhead: false } as const])(
    'of a bulkhead that is off, %j, nothing can be left out',
    (own) => {
      expect(() => overridePolicy(own, { bulkhead: { maxQueue: 1 } })).toThrow(
        'bulkhead.maxConcurrent: given undefined, accepted: a whole number of at least 1',
      );
    },
  );

  it('a longer or shorter attempt is no contradiction to guards that it leaves alone', () => {
    const own = { circuitBreaker: {}, hedge: { delay: 100 } };
    const policy = resolvePolicy(own);
    for (const attemptTimeout of [60_000, 50]) {
      const { circuitBreaker, hedge } = overridePolicy(own, { attemptTimeout }, policy);
      expect([circuitBreaker, hedge]).toEqual([policy.circuitBreaker, policy.hedge]);
    }
  });

  it('a jitter object replaces the whole', () => {
    expect(overridePolicy({ jitter: { range: 0.5 } }, { jitter: 'none' }).jitter).toBe('none');
  });

  it("the engine's options stay as they are", () => {
    const before = structuredClone({ ...engine, hooks: undefined });
    overridePolicy(engine, { methods: ['POST'], retryAfter: { max: 5 }, errorCodes: { A: 'permanent' } });
    expect({ ...engine, hooks: undefined }).toEqual(before);
  });

  it("a strategy that takes no jitter or multiplier may replace the engine's", () => {
    const own = { strategy: 'linear', multiplier: 3, jitter: 'equal' } as const;
    expect(overridePolicy(own, { strategy: 'decorrelated' }).strategy).toBe('decorrelated');
    expect(overridePolicy(own, { strategy: 'fixed' }).strategy).toBe('fixed');
  });

  it('false is one attempt whose end is the client’s own', () => {
    expect(overridePolicy(engine, false)).toEqual({
      ...resolvePolicy(engine),
      maxAttempts: 1,
      throwOnExhausted: false,
      retryableErrors: [],
      nonRetryableErrors: [],
    });
  });

  it('the policy of an override is frozen too', () => {
    expect(Object.isFrozen(overridePolicy(engine, { maxAttempts: 2 }))).toBe(true);
  });
});
