/** The schema of the options: what is accepted, and how a refusal is said. */

import * as z from 'zod/mini';

import type { BackoffContext, StrategyName } from '../backoff/backoff.ts';
import type { Clock, Random } from '../clock.ts';
import { HOOKS } from '../events.ts';
import type { RetryHooks } from '../events.ts';
import type { AnyRetryOptions, ErrorMatcher, GeneralOptions, RetryOptions } from '../options.ts';
import { FAILURE_CLASSES } from '../outcome.ts';
import type { RequestDescription } from '../request.ts';
import { check } from './check.ts';
import type { Shape } from './check.ts';
import { budgetKinds, bulkheadOverride, guardSchemas } from './guards-schema.ts';
import { extended, lazy, makeAll } from './lazy.ts';
import { count, duration, factor, share, timeout, wholeNumber } from './numbers-schema.ts';
import { objectOf, orFalse, wordsOf } from './objects-schema.ts';
import { listOfWords, oneOf, textLike } from './text-schema.ts';

/** The options that JSON can say: those without functions and without `Infinity`. */
export type JsonRetryOptions = Omit<
  AnyRetryOptions,
  'retryableErrors' | 'nonRetryableErrors' | 'shouldRetry' | 'key' | 'hooks' | 'clock' | 'random'
> & { strategy?: StrategyName | undefined; idempotencyKey?: boolean | undefined };

const func = <T>(words?: string): z.ZodMiniCustom<T, T> =>
  z.custom<T>((value) => typeof value === 'function', words);
/** Nobody changes it: `z.readonly` would freeze a copy that is not used. */
const listOf = <T>(words: string, item: z.ZodMiniType<T, T>) =>
  z.array(item, words) as z.ZodMiniType<readonly T[], readonly T[]>;
const matchers = () => listOf('an array of error classes or predicates', func<ErrorMatcher>());
/** `z.boolean` would say the same, and would add 0.1 KB to every bundle. */
const flag = () => z.literal([true, false], 'true or false');
const hookFunctions = () =>
  objectOf(
    Object.fromEntries(HOOKS.map((name) => [name, z.optional(func())])),
    `an object of functions: ${HOOKS.join(', ')}`,
  ) as z.ZodMiniType<RetryHooks, RetryHooks>;

const strategyName = () => oneOf('fixed', 'linear', 'exponential', 'fibonacci', 'decorrelated');

/** Each with what it accepts, in words. */
const jsonShape = /* @__PURE__ */ lazy({
  maxAttempts: count,
  strategy: strategyName,
  baseDelay: duration,
  throttledBaseDelay: duration,
  maxDelay: duration,
  multiplier: factor,
  jitter: () =>
    z.union(
      [z.literal(['none', 'full', 'equal']), objectOf({ range: share() })],
      "'none', 'full', 'equal', or { range } with a range from 0 to 1",
    ),
  attemptTimeout: timeout,
  timeout,
  methods: () =>
    listOf(
      "an array of method names, such as ['GET', 'PUT']",
      textLike<string>(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/),
    ),
  statusCodes: () =>
    listOf('an array of statuses from 100 to 599', wholeNumber().check(z.gte(100), z.lte(599))),
  // `z.record` would say the same, and would add 0.6 KB to every bundle.
  errorCodes: () =>
    z.catchall(
      objectOf({}, `an object from error code to failure class: ${listOfWords(FAILURE_CLASSES)}`),
      z.literal(FAILURE_CLASSES),
    ),
  retryAfter: () =>
    orFalse(
      objectOf(
        {
          max: z.optional(duration()),
          beyond: z.optional(oneOf('stop', 'cap')),
        },
        'an object { max, beyond }',
      ),
      ' to ignore hints',
    ),
  idempotencyKey: flag,
  attemptHeaders: flag,
  nested: () => oneOf('single', 'full'),
  replay: () =>
    orFalse(
      objectOf(
        { maxBytes: z.optional(wholeNumber('a whole number of bytes of at least 0').check(z.gte(0))) },
        'an object { maxBytes }',
      ),
      ' to send streams once',
    ),
  resume: flag,
  budget: () =>
    z.union([...budgetKinds(), z.literal(false)], `${wordsOf(guardSchemas.budget())}, or false for no limit`),
  circuitBreaker: () => orFalse(guardSchemas.circuitBreaker()),
  bulkhead: () => orFalse(guardSchemas.bulkhead()),
  pacer: () => orFalse(guardSchemas.pacer()),
  hedge: () => orFalse(guardSchemas.hedge()),
  maxKeys: count,
  throwOnExhausted: flag,
});

