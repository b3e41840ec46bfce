/** The schema of the options: what is accepted, and how a refusal is said. */

import * as z from 'zod/mini';

import type { BackoffContext, StrategyName } from '../backoff/backoff.ts';
import type { Clock, Random } from '../clock.ts';
import { RetryConfigError } from '../errors.ts';
import { HOOKS } from '../events.ts';
import type { RetryHooks } from '../events.ts';
import type { AnyRetryOptions, ErrorMatcher, GeneralOptions, RetryOptions } from '../options.ts';
import type { FailureClass } from '../outcome.ts';
import type { RequestDescription } from '../request.ts';
import { check } from './check.ts';
import { ACCEPTED_BY_GUARDS, budgetKinds, guardSchemas } from './guards-schema.ts';
import { extended, lazy, makeAll, once } from './lazy.ts';
import { count, duration, positiveDuration, wholeNumber } from './numbers-schema.ts';

/** The options that JSON can say: those without functions and without `Infinity`. */
export type JsonRetryOptions = Omit<
  AnyRetryOptions,
  'retryableErrors' | 'nonRetryableErrors' | 'shouldRetry' | 'key' | 'hooks' | 'clock' | 'random'
> & { strategy?: StrategyName | undefined; idempotencyKey?: boolean | undefined };

/** What each option accepts, in the words of an error message and of the JSON Schema. */
const accepted = /* @__PURE__ */ once((): Readonly<Record<string, string>> => ({
  maxAttempts: 'a whole number of at least 1, or Infinity together with a timeout',
  strategy: "'fixed', 'linear', 'exponential', 'fibonacci', 'decorrelated', or a function that returns ms",
  baseDelay: 'a number of ms of at least 0',
  throttledBaseDelay: 'a number of ms of at least 0',
  maxDelay: 'a number of ms of at least 0',
  multiplier: 'a number of at least 1',
  jitter: "'none', 'full', 'equal', or { range } with a range from 0 to 1",
  'jitter.range': 'a number from 0 to 1',
  attemptTimeout: 'a number of ms greater than 0; leave it out for none',
  timeout: 'a number of ms greater than 0; leave it out for none',
  methods: "an array of method names, such as ['GET', 'PUT']",
  statusCodes: 'an array of statuses from 100 to 599',
  errorCodes:
    'an object from error code to failure class: connection, transport, timeout, throttled, transient, permanent or aborted',
  retryableErrors: 'an array of error classes or predicates',
  nonRetryableErrors: 'an array of error classes or predicates',
  shouldRetry: 'a function (outcome, context) that returns true, false or undefined, or a promise of it',
  retryAfter: 'an object { max, beyond }, or false to ignore hints',
  'retryAfter.max': 'a number of ms of at least 0',
  'retryAfter.beyond': "'stop' or 'cap'",
  idempotencyKey: 'true, false, or a function of the request that returns a key',
  attemptHeaders: 'true or false',
  nested: "'single' or 'full'",
  replay: 'an object { maxBytes }, or false to send streams once',
  'replay.maxBytes': 'a whole number of bytes of at least 0',
  resume: 'true or false',
  key: 'a function of the request that returns a string',
  ...ACCEPTED_BY_GUARDS,
  maxKeys: 'a whole number of at least 1',
  hooks: `an object of functions: ${HOOKS.join(', ')}`,
  throwOnExhausted: 'true or false',
  clock: 'an object with the functions now(), epoch() and schedule(delay, callback)',
  random: 'a function that returns a number from 0 to below 1',
}));

/** The same for JSON, which has no functions and no `Infinity`. */
export const acceptedInJson: () => Readonly<Record<string, string>> = /* @__PURE__ */ once(() => ({
  ...accepted(),
  maxAttempts: 'a whole number of at least 1',
  strategy: "'fixed', 'linear', 'exponential', 'fibonacci' or 'decorrelated'",
  idempotencyKey: 'true or false',
}));

const func = <T>(): z.ZodMiniCustom<T, T> => z.custom<T>((value) => typeof value === 'function');
/** Nobody changes it: `z.readonly` would freeze a copy that is not used. */
const listOf = <T>(item: z.ZodMiniType<T, T>) => z.array(item) as z.ZodMiniType<readonly T[], readonly T[]>;
const hookFunctions = () =>
  z.strictObject(Object.fromEntries(HOOKS.map((name) => [name, z.optional(func())]))) as z.ZodMiniType<
    RetryHooks,
    RetryHooks
  >;

const strategyName = () => z.literal(['fixed', 'linear', 'exponential', 'fibonacci', 'decorrelated']);
const failureClass = () =>
  z.literal([
    'connection',
    'transport',
    'timeout',
    'throttled',
    'transient',
    'permanent',
    'aborted',
  ] satisfies FailureClass[]);

