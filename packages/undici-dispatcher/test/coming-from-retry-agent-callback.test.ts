// The retry callback of undici's RetryAgent, and what takes its place: both against the same script of a server.
import { type Outcome, type RetryOptions } from '@tenax/core';
import { type RetryHandler } from 'undici';
import { describe, expect, test } from 'vitest';

import { status } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { ending, isCompared, ours, theirs, type Answer } from './servers/retry-agent-side-by-side.ts';

describe.runIf(isCompared)('the retry callback', () => {
  test('decides and waits: shouldRetry decides, strategy waits', async () => {
    const counters: number[] = [];
    const old: RetryHandler.RetryCallback = (error, { state }, callback) => {
      counters.push(state.counter);
      const { statusCode } = error as { statusCode?: number };
      if (statusCode === 500 || state.counter > 3) callback(error);
      else setTimeout(() => callback(null), state.counter);
    };
    const waits: number[] = [];
    const own: RetryOptions = {
      maxAttempts: 4,
      shouldRetry: (outcome: Outcome) =>
        outcome.kind === 'response' && outcome.status === 500 ? false : undefined,
      strategy: ({ attemptNumber }) => attemptNumber,
      jitter: 'none',
      hooks: { onRetry: ({ delay }) => void waits.push(delay) },
    };
    for (const answers of [[503, 200], [503, 500, 200], [503]] satisfies Answer[][]) {
      const expected = await ending(answers, theirs({ retry: old, throwOnError: false }));
      expect(await ending(answers, ours(own))).toBe(expected);
    }
    expect(counters).toEqual([1, 1, 2, 1, 2, 3, 4]);
    expect(waits).toEqual([1, 1, 1, 2, 3]);
  });

  test('has to count for itself: here maxAttempts is never passed', async () => {
    let asked = 0;
    const old: RetryHandler.RetryCallback = (error, _context, callback) => {
      asked += 1;
      callback(asked > 9 ? error : null);
    };
    expect(await ending(['reset'], theirs({ maxRetries: 2, retry: old }))).toBe('ECONNRESET after 10');
    expect(await ending(['reset'], ours({ shouldRetry: () => true }))).toBe('ECONNRESET after 3');
  });

  test('is asked for statuses in statusCodes, or with throwOnError false from 300 on: here always', async () => {
    const old = { retry: (_error, _context, callback) => callback(null) } satisfies RetryHandler.RetryOptions;
    expect(await ending([404, 200], theirs(old))).toBe('404 later after 1');
    expect(await ending([404, 200], theirs({ ...old, throwOnError: false }))).toBe('200 later after 2');
    const own = async (outcome: Outcome): Promise<boolean | undefined> =>
      outcome.kind === 'response' && (await outcome.text()) === 'not yet' ? true : undefined;
    expect(await ending([status(404, {}, 'not yet'), 200], ours({ shouldRetry: own }))).toBe(
      '200 later after 2',
    );
    expect(await ending([status(200, {}, 'not yet'), 200], ours({ shouldRetry: own }))).toBe(
      '200 later after 2',
    );
  });
});
