/** The schemas of the guards: what each accepts, and which of its settings can't hold together. */

import * as z from 'zod/mini';

import { RetryConfigError } from '../errors.ts';
import type {
  BudgetOptions,
  BulkheadOptions,
  BulkheadSettings,
  CircuitBreakerOptions,
  CircuitBreakerSettings,
  HedgeOptions,
  HedgeSettings,
  PacerOptions,
  Quantile,
  TokenBudgetOptions,
  WindowBudgetOptions,
} from '../guards/guard-options.ts';
import { check } from './check.ts';
import { lazy } from './lazy.ts';
import { count, duration, positiveDuration, wholeNumber } from './numbers-schema.ts';

/** What each setting accepts, in the words of an error message. */
export const ACCEPTED_BY_GUARDS: Readonly<Record<string, string>> = {
  budget:
    "an object { ratio, minPerSecond, window } or { kind: 'tokens', capacity, cost, throttledCost, refund, threshold }, or false for no limit",
  'budget.kind': "'window' or 'tokens'",
  'budget.ratio': 'a number of at least 0',
  'budget.minPerSecond': 'a number of at least 0',
  'budget.window': 'a number of ms of at least 1',
  'budget.capacity': 'a number of at least 0',
  'budget.cost': 'a number of at least 0',
  'budget.throttledCost': 'a number of at least 0',
  'budget.refund': 'a number of at least 0',
  'budget.threshold': 'a number from 0 to below 1',
  circuitBreaker: 'an object of circuit breaker options, {} for the defaults, or false',
  'circuitBreaker.failureRate': 'a number greater than 0, up to 1',
  'circuitBreaker.slowCallRate': 'a number greater than 0, up to 1',
  'circuitBreaker.slowCallDuration': 'a number of ms greater than 0',
  'circuitBreaker.window': 'an object { calls } or { duration }',
  'circuitBreaker.window.calls': 'a whole number from 1 to 1,000,000',
  'circuitBreaker.window.duration': 'a number of ms of at least 1',
  'circuitBreaker.minimumThroughput': 'a whole number of at least 1',
  'circuitBreaker.openTime': 'a number of ms greater than 0',
  'circuitBreaker.openTimeGrowth': 'a number of at least 1',
  'circuitBreaker.maxOpenTime': 'a number of ms greater than 0',
  'circuitBreaker.openTimeJitter': 'a number from 0 to 1',
  'circuitBreaker.probes': 'a whole number of at least 1',
  'circuitBreaker.maxHalfOpenTime': 'a number of ms greater than 0',
  'circuitBreaker.mode': "'requests' or 'retries'",
  bulkhead: 'an object { maxConcurrent, maxQueue, queueTimeout }, or false',
  'bulkhead.maxConcurrent': 'a whole number of at least 1',
  'bulkhead.maxQueue': 'a whole number of at least 0',
  'bulkhead.queueTimeout': 'a number of ms greater than 0; leave it out for none',
  pacer: 'an object { minRate }, {} for the defaults, or false',
  'pacer.minRate': 'a number of requests per second greater than 0',
  hedge: 'an object { delay, maxHedges, maxExtraLoad }, {} for the defaults, or false',
  'hedge.delay': "a number of ms of at least 0, or a quantile such as 'p95', from 'p1' to 'p99.99'",
  'hedge.maxHedges': 'a whole number of at least 1',
  'hedge.maxExtraLoad': 'a number greater than 0',
};

const windowDuration = () => z.number().check(z.gte(1));
const share = () => z.number().check(z.gt(0), z.lte(1));
/** Each takes a byte, for each destination. */
const MOST_CALLS = 1_000_000;
/** 0 included: a budget that allows nothing is a wish one may have. */
const amount = () => z.number().check(z.gte(0));

const windowBudget = () =>
  z.strictObject({
    kind: z.optional(z.literal('window')),
    ratio: z.optional(amount()),
    minPerSecond: z.optional(amount()),
    window: z.optional(windowDuration()),
  });
const tokenBudget = () =>
  z.strictObject({
    kind: z.literal('tokens'),
    capacity: z.optional(amount()),
    cost: z.optional(amount()),
    throttledCost: z.optional(amount()),
    refund: z.optional(amount()),
    threshold: z.optional(z.number().check(z.gte(0), z.lt(1))),
  });
const circuitBreaker = () =>
  z.strictObject({
    failureRate: z.optional(share()),
    slowCallRate: z.optional(share()),
    slowCallDuration: z.optional(positiveDuration()),
    window: z.optional(
      z.union([
        z.strictObject({ calls: count().check(z.lte(MOST_CALLS)) }),
        z.strictObject({ duration: windowDuration() }),
      ]),
    ),
    minimumThroughput: z.optional(count()),
    openTime: z.optional(positiveDuration()),
    openTimeGrowth: z.optional(z.number().check(z.gte(1))),
    maxOpenTime: z.optional(positiveDuration()),
    openTimeJitter: z.optional(z.number().check(z.gte(0), z.lte(1))),
    probes: z.optional(count()),
    maxHalfOpenTime: z.optional(positiveDuration()),
    mode: z.optional(z.literal(['requests', 'retries'])),
  });
