import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { RetryOptions } from '../src/options.ts';
import type { Decision } from '../src/outcome.ts';
import { attempt, EPOCH, failure, response, startOperation } from './operation-driver.ts';

const almostOne = (): number => 1 - Number.EPSILON;

const delayOf = (decision: Decision): number => {
  if (decision.action !== 'retry') throw new Error(`no retry: ${decision.reason}`);
  return decision.delay;
};

const hinted = (hint: string, options: RetryOptions = {}, random = 0): Decision =>
  attempt(startOperation(options), response(503, { 'retry-after': hint }), { random: () => random });

describe('the wait before a retry', () => {
  it('grows with the attempts', () => {
    const operation = startOperation({ maxAttempts: 5 });
    const delays = [1, 2, 3, 4].map(() => delayOf(attempt(operation, response(500))));
    expect(delays).toEqual([100, 200, 400, 800]);
  });

  it('has its own unit after a throttled outcome', () => {
    const operation = startOperation({ maxAttempts: 3, throttledBaseDelay: 1000, baseDelay: 100 });
    expect(delayOf(attempt(operation, response(429)))).toBe(1000);
    expect(delayOf(attempt(operation, response(500)))).toBe(200);
  });

  it('of nothing draws nothing for a hint that is not there: seeded runs repeat, whatever the unit', () => {
    let drawn = 0;
    const random = (): number => {
      drawn += 1;
      return 0.5;
    };
    const operation = startOperation({ baseDelay: 0, jitter: 'full' });
    expect(delayOf(attempt(operation, response(500), { random }))).toBe(0);
    expect(drawn).toBe(0);
  });

  it('of a decorrelated strategy grows from the wait before it, not from a hint', () => {
    const operation = startOperation({ strategy: 'decorrelated', jitter: undefined, maxAttempts: 3 });
    expect(
      delayOf(attempt(operation, response(500, { 'retry-after': '30' }), { random: almostOne })),
    ).toBeGreaterThan(30_000);
    expect(delayOf(attempt(operation, response(500), { random: almostOne }))).toBeCloseTo(900, 3);
  });

  it.each(['fixed', 'linear', 'exponential', 'fibonacci'] as const)(
    'EDGE 9: is finite and within maxDelay at attempt 2,000 of %s',
    (strategy) => {
      const operation = startOperation({ strategy, maxAttempts: 2001, maxDelay: 20_000 });
      const delays = Array.from({ length: 2000 }, () =>
        delayOf(attempt(operation, failure(new Error('no')))),
      );
      expect(delays.at(-1)).toBe(strategy === 'fixed' ? 100 : 20_000);
      expect(delays.every((delay) => delay >= 0 && delay <= 20_000)).toBe(true);
    },
  );

  it('gives way to a longer computed wait, which is not stretched', () => {
    const decision = hinted('1', { throttledBaseDelay: 5000 }, 0.99);
    expect(decision).toMatchObject({ delay: 5000, hint: 1000 });
  });

  it('is stretched by up to 10 %, never shortened', () => {
    const seconds = fc.integer({ min: 2, max: 60 });
    const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(seconds, fraction, (hint, random) => {
        const delay = delayOf(hinted(String(hint), {}, random));
        expect(delay).toBeGreaterThanOrEqual(hint * 1000);
        expect(delay).toBeLessThan(hint * 1100 + 0.001);
      }),
    );
    expect(delayOf(hinted('10', {}, 0.5))).toBe(10_500);
  });

  it('is stretched where it is as long as the computed wait too', () => {
    expect(hinted('1', { throttledBaseDelay: 1000 }, 0.5)).toMatchObject({ delay: 1050, hint: 1000 });
  });

  it('of 0 leaves the computed wait', () => {
    expect(hinted('0')).toMatchObject({ delay: 1000, hint: 0 });
  });

  it('beyond retryAfter.max ends the operation', () => {
    expect(hinted('60')).toMatchObject({ action: 'retry' });
    expect(hinted('61')).toMatchObject({ result: 'retry_exhausted', reason: 'retry_after_exceeds_max' });
  });

  it("beyond retryAfter.max is cut to it by beyond: 'cap'", () => {
    const decision = hinted('3600', { retryAfter: { max: 5000, beyond: 'cap' } });
    expect(decision).toMatchObject({ action: 'retry', delay: 5000, hint: 3_600_000 });
  });

  it('beyond the time that remains ends the operation', () => {
    expect(hinted('10', { timeout: 10_000 })).toMatchObject({
      result: 'timeout',
      reason: 'wait_exceeds_timeout',
    });
    expect(hinted('9', { timeout: 10_000 })).toMatchObject({ action: 'retry', delay: 9000 });
  });

  it('that fits into the time that remains is not stretched beyond it', () => {
    expect(hinted('9', { timeout: 9500 }, 0.6)).toMatchObject({ action: 'retry', delay: 9300 });
  });

  it('is ignored by retryAfter: false, in the record too', () => {
    const operation = startOperation({ retryAfter: false });
    expect(attempt(operation, response(500, { 'retry-after': '50' }))).toEqual({
      action: 'retry',
      delay: 100,
      reason: 'transient_status',
    });
    expect(operation.lastRecord(0)).not.toHaveProperty('hint');
  });

  it('is read from the response inside an error', () => {
    const operation = startOperation();
    const error = Object.assign(new Error('503'), { response: response(503, { 'retry-after': '7' }) });
    expect(attempt(operation, failure(error))).toMatchObject({ delay: 7000 });
    expect(operation.lastRecord(0)).toMatchObject({ hint: 7000, status: 503 });
  });

  it('as a date is measured from the wall clock of the moment', () => {
    const date = new Date(EPOCH + 4000).toUTCString();
    expect(hinted(date)).toMatchObject({ delay: 4000 });
  });

  it.each(['', '-5', '1.5', '1, 2', '1e308', 'Infinity', 'soon'])('EDGE 7: %j is no hint', (value) => {
    const decision = attempt(startOperation(), response(500, { 'retry-after': value }));
    expect(decision).toEqual({ action: 'retry', delay: 100, reason: 'transient_status' });
  });

  it('EDGE 7: a date in the past is a hint of 0', () => {
    expect(hinted(new Date(EPOCH - 60_000).toUTCString())).toMatchObject({ delay: 1000, hint: 0 });
  });

  it('EDGE "a server hint of 9,999,999 s": ends the operation or is cut, and is never a wait of its own', () => {
    expect(hinted('9999999')).toMatchObject({ reason: 'retry_after_exceeds_max' });
    expect(hinted('9999999', { retryAfter: { beyond: 'cap' } }, 0.999)).toMatchObject({
      delay: 60_000 * 1.0999,
    });
  });
});