const optionsShape = /* @__PURE__ */ extended(jsonShape, {
  maxAttempts: () =>
    z.union(
      [wholeNumber().check(z.gte(1)), z.literal(Infinity)],
      'a whole number of at least 1, or Infinity together with a timeout',
    ),
  strategy: () =>
    z.union(
      [strategyName(), func<(context: BackoffContext) => number>()],
      `${wordsOf(strategyName())}, or a function that returns ms`,
    ),
  idempotencyKey: () =>
    z.union(
      [flag(), func<(request: RequestDescription) => string>()],
      'true, false, or a function of the request that returns a key',
    ),
  retryableErrors: matchers,
  nonRetryableErrors: matchers,
  shouldRetry: () =>
    func<NonNullable<GeneralOptions['shouldRetry']>>(
      'a function (outcome, context) that returns true, false or undefined, or a promise of it',
    ),
  key: () => func<(request: RequestDescription) => string>('a function of the request that returns a string'),
  hooks: hookFunctions,
  clock: () =>
    z.custom<Clock>((value) => {
      const clock = value as Partial<Clock> | null;
      return (
        typeof clock?.now === 'function' &&
        typeof clock.epoch === 'function' &&
        typeof clock.schedule === 'function'
      );
    }, 'an object with the functions now(), epoch() and schedule(delay, callback)'),
  random: () => func<Random>('a function that returns a number from 0 to below 1'),
});

/** Of the options of one request, beside an engine that says how many places its bulkhead has. */
export const overrideShape: Shape = /* @__PURE__ */ extended(optionsShape, {
  bulkhead: () => orFalse(bulkheadOverride()),
});

/** The options of JSON; the published JSON Schema is made from it. */
export const jsonOptionsSchema = (): z.ZodMiniType<JsonRetryOptions, unknown> =>
  z.partial(objectOf(makeAll(jsonShape)));

type Accepts<Wide, Narrow extends Wide> = Narrow extends Wide ? Wide : never;
type SchemaInput = {
  [Name in keyof typeof optionsShape]?: z.input<ReturnType<(typeof optionsShape)[Name]>> | undefined;
};
/** Does not compile when the schema and the documented types differ. */
type Agreement = [
  Accepts<SchemaInput, AnyRetryOptions>,
  Accepts<AnyRetryOptions, SchemaInput>,
  Accepts<keyof SchemaInput, keyof AnyRetryOptions>,
  Accepts<keyof AnyRetryOptions, keyof SchemaInput>,
  Accepts<AnyRetryOptions, RetryOptions>,
  Accepts<(typeof HOOKS)[number], keyof RetryHooks>,
  Accepts<keyof RetryHooks, (typeof HOOKS)[number]>,
];

/**
 * Checks options, whole or in part.
 *
 * @throws RetryConfigError that names the first option that is wrong.
 */
export function checkOptions(options: unknown, shape: Shape = optionsShape): AnyRetryOptions {
  const checked = check(shape, options) as Agreement[1];
  const { hooks } = options as Agreement[1];
  if (hooks) checked.hooks = ownHooks(hooks);
  return checked;
}

/** The hooks of a class keep their `this`. */
function ownHooks(hooks: RetryHooks): RetryHooks {
  return Object.fromEntries(
    HOOKS.filter((name) => name in hooks).map((name) => {
      const given = hooks[name];
      return [name, Object.hasOwn(hooks, name) ? given : given?.bind(hooks)];
    }),
  );
}

/**
 * Checks options of JSON, each by itself.
 *
 * @throws RetryConfigError that names the first option that is wrong.
 */
export function checkJsonOptions(json: unknown): JsonRetryOptions {
  return check(jsonShape, json);
}
