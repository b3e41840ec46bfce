import type { RetryOptions } from '@tenax/core';
import { createRetryEngine } from '@tenax/core';
import { seededRandom, virtualClock } from '@tenax/core/testing';
import { describe, expect, it } from 'vitest';

import { startTelemetry, treeOf } from './telemetry.ts';

/** More than an operation has turns. */
const TURNS = 60;

const POLICIES: readonly (readonly [name: string, options: RetryOptions])[] = [
  ['retries', { maxAttempts: 3 }],
  ['hedges', { maxAttempts: 4, hedge: { delay: 5, maxExtraLoad: 1 }, budget: false }],
  ['a bulkhead and a pacer', { maxAttempts: 3, bulkhead: { maxConcurrent: 1 }, pacer: {} }],
  ['a shouldRetry that thinks', { maxAttempts: 3, shouldRetry: () => Promise.resolve(undefined) }],
  ['a beforeRetry that takes its time', { maxAttempts: 3, hooks: { beforeRetry: () => Promise.resolve() } }],
];

describe.each(POLICIES)('with %s', (_, options) => {
  it('an abort at any turn of an operation leaves no span open', async () => {
    await using telemetry = startTelemetry();
    for (let turn = 0; turn < TURNS; turn += 1) {
      const clock = virtualClock();
      const engine = createRetryEngine({
        jitter: 'none',
        baseDelay: 1,
        random: seededRandom(1),
        ...options,
        clock,
      } as RetryOptions);
      const controller = new AbortController();
      const fails = async (): Promise<never> => {
        await new Promise((resolve) => clock.schedule(1, () => resolve(undefined)));
        throw new Error('not yet');
      };
      const operations = [1, 2].map(() =>
        engine.execute(fails, { method: 'GET', signal: controller.signal }).catch(() => undefined),
      );
      for (let passed = 0; passed < turn; passed += 1) {
        if (passed % 3 === 2) await clock.advance(1);
        else await Promise.resolve();
      }
      controller.abort();
      await Promise.all(operations);
      expect(telemetry.unended).toEqual([]);
    }
    const roots = treeOf(telemetry.spans).filter((line) => !line.startsWith(' '));
    expect(roots).toHaveLength(2 * TURNS);
  });
});