describe('the hints in answer to attempts beside each other', () => {
  it('count by the longest of them, once', () => {
    const operation = startOperation({ maxAttempts: 9, throttledBaseDelay: 100 });
    operation.beginAttempt(0);
    const moment = { now: 5, clock: { epoch: () => EPOCH } };
    for (const seconds of ['7', '3']) {
      operation.focus(operation.beginHedge(0));
      operation.endBeside(response(503, { 'retry-after': seconds }), 'throttled', 'throttled', moment);
    }
    expect(delayOf(attempt(operation, response(503, { 'retry-after': '5' })))).toBe(7000);
    expect(delayOf(attempt(operation, response(500)))).toBeLessThan(7000);
  });
});

describe('a total timeout', () => {
  it('EDGE 6: is not begun a wait that would outlast it', () => {
    const operation = startOperation({ timeout: 1000 });
    expect(attempt(operation, response(500), { startedAt: 0, endedAt: 900 })).toMatchObject({
      result: 'timeout',
      reason: 'wait_exceeds_timeout',
    });
  });

  it('allows a wait that ends a moment before it', () => {
    const operation = startOperation({ timeout: 1000 });
    expect(attempt(operation, response(500), { endedAt: 899 })).toMatchObject({
      action: 'retry',
      delay: 100,
    });
  });

  it('counts from the call, and what deciding took', () => {
    const operation = startOperation({ timeout: 1000 });
    expect(attempt(operation, response(500), { endedAt: 100, now: 950 })).toMatchObject({
      result: 'timeout',
    });
    expect(operation.remaining(950)).toBe(50);
    expect(operation.remaining(2000)).toBe(0);
  });

  it('without one there is no end to the time that remains', () => {
    expect(startOperation().remaining(1e12)).toBe(Infinity);
  });
});
