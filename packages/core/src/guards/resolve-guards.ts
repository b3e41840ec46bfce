/** What the options of the guards come to with the defaults, where that can hold together. */

import { RetryConfigError } from '../errors.ts';
import type {
  BudgetOptions,
  BudgetSettings,
  BulkheadOptions,
  BulkheadSettings,
  CircuitBreakerOptions,
  CircuitBreakerSettings,
  GuardSettings,
  HedgeOptions,
  HedgeSettings,
  PacerOptions,
  PacerSettings,
} from './guard-options.ts';
import type { AnyRetryOptions } from '../options.ts';

/**
 * The settings of all guards. A budget alone is on by default.
 *
 * @param inherited those that are settled already
 * @throws RetryConfigError for settings that can't hold together
 */
export function resolveGuards(options: AnyRetryOptions, inherited: Partial<GuardSettings>): GuardSettings {
  const { attemptTimeout, budget = {}, bulkhead = false, circuitBreaker = false } = options;
  const { hedge = false, pacer = false } = options;
  return {
    budget: inherited.budget ?? (budget && resolveBudget(budget)),
    circuitBreaker:
      inherited.circuitBreaker ?? (circuitBreaker && resolveCircuitBreaker(circuitBreaker, attemptTimeout)),
    bulkhead: inherited.bulkhead ?? (bulkhead && resolveBulkhead(bulkhead)),
    pacer: inherited.pacer ?? (pacer && resolvePacer(pacer)),
    hedge: inherited.hedge ?? (hedge && resolveHedge(hedge, attemptTimeout)),
  };
}

export function resolveBudget(options: BudgetOptions): BudgetSettings {
  if (options.kind === 'tokens') {
    return Object.freeze({
      kind: 'tokens',
      capacity: options.capacity ?? 500,
      cost: options.cost ?? 14,
      throttledCost: options.throttledCost ?? (options.threshold === undefined ? 5 : (options.cost ?? 14)),
      refund: options.refund ?? 1,
      threshold: options.threshold,
    });
  }
  const { minPerSecond = 10, ratio = 0.2, window = 10_000 } = options;
  return Object.freeze({ kind: 'window', ratio, minPerSecond, window });
}

/** @throws RetryConfigError for settings that can't hold together */
export function resolveCircuitBreaker(
  options: CircuitBreakerOptions,
  attemptTimeout?: number,
): CircuitBreakerSettings {
  const { calls, duration } = options.window ?? {};
  const { maxOpenTime = Math.max(60_000, options.openTime ?? 0) } = options;
  const settings: CircuitBreakerSettings = Object.freeze({
    failureRate: options.failureRate ?? 0.5,
    slowCallRate: options.slowCallRate,
    slowCallDuration: options.slowCallDuration,
    window: Object.freeze(
      calls === undefined ? { duration: duration ?? Math.max(30_000, 2 * (attemptTimeout ?? 0)) } : { calls },
    ),
    // A default never collides with what was given.
    minimumThroughput: options.minimumThroughput ?? Math.min(20, calls ?? 20),
    openTime: options.openTime ?? Math.min(5000, maxOpenTime),
    openTimeGrowth: options.openTimeGrowth ?? 2,
    maxOpenTime,
    openTimeJitter: options.openTimeJitter ?? 0.2,
    probes: options.probes ?? 3,
    maxHalfOpenTime: options.maxHalfOpenTime ?? 30_000,
    mode: options.mode ?? 'requests',
  });
  checkCircuitBreaker(settings, attemptTimeout);
  return settings;
}

/** Settings of a breaker that can't hold together. */
function checkCircuitBreaker(settings: CircuitBreakerSettings, attemptTimeout: number | undefined): void {
  const { maxOpenTime, minimumThroughput, openTime, slowCallDuration, slowCallRate, window } = settings;
  if ((slowCallRate === undefined) !== (slowCallDuration === undefined)) {
    const [missing, given] =
      slowCallRate === undefined
        ? ['slowCallRate', 'slowCallDuration']
        : ['slowCallDuration', 'slowCallRate'];
    throw new RetryConfigError(`circuitBreaker.${missing}`, undefined, `a value together with ${given}`);
  }
  if (slowCallDuration !== undefined && attemptTimeout !== undefined && slowCallDuration >= attemptTimeout) {
    throw new RetryConfigError(
      'circuitBreaker.slowCallDuration',
      slowCallDuration,
      `less than attemptTimeout, which is ${attemptTimeout} ms: no call lasts longer`,
    );
  }
  if (openTime > maxOpenTime) {
    throw new RetryConfigError(
      'circuitBreaker.openTime',
      openTime,
      `at most maxOpenTime, which is ${maxOpenTime} ms`,
    );
  }
  if ('calls' in window && minimumThroughput > window.calls) {
    throw new RetryConfigError(
      'circuitBreaker.minimumThroughput',
      minimumThroughput,
      `at most window.calls, which is ${window.calls}: the window holds no more`,
    );
  }
  if ('duration' in window && attemptTimeout !== undefined && window.duration < 2 * attemptTimeout) {
    throw new RetryConfigError(
      'circuitBreaker.window.duration',
      window.duration,
      `at least twice attemptTimeout, which is ${attemptTimeout} ms: slow failures would be forgotten before they count`,
    );
  }
}

/** @throws RetryConfigError for settings that can't hold together */
export function resolveBulkhead({
  maxConcurrent,
  maxQueue = 0,
  queueTimeout,
}: BulkheadOptions): BulkheadSettings {
  const settings = Object.freeze({ maxConcurrent, maxQueue, queueTimeout });
  checkBulkhead(settings);
  return settings;
}

/** Settings of a bulkhead that can't hold together. */
function checkBulkhead({ maxQueue, queueTimeout }: BulkheadSettings): void {
  if (queueTimeout === undefined || maxQueue > 0) return;
  throw new RetryConfigError(
    'bulkhead.queueTimeout',
    queueTimeout,
    'no queueTimeout without a queue; give maxQueue too',
  );
}

export function resolvePacer({ minRate = 0.5 }: PacerOptions): PacerSettings {
  return Object.freeze({ minRate });
}

/** @throws RetryConfigError for settings that no policy can make use of */
export function resolveHedge(
  { delay = 'p95', maxExtraLoad = 0.05, maxHedges = 1 }: HedgeOptions,
  attemptTimeout?: number,
): HedgeSettings {
  const wait = typeof delay === 'number' ? delay : Object.freeze({ quantile: Number(delay.slice(1)) / 100 });
  const settings = Object.freeze({ delay: wait, maxHedges, maxExtraLoad });
  checkHedge(settings, attemptTimeout);
  return settings;
}

/** Settings of hedging that no policy can make use of. */
function checkHedge({ delay }: HedgeSettings, attemptTimeout: number | undefined): void {
  if (typeof delay !== 'number' || attemptTimeout === undefined || delay < attemptTimeout) return;
  throw new RetryConfigError(
    'hedge.delay',
    delay,
    `less than attemptTimeout, which is ${attemptTimeout} ms: the attempt has ended by then`,
  );
}