const bulkhead = () =>
  z.strictObject({
    maxConcurrent: count(),
    maxQueue: z.optional(wholeNumber().check(z.gte(0))),
    queueTimeout: z.optional(positiveDuration()),
  });
const pacer = () => z.strictObject({ minRate: z.optional(z.number().check(z.gt(0))) });
// `z.templateLiteral` would say the type by itself, and would add 0.5 KB to every bundle.
const quantile = () =>
  z.string().check(z.regex(/^p[1-9][0-9]?(?:\.[0-9]{1,2})?$/)) as z.ZodMiniType<Quantile, Quantile>;
const hedge = () =>
  z.strictObject({
    delay: z.optional(z.union([duration(), quantile()])),
    maxHedges: z.optional(count()),
    maxExtraLoad: z.optional(z.number().check(z.gt(0))),
  });

/** `z.discriminatedUnion` would choose by `kind`, and would add 0.5 KB to every bundle. */
export const budgetKinds = (): readonly [
  z.ZodMiniType<WindowBudgetOptions, WindowBudgetOptions>,
  z.ZodMiniType<TokenBudgetOptions, TokenBudgetOptions>,
] => [windowBudget(), tokenBudget()];
const budget = () => z.union(budgetKinds());

/** One schema a guard. */
export const guardSchemas: {
  readonly budget: () => z.ZodMiniType<BudgetOptions, BudgetOptions>;
  readonly circuitBreaker: () => z.ZodMiniType<CircuitBreakerOptions, CircuitBreakerOptions>;
  readonly bulkhead: () => z.ZodMiniType<BulkheadOptions, BulkheadOptions>;
  readonly pacer: () => z.ZodMiniType<PacerOptions, PacerOptions>;
  readonly hedge: () => z.ZodMiniType<HedgeOptions, HedgeOptions>;
} = /* @__PURE__ */ lazy({
  budget,
  // Which settings need each other is in their types, and checked below.
  circuitBreaker: circuitBreaker as () => z.ZodMiniType<CircuitBreakerOptions, CircuitBreakerOptions>,
  bulkhead: bulkhead as () => z.ZodMiniType<BulkheadOptions, BulkheadOptions>,
  pacer,
  hedge,
});

type GuardName = keyof typeof guardSchemas;
type Accepts<Wide, Narrow extends Wide> = Narrow extends Wide ? Wide : never;
/** Does not compile when a schema refuses what the documented types allow; the other way is checked above. */
type Agreement =
  | Accepts<z.input<ReturnType<typeof budget>>, BudgetOptions>
  | Accepts<z.input<ReturnType<typeof circuitBreaker>>, CircuitBreakerOptions>
  | Accepts<z.input<ReturnType<typeof bulkhead>>, BulkheadOptions>
  | Accepts<z.input<ReturnType<typeof pacer>>, PacerOptions>
  | Accepts<z.input<ReturnType<typeof hedge>>, HedgeOptions>;

/**
 * Checks the options of a guard that is made alone.
 *
 * @throws RetryConfigError that names the first setting that is wrong.
 */
export function checkGuard(name: GuardName, options: unknown = {}): void {
  const shape: Readonly<Record<string, () => z.ZodMiniType<Agreement>>> = { [name]: guardSchemas[name] };
  check(shape, { [name]: options }, () => ({
    ...ACCEPTED_BY_GUARDS,
    // The option may be `false`, a guard alone may not.
    [name]: String(ACCEPTED_BY_GUARDS[name]).replace(/, or false.*$/, ''),
  }));
}

/** Settings of a breaker that can't hold together. */
export function checkCircuitBreaker(
  settings: CircuitBreakerSettings,
  attemptTimeout: number | undefined,
): void {
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

/** Settings of a bulkhead that can't hold together. */
export function checkBulkhead({ maxQueue, queueTimeout }: BulkheadSettings): void {
  if (queueTimeout === undefined || maxQueue > 0) return;
  throw new RetryConfigError(
    'bulkhead.queueTimeout',
    queueTimeout,
    'no queueTimeout without a queue; give maxQueue too',
  );
}

/** Settings of hedging that no policy can make use of. */
export function checkHedge({ delay }: HedgeSettings, attemptTimeout: number | undefined): void {
  if (typeof delay !== 'number' || attemptTimeout === undefined || delay < attemptTimeout) return;
  throw new RetryConfigError(
    'hedge.delay',
    delay,
    `less than attemptTimeout, which is ${attemptTimeout} ms: the attempt has ended by then`,
  );
}
