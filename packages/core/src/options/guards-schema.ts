/** The schemas of the guards: what each accepts. */

import * as z from 'zod/mini';

import type {
  BudgetOptions,
  BulkheadOptions,
  CircuitBreakerOptions,
  HedgeOptions,
  PacerOptions,
  Quantile,
  TokenBudgetOptions,
  WindowBudgetOptions,
} from '../guards/guard-options.ts';
import { check } from './check.ts';
import { lazy } from './lazy.ts';
import { count, factor, positiveDuration, share, timeout, wholeNumber } from './numbers-schema.ts';
import { objectOf } from './objects-schema.ts';
import { oneOf, textLike } from './text-schema.ts';

const windowDuration = () => z.number('a number of ms of at least 1').check(z.gte(1));
const rate = () => z.number('a number greater than 0, up to 1').check(z.gt(0), z.lte(1));
/** Left out, or `undefined`. */
const absent = () => z.optional(z.never('nothing beside the other'));
/** Each takes a byte, for each destination. */
const MOST_CALLS = 1_000_000;
/** 0 included: a budget that allows nothing is a wish one may have. */
const amount = () => z.number('a number of at least 0').check(z.gte(0));

const KINDS = "'window' or 'tokens'";
const windowBudget = () =>
  objectOf({
    kind: z.optional(z.literal('window', KINDS)),
    ratio: z.optional(amount()),
    minPerSecond: z.optional(amount()),
    window: z.optional(windowDuration()),
  });
const tokenBudget = () =>
  objectOf({
    kind: z.literal('tokens', KINDS),
    capacity: z.optional(amount()),
    cost: z.optional(amount()),
    throttledCost: z.optional(amount()),
    refund: z.optional(amount()),
    threshold: z.optional(z.number('a number from 0 to below 1').check(z.gte(0), z.lt(1))),
  });
const circuitBreaker = () =>
  objectOf(
    {
      failureRate: z.optional(rate()),
      slowCallRate: z.optional(rate()),
      slowCallDuration: z.optional(positiveDuration()),
      window: z.optional(
        z.union(
          [
            objectOf({
              calls: count('a whole number from 1 to 1,000,000').check(z.lte(MOST_CALLS)),
              duration: absent(),
            }),
            objectOf({ calls: absent(), duration: windowDuration() }),
          ],
          'an object { calls } or { duration }',
        ),
      ),
      minimumThroughput: z.optional(count()),
      openTime: z.optional(positiveDuration()),
      openTimeGrowth: z.optional(factor()),
      maxOpenTime: z.optional(positiveDuration()),
      openTimeJitter: z.optional(share()),
      probes: z.optional(count()),
      maxHalfOpenTime: z.optional(positiveDuration()),
      mode: z.optional(oneOf('requests', 'retries')),
    },
    'an object of circuit breaker options, {} for the defaults',
  );
const bulkheadOf = <Places extends z.ZodMiniType>(maxConcurrent: Places) =>
  objectOf(
    {
      maxConcurrent,
      maxQueue: z.optional(wholeNumber('a whole number of at least 0').check(z.gte(0))),
      queueTimeout: z.optional(timeout()),
    },
    'an object { maxConcurrent, maxQueue, queueTimeout }',
  );
const bulkhead = () => bulkheadOf(count());
/** For one request: the engine's bulkhead may say how many places there are. */
export const bulkheadOverride = (): z.ZodMiniType => bulkheadOf(z.optional(count()));
const pacer = () =>
  objectOf(
    { minRate: z.optional(z.number('a number of requests per second greater than 0').check(z.gt(0))) },
    'an object { minRate }, {} for the defaults',
  );
/** Of the number in the union too: zod lets a member speak that refuses a value of its own type. */
const HEDGE_DELAY = "a number of ms of at least 0, or a quantile such as 'p95', from 'p1' to 'p99.99'";
const quantile = () => textLike<Quantile>(/^p[1-9][0-9]?(?:\.[0-9]{1,2})?$/);
const hedge = () =>
  objectOf(
    {
      delay: z.optional(z.union([z.number(HEDGE_DELAY).check(z.gte(0)), quantile()], HEDGE_DELAY)),
      maxHedges: z.optional(count()),
      maxExtraLoad: z.optional(z.number('a number greater than 0').check(z.gt(0))),
    },
    'an object { delay, maxHedges, maxExtraLoad }, {} for the defaults',
  );

/** `z.discriminatedUnion` would choose by `kind`, and would add 0.5 KB to every bundle. */
export const budgetKinds = (): readonly [
  z.ZodMiniType<WindowBudgetOptions, WindowBudgetOptions>,
  z.ZodMiniType<TokenBudgetOptions, TokenBudgetOptions>,
] => [windowBudget(), tokenBudget()];
const budget = () =>
  z.union(
    budgetKinds(),
    "an object { ratio, minPerSecond, window } or { kind: 'tokens', capacity, cost, throttledCost, refund, threshold }",
  );

/** One schema a guard. */
export const guardSchemas: {
  readonly budget: () => z.ZodMiniType<BudgetOptions, BudgetOptions>;
  readonly circuitBreaker: () => z.ZodMiniType<CircuitBreakerOptions, CircuitBreakerOptions>;
  readonly bulkhead: () => z.ZodMiniType<BulkheadOptions, BulkheadOptions>;
  readonly pacer: () => z.ZodMiniType<PacerOptions, PacerOptions>;
  readonly hedge: () => z.ZodMiniType<HedgeOptions, HedgeOptions>;
} = /* @__PURE__ */ lazy({
  budget,
  // Which settings need each other is in their types, and checked with the defaults.
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
  check(shape, { [name]: options });
}
