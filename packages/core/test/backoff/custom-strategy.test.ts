import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { BackoffContext } from '../../src/backoff/backoff.ts';
import { nextDelay } from '../../src/backoff/delay.ts';
import { attemptNumbers, CASES, delays } from './arbitraries.ts';

type Strategy = (context: BackoffContext) => number;

const context: BackoffContext = {
  attemptNumber: 4,
  baseDelay: 100,
  previousDelay: 400,
  failureClass: 'throttled',
  random: () => 0.5,
};
const ask = (strategy: unknown, jitter: 'none' | 'full' = 'none'): number =>
  nextDelay({ strategy: strategy as Strategy, maxDelay: 20_000, multiplier: 2, jitter }, context);
const EXPONENTIAL = 800;

/** Two turns of the event loop: by then a rejection that nobody handles has been reported. */
const turns = async (): Promise<void> => {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
};

let warnings: string[];
beforeEach(() => {
  warnings = [];
  vi.spyOn(process, 'emitWarning').mockImplementation((warning) => {
    warnings.push(String(warning));
  });
});
afterEach(() => void vi.restoreAllMocks());

describe('a custom strategy', () => {
  it('gives the wait', () => {
    expect(ask(() => 1234)).toBe(1234);
    expect(warnings).toEqual([]);
  });

  it('is told the attempt, the unit, the wait before and the failure class', () => {
    const strategy = vi.fn<Strategy>(() => 1);
    ask(strategy);
    expect(strategy).toHaveBeenCalledExactlyOnceWith(context);
  });

  it('is spread by jitter as the others', () => {
    expect(ask(() => 1000, 'full')).toBe(500);
  });

  it.each([20_001, Number.MAX_VALUE, Infinity])('never passes maxDelay: %d', (wait) => {
    expect(ask(() => wait)).toBe(20_000);
    expect(warnings).toEqual([]);
  });

  it('never passes maxDelay, whatever it returns', () => {
    fc.assert(
      fc.property(fc.anything(), attemptNumbers, delays, (returned, attemptNumber, maxDelay) => {
        const strategy = (() => returned) as Strategy;
        const wait = nextDelay(
          { strategy, maxDelay, multiplier: 2, jitter: 'none' },
          { ...context, attemptNumber },
        );
        expect(Number.isFinite(wait) && wait >= 0 && wait <= maxDelay).toBe(true);
      }),
      CASES,
    );
  });
});

describe('EDGE 10: a custom strategy that returns no usable wait', () => {
  it.each([
    ['NaN', () => NaN, 'NaN'],
    ['a negative number', () => -1, '-1'],
    ['-Infinity', () => -Infinity, '-Infinity'],
    ['a string', () => '500', '"500"'],
    ['undefined', () => undefined, 'undefined'],
    ['null', () => null, 'null'],
    ['a bigint', () => 500n, '500n'],
    ['an object', () => ({ ms: 500 }), '{"ms":500}'],
    ['a promise', () => Promise.resolve(500), 'an instance of Promise'],
    ['a promise that rejects', () => Promise.reject(new Error('late')), 'an instance of Promise'],
  ])('%s: exponential backoff instead, and one warning', async (_, strategy, given) => {
    const rejections: unknown[] = [];
    const record = (reason: unknown): void => void rejections.push(reason);
    process.on('unhandledRejection', record);
    try {
      expect([ask(strategy), ask(strategy), ask(strategy)]).toEqual([EXPONENTIAL, EXPONENTIAL, EXPONENTIAL]);
      await turns();
    } finally {
      process.off('unhandledRejection', record);
    }
    expect(rejections).toEqual([]);
    expect(warnings).toEqual([
      `strategy returned ${given}, accepted: a number of ms of at least 0; exponential backoff is used`,
    ]);
  });

  it('a throw: exponential backoff instead, and one warning', () => {
    const strategy = vi.fn<Strategy>(() => {
      throw new Error('no idea');
    });
    expect([ask(strategy), ask(strategy)]).toEqual([EXPONENTIAL, EXPONENTIAL]);
    expect(warnings).toEqual(['strategy threw; exponential backoff is used']);
  });

  it('an object whose `then` throws: exponential backoff instead, and one warning', () => {
    const trap = {
      // oxlint-disable-next-line unicorn/no-thenable -- the point of this case
      get then(): never {
        throw new Error('trap');
      },
    };
    const strategy = (): unknown => trap;
    expect([ask(strategy), ask(strategy)]).toEqual([EXPONENTIAL, EXPONENTIAL]);
    expect(warnings).toHaveLength(1);
  });

  it('two faulty strategies are reported both', () => {
    ask(() => NaN);
    ask(() => NaN);
    expect(warnings).toHaveLength(2);
  });
});
