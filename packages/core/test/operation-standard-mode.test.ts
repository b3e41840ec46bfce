import { describe, expect, it } from 'vitest';

import type { RetryOptions } from '../src/options.ts';
import type { Outcome } from '../src/outcome.ts';
import { attempt, failure, response, startOperation } from './operation-driver.ts';

/**
 * The rows of the AWS SDKs' "standard" retry mode (2026) that need no quota, with their random number of 1 written as
 * no jitter: what the server says, what follows, and the wait in ms.
 */
const STANDARD: RetryOptions = {
  maxAttempts: 3,
  baseDelay: 50,
  throttledBaseDelay: 1000,
  maxDelay: 20_000,
  errorCodes: { Throttling: 'throttled' },
};

const throttling = failure(Object.assign(new Error('slow down'), { code: 'Throttling' }));

const ROWS: [title: string, options: RetryOptions, steps: [Outcome, number | string][]][] = [
  [
    'eventually succeeds',
    {},
    [
      [response(500), 50],
      [response(500), 100],
      [response(200), 'success'],
    ],
  ],
  [
    'max attempts',
    {},
    [
      [response(502), 50],
      [response(502), 100],
      [response(502), 'attempts_exhausted'],
    ],
  ],
  [
    'backoff timing',
    { maxAttempts: 5 },
    [
      [response(500), 50],
      [response(500), 100],
      [response(500), 200],
      [response(500), 400],
      [response(500), 'attempts_exhausted'],
    ],
  ],
  [
    'throttle',
    {},
    [
      [throttling, 1000],
      [response(200), 'success'],
    ],
  ],
  [
    'the base of DynamoDB',
    { baseDelay: 25, maxAttempts: 4 },
    [
      [response(500), 25],
      [response(500), 50],
      [response(500), 100],
      [response(500), 'attempts_exhausted'],
    ],
  ],
];

describe('the standard mode of the AWS SDKs', () => {
  it.each(ROWS)('%s', (_title, options, steps) => {
    const operation = startOperation({ ...STANDARD, ...options } as RetryOptions);
    for (const [outcome, expected] of steps) {
      const decision = attempt(operation, outcome);
      expect(decision.action === 'retry' ? decision.delay : decision.reason).toBe(expected);
    }
  });

  it('caps the wait at 20 s', () => {
    const operation = startOperation({ ...STANDARD, maxAttempts: 20 });
    const delays = Array.from({ length: 19 }, () => attempt(operation, response(500)));
    expect(delays.at(-1)).toMatchObject({ delay: 20_000 });
  });
});
