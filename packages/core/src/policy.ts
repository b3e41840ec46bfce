/** A policy: options with every default filled in, frozen, and checked as a whole. */

import type { BackoffSettings } from './backoff/backoff.ts';
import { systemClock, systemRandom } from './clock.ts';
import type { Clock, Random } from './clock.ts';
import { RetryConfigError } from './errors.ts';
import type { RetryHooks } from './events.ts';
import { GUARDS } from './guards/guard-options.ts';
import type { GuardSettings } from './guards/guard-options.ts';
import { resolveGuards } from './guards/resolve-guards.ts';
import { ERROR_CODES } from './http/error-codes.ts';
import { IDEMPOTENT_METHODS } from './http/methods.ts';
import type { AnyRetryOptions, ErrorMatcher, GeneralOptions } from './options.ts';
import { checkOptions, overrideShape } from './options/schema.ts';
import type { FailureClass } from './outcome.ts';
import type { RequestDescription } from './request.ts';
import { silence, warnOnce } from './warnings.ts';

/** The resolved options: what an engine really does. Deeply frozen. All durations are ms. */
export interface RetryPolicy extends Readonly<BackoffSettings>, GuardSettings {
  readonly maxAttempts: number;
  readonly baseDelay: number;
  readonly throttledBaseDelay: number;
  readonly attemptTimeout: number | undefined;
  readonly timeout: number | undefined;
  readonly methods: readonly string[];
  readonly statusCodes: readonly number[];
  readonly errorCodes: Readonly<Record<string, FailureClass>>;
  readonly retryableErrors: readonly ((error: unknown) => boolean)[];
  readonly nonRetryableErrors: readonly ((error: unknown) => boolean)[];
  readonly shouldRetry: GeneralOptions['shouldRetry'];
  readonly retryAfter: { readonly max: number; readonly beyond: 'stop' | 'cap' } | false;
  readonly idempotencyKey: boolean | ((request: RequestDescription) => string);
  readonly attemptHeaders: boolean;
  readonly nested: 'single' | 'full';
  readonly replay: { readonly maxBytes: number } | false;
  readonly resume: boolean;
  readonly key: ((request: RequestDescription) => string) | undefined;
  readonly maxKeys: number;
  readonly hooks: Readonly<RetryHooks>;
  readonly throwOnExhausted: boolean;
  readonly clock: Clock;
  readonly random: Random;
}

/** The statuses that are retried unless told otherwise. */
const RETRYABLE_STATUS_CODES: readonly number[] = Object.freeze([
  408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529,
]);
/** What a wait is computed from. */
const UNITS = ['baseDelay', 'throttledBaseDelay'] as const;

/**
 * Checks options and fills in the defaults.
 *
 * @throws RetryConfigError for an unknown option, a wrong value, or a pair that can't hold together.
 */
export function resolvePolicy(options: unknown): RetryPolicy {
  return resolveOptions(checkOptions(options));
}

/**
 * The policy of one request: the engine's options with some replaced. Arrays replace, nested objects merge, and
 * `undefined` means "as the engine's"; `false` is a single attempt whose end is the client's own.
 *
 * @param engineOptions checked before
 * @param enginePolicy what they resolve to
 */
export function overridePolicy(
  engineOptions: AnyRetryOptions,
  override: unknown,
  enginePolicy: RetryPolicy,
): RetryPolicy {
  if (override === false) {
    // A download that may not go on has no end of ours either.
    const single = { ...engineOptions, maxAttempts: 1, resume: false, throwOnExhausted: false };
    return resolveOptions(single, enginePolicy);
  }
  const checked = checkOptions(override, engineOptions.bulkhead ? overrideShape : undefined);
  return resolveOptions(mergeOptions(engineOptions, checked), inheritedGuards(enginePolicy, checked));
}

/** Guards whose settings are left alone stay the very same, whatever else a request changes. */
function inheritedGuards(enginePolicy: RetryPolicy, override: AnyRetryOptions): Partial<GuardSettings> {
  const inherited = GUARDS.filter((name) => override[name] === undefined);
  return Object.fromEntries(inherited.map((name) => [name, enginePolicy[name]]));
}

function mergeOptions(base: AnyRetryOptions, override: AnyRetryOptions): AnyRetryOptions {
  const merged: AnyRetryOptions = { ...base, ...withoutUndefined(override) };
  // The engine's limit of one attempt is no contradiction to a shorter operation.
  if (base.attemptTimeout && override.timeout && override.attemptTimeout === undefined) {
    merged.attemptTimeout = Math.min(base.attemptTimeout, override.timeout);
  }
  // Nor are its units of waiting to shorter waits.
  const { maxDelay = Infinity } = override;
  for (const name of UNITS) {
    if (base[name] && override[name] === undefined) merged[name] = Math.min(base[name], maxDelay);
  }
  for (const name of ['retryAfter', 'replay', 'hooks', 'errorCodes', ...GUARDS] as const) {
    const [below, above] = [base[name], override[name]];
    // Another kind of budget has other settings.
    if (name === 'budget' && kindOf(base.budget) !== kindOf(override.budget)) continue;
    if (below && above) Object.assign(merged, { [name]: { ...below, ...withoutUndefined(above) } });
  }
  return merged;
}