const jsonShape = /* @__PURE__ */ lazy({
  maxAttempts: count,
  strategy: strategyName,
  baseDelay: duration,
  throttledBaseDelay: duration,
  maxDelay: duration,
  multiplier: () => z.number().check(z.gte(1)),
  jitter: () =>
    z.union([
      z.literal(['none', 'full', 'equal']),
      z.strictObject({ range: z.number().check(z.gte(0), z.lte(1)) }),
    ]),
  attemptTimeout: positiveDuration,
  timeout: positiveDuration,
  methods: () => listOf(z.string().check(z.regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/))),
  statusCodes: () => listOf(wholeNumber().check(z.gte(100), z.lte(599))),
  // `z.record` would say the same, and would add 0.6 KB to every bundle.
  errorCodes: () => z.catchall(z.strictObject({}), failureClass()),
  retryAfter: () =>
    z.union([
      z.strictObject({ max: z.optional(duration()), beyond: z.optional(z.literal(['stop', 'cap'])) }),
      z.literal(false),
    ]),
  idempotencyKey: () => z.boolean(),
  attemptHeaders: () => z.boolean(),
  nested: () => z.literal(['single', 'full']),
  replay: () =>
    z.union([z.strictObject({ maxBytes: z.optional(wholeNumber().check(z.gte(0))) }), z.literal(false)]),
  resume: () => z.boolean(),
  budget: () => z.union([...budgetKinds(), z.literal(false)]),
  circuitBreaker: () => z.union([guardSchemas.circuitBreaker(), z.literal(false)]),
  bulkhead: () => z.union([guardSchemas.bulkhead(), z.literal(false)]),
  pacer: () => z.union([guardSchemas.pacer(), z.literal(false)]),
  hedge: () => z.union([guardSchemas.hedge(), z.literal(false)]),
  maxKeys: count,
  throwOnExhausted: () => z.boolean(),
});

const optionsShape = /* @__PURE__ */ extended(jsonShape, {
  maxAttempts: () => z.union([count(), z.literal(Infinity)]),
  strategy: () => z.union([strategyName(), func<(context: BackoffContext) => number>()]),
  idempotencyKey: () => z.union([z.boolean(), func<(request: RequestDescription) => string>()]),
  retryableErrors: () => listOf(func<ErrorMatcher>()),
  nonRetryableErrors: () => listOf(func<ErrorMatcher>()),
  shouldRetry: () => func<NonNullable<GeneralOptions['shouldRetry']>>(),
  key: () => func<(request: RequestDescription) => string>(),
  hooks: hookFunctions,
  clock: () =>
    z.custom<Clock>((value) => {
      const clock = value as Partial<Clock> | null;
      return (
        typeof clock?.now === 'function' &&
        typeof clock.epoch === 'function' &&
        typeof clock.schedule === 'function'
      );
    }),
  random: () => func<Random>(),
});

/** The options of JSON; the published JSON Schema is made from it. */
export const jsonOptionsSchema = (): z.ZodMiniType<JsonRetryOptions, unknown> =>
  z.partial(z.strictObject(makeAll(jsonShape)));

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
export function checkOptions(options: unknown): AnyRetryOptions {
  check(optionsShape, options, accepted);
  return ownOptions(options as Agreement[1]);
}

/** A copy that holds itself what was inherited, as the hooks of a class are: later copies would lose that. */
function ownOptions(options: AnyRetryOptions): AnyRetryOptions {
  const names = Object.keys(optionsShape) as (keyof AnyRetryOptions)[];
  const given = names.filter((name) => name in options).map((name) => [name, options[name]]);
  const own = Object.fromEntries(given) as AnyRetryOptions;
  return own.hooks ? { ...own, hooks: ownHooks(own.hooks) } : own;
}

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
  check(jsonShape, json, acceptedInJson);
  return json as JsonRetryOptions;
}

/** Settings that a strategy has no use for, given by one author in one object. */
export function checkTogether(options: AnyRetryOptions): void {
  const { jitter, multiplier, strategy } = options;
  if (strategy === undefined) return;
  if (multiplier !== undefined && strategy !== 'linear' && strategy !== 'exponential') {
    const name = typeof strategy === 'function' ? 'a custom strategy' : `'${strategy}'`;
    throw new RetryConfigError(
      'multiplier',
      multiplier,
      `no multiplier with ${name}; linear and exponential have one`,
    );
  }
  if (jitter !== undefined && strategy === 'decorrelated') {
    throw new RetryConfigError('jitter', jitter, "no jitter with 'decorrelated', which is random in itself");
  }
}
