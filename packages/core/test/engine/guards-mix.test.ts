import { getEventListeners } from 'node:events';

import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { createRetryEngine } from '../../src/engine.ts';
import type { RetryEngine } from '../../src/engine.ts';
import type { RetryOptions, RetryOverride } from '../../src/options.ts';
import type { CircuitBreaker } from '../../src/guards/circuit-breaker.ts';
import { seededRandom } from '../../src/testing/seeded-random.ts';
import { QuickClock } from '../quick-clock.ts';
import { ANSWERS, Mix } from './guards-mix.ts';

const MAX_KEYS = 4;
const MAX_CONCURRENT = 3;
const ALL_GUARDS: RetryOptions = {
  attemptTimeout: 80,
  timeout: 1500,
  baseDelay: 20,
  throttledBaseDelay: 60,
  budget: { ratio: 0.2, minPerSecond: 0.2 },
  circuitBreaker: {
    window: { calls: 6 },
    minimumThroughput: 4,
    openTime: 150,
    probes: 2,
    maxHalfOpenTime: 300,
  },
  bulkhead: { maxConcurrent: MAX_CONCURRENT, maxQueue: 3, queueTimeout: 120 },
  pacer: { minRate: 8 },
  maxKeys: MAX_KEYS,
};
const OVERRIDES: readonly (RetryOverride | undefined)[] = [
  undefined,
  undefined,
  undefined,
  false,
  { timeout: 120, attemptTimeout: 60 },
  { budget: false, maxAttempts: 6 },
  { bulkhead: { maxConcurrent: 1, maxQueue: 1 } },
  { circuitBreaker: { mode: 'retries' } },
  { shouldRetry: () => Promise.resolve(undefined) },
  { circuitBreaker: false, pacer: false, throwOnExhausted: false },
];

const EVERYWHERE = [
  'attempts_exhausted',
  'budget_exhausted',
  'bulkhead_full',
  'bulkhead_queue_timeout',
  'caller_aborted',
  'circuit_breaker_open',
  'wait_exceeds_timeout',
];

const step = fc.record({ answer: fc.constantFrom(...ANSWERS), duration: fc.constantFrom(0, 1, 20, 60, 100) });
const operation = fc.record({
  at: fc.nat(250),
  key: fc.constantFrom('a', 'a', 'a', 'a', 'b', 'c'),
  driver: fc.constantFrom('runPromises' as const, 'runEvents' as const),
  method: fc.constantFrom('GET', 'GET', 'POST'),
  retry: fc.constantFrom(...OVERRIDES),
  abortAfter: fc.option(fc.nat(300), { nil: undefined, freq: 2 }),
  script: fc.array(step, { minLength: 1, maxLength: 4 }),
});

/** Nobody uses it: calls that succeed bring it to a verdict, and time and successes close it. */
async function close(breaker: CircuitBreaker, clock: QuickClock): Promise<void> {
  for (let stays = 0; stays < 3 && breaker.state !== 'closed'; stays += 1) {
    clock.time += breaker.metrics.opensFor;
    expect(breaker.state).not.toBe('open');
    for (let permit = breaker.tryAcquire(); permit !== undefined && breaker.state === 'half-open';) {
      breaker.succeeded(permit, 1);
      permit = breaker.tryAcquire();
    }
    // All its places were used, so it has decided.
    expect(breaker.state).not.toBe('half-open');
  }
  expect(breaker.state).toBe('closed');
}

async function expectNothingLeft(engine: RetryEngine, clock: QuickClock, operations: number): Promise<void> {
  expect(clock.pending).toBe(0);
  for (const { bulkhead, circuitBreaker, key, pacer } of engine.guards.snapshot()) {
    expect([key, bulkhead?.active ?? 0, bulkhead?.queued ?? 0, pacer?.queued ?? 0]).toEqual([key, 0, 0, 0]);
    if (circuitBreaker) await close(engine.guards.circuitBreaker(key)!, clock);
  }
  const { results, totalOperations } = engine.statistics.snapshot();
  expect(totalOperations).toBe(operations);
  expect(Object.values(results).reduce((sum, count) => sum + count, 0)).toBe(operations);
  // Nobody uses the destinations any more: others take their place.
  const fresh = Array.from({ length: MAX_KEYS }, (_, number) => `fresh${number}`);
  for (const key of fresh) await engine.execute(() => 1, { key });
  expect(engine.guards.snapshot().map(({ key }) => key)).toEqual(fresh);
}

it.each<[string, RetryOptions]>([
  ['without hedging', {}],
  ['with hedging', { hedge: { delay: 10, maxHedges: 2, maxExtraLoad: 0.5 } }],
])('any mix of operations, outcomes and aborts leaves nothing in the guards, %s', async (_how, options) => {
  const seen = new Set<string>();
  let mostActive = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(operation, { minLength: 1, maxLength: 30, size: 'max' }),
      fc.nat(),
      async (operations, seed) => {
        const clock = new QuickClock();
        const hooks = {
          onAttempt: ({ key }: { key: string }) => {
            const of = engine.guards.snapshot().find((snapshot) => snapshot.key === key);
            mostActive = Math.max(mostActive, of?.bulkhead?.active ?? 0);
          },
          onGiveUp: ({ statistics }: { statistics: { reason: string } }) => void seen.add(statistics.reason),
        };
        const engine = createRetryEngine({
          clock,
          random: seededRandom(seed),
          ...ALL_GUARDS,
          ...options,
          hooks,
        } as RetryOptions);
        const mix = new Mix(clock, engine);
        const signals: AbortSignal[] = [];
        let started = 0;
        for (const { abortAfter, at, driver, key, method, retry, script } of operations) {
          const controller = new AbortController();
          signals.push(controller.signal);
          mix.at(at, () => {
            started += 1;
            mix[driver]({ key, method, retry, signal: controller.signal }, script);
          });
          if (abortAfter !== undefined) mix.at(at + abortAfter, () => controller.abort('stop'));
        }
        await clock.runUntil(() => started === operations.length && mix.isDone);
        expect(mix.ends).toEqual(operations.map(() => 1));
        for (const signal of signals) expect(getEventListeners(signal, 'abort')).toHaveLength(0);
        await expectNothingLeft(engine, clock, operations.length);
      },
    ),
    { numRuns: 120 },
  );
  expect(mostActive).toBe(MAX_CONCURRENT);
  // The mixes get everywhere.
  expect(EVERYWHERE.filter((reason) => !seen.has(reason))).toEqual([]);
});