function kindOf(budget: AnyRetryOptions['budget']): 'window' | 'tokens' {
  return (budget && budget.kind) || 'window';
}

function withoutUndefined<T extends object>(object: T): Partial<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/**
 * Fills in the defaults of options that were checked, each by itself.
 *
 * @param inherited guards that are settled already
 * @throws RetryConfigError for a pair that can't hold together.
 */
export function resolveOptions(
  options: AnyRetryOptions,
  inherited: Partial<GuardSettings> = {},
): RetryPolicy {
  const { jitter = 'full', maxDelay = 20_000, retryAfter = {}, replay = {} } = options;
  const policy: RetryPolicy = {
    maxAttempts: options.maxAttempts ?? 3,
    strategy: options.strategy ?? 'exponential',
    // A default never collides with what was given.
    baseDelay: options.baseDelay ?? Math.min(100, maxDelay),
    throttledBaseDelay: options.throttledBaseDelay ?? Math.min(1000, maxDelay),
    maxDelay,
    multiplier: options.multiplier ?? 2,
    // A copy: what the user gave is not ours to freeze.
    jitter: typeof jitter === 'string' ? jitter : Object.freeze({ ...jitter }),
    attemptTimeout: options.attemptTimeout,
    timeout: options.timeout,
    methods: Object.freeze((options.methods ?? IDEMPOTENT_METHODS).map((method) => method.toUpperCase())),
    statusCodes: Object.freeze([...(options.statusCodes ?? RETRYABLE_STATUS_CODES)]),
    errorCodes: options.errorCodes ? Object.freeze({ ...ERROR_CODES, ...options.errorCodes }) : ERROR_CODES,
    retryableErrors: Object.freeze((options.retryableErrors ?? []).map(toPredicate)),
    nonRetryableErrors: Object.freeze((options.nonRetryableErrors ?? []).map(toPredicate)),
    shouldRetry: options.shouldRetry,
    retryAfter:
      retryAfter && Object.freeze({ max: retryAfter.max ?? 60_000, beyond: retryAfter.beyond ?? 'stop' }),
    idempotencyKey: options.idempotencyKey ?? false,
    attemptHeaders: options.attemptHeaders ?? false,
    nested: options.nested ?? 'single',
    replay: replay && Object.freeze({ maxBytes: replay.maxBytes ?? 2 ** 20 }),
    resume: options.resume ?? false,
    ...resolveGuards(options, inherited),
    maxKeys: options.maxKeys ?? 1000,
    key: options.key,
    hooks: Object.freeze({ ...options.hooks }),
    throwOnExhausted: options.throwOnExhausted ?? true,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
  };
  checkWhole(policy);
  return Object.freeze(policy);
}

function checkWhole(policy: RetryPolicy): void {
  const { attemptTimeout, maxAttempts, maxDelay, timeout } = policy;
  if (maxAttempts === Infinity && timeout === undefined) {
    throw new RetryConfigError(
      'maxAttempts',
      maxAttempts,
      'Infinity only together with a timeout, or it might never end',
    );
  }
  for (const name of UNITS) {
    if (policy[name] <= maxDelay) continue;
    throw new RetryConfigError(name, policy[name], `at most maxDelay, which is ${maxDelay} ms`);
  }
  if (attemptTimeout !== undefined && timeout !== undefined && attemptTimeout > timeout) {
    throw new RetryConfigError(
      'attemptTimeout',
      attemptTimeout,
      `at most timeout, which is ${timeout} ms for all attempts`,
    );
  }
}

function toPredicate(matcher: ErrorMatcher): (error: unknown) => boolean {
  return (error) => {
    try {
      if (isErrorClass(matcher)) return error instanceof matcher;
      const matched: unknown = matcher(error);
      silence(matched);
      return matched === true;
    } catch (thrown) {
      warnOnce(
        matcher,
        'A predicate of retryableErrors or nonRetryableErrors threw; it counts as no match',
        thrown,
      );
      return false;
    }
  };
}

function isErrorClass(matcher: ErrorMatcher): matcher is abstract new (...args: never[]) => Error {
  const prototype: unknown = matcher.prototype;
  return typeof prototype === 'object' && prototype !== null && 'message' in prototype;
}
