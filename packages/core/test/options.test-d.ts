import { expectTypeOf } from 'vitest';

import type { Jitter, StrategyName } from '../src/backoff/backoff.ts';
import type { Outcome } from '../src/outcome.ts';
import type {
  AnyRetryOptions,
  ErrorMatcher,
  RetryOptions,
  RetryOverride,
  ShouldRetryContext,
} from '../src/options.ts';
import { parseRetryOptions } from '../src/options/parse-retry-options.ts';
import { checkOptions, jsonOptionsSchema } from '../src/options/schema.ts';
import type { JsonRetryOptions } from '../src/options/schema.ts';
import { overridePolicy, resolvePolicy } from '../src/policy.ts';
import type { RetryPolicy } from '../src/policy.ts';

// Options that go together.
expectTypeOf<{ strategy: 'linear'; multiplier: 3; jitter: 'equal' }>().toExtend<RetryOptions>();
expectTypeOf<{ strategy: 'exponential'; multiplier: 3 }>().toExtend<RetryOptions>();
expectTypeOf<{ multiplier: 3; jitter: { range: 0.1 } }>().toExtend<RetryOptions>();
expectTypeOf<{ strategy: 'fixed'; jitter: 'none' }>().toExtend<RetryOptions>();
expectTypeOf<{ strategy: 'decorrelated'; baseDelay: 10 }>().toExtend<RetryOptions>();
expectTypeOf<{ strategy: () => number; jitter: 'none' }>().toExtend<RetryOptions>();

// A strategy takes only what means something to it.
expectTypeOf<{ strategy: 'fixed'; multiplier: number }>().not.toExtend<RetryOptions>();
expectTypeOf<{ strategy: 'fibonacci'; multiplier: number }>().not.toExtend<RetryOptions>();
expectTypeOf<{ strategy: () => number; multiplier: number }>().not.toExtend<RetryOptions>();
expectTypeOf<{ strategy: 'decorrelated'; multiplier: number }>().not.toExtend<RetryOptions>();
expectTypeOf<{ strategy: 'decorrelated'; jitter: Jitter }>().not.toExtend<RetryOptions>();

// Settings of guards that need each other, or not.
declare const queue: number | undefined;
const guarded: RetryOptions[] = [
  { circuitBreaker: {}, bulkhead: { maxConcurrent: 1 } },
  { circuitBreaker: { slowCallRate: 0.5, slowCallDuration: 500 } },
  { bulkhead: { maxConcurrent: 1, maxQueue: queue } },
  { bulkhead: { maxConcurrent: 1, maxQueue: 5, queueTimeout: 100 } },
];
void guarded;

// The same, as a user writes it.
const refused: RetryOptions[] = [
  // @ts-expect-error fixed has no multiplier
  { strategy: 'fixed', multiplier: 2 },
  // @ts-expect-error decorrelated is random in itself
  { strategy: 'decorrelated', jitter: 'full' },
  // @ts-expect-error an unknown strategy
  { strategy: 'quadratic' },
  // @ts-expect-error an unknown option
  { retries: 3 },
  // @ts-expect-error a string for a number
  { maxAttempts: '3' },
  // @ts-expect-error a misspelt nested option
  { retryAfter: { maximum: 1 } },
  // @ts-expect-error true means nothing here
  { retryAfter: true },
  // @ts-expect-error an unknown failure class
  { errorCodes: { ECONNRESET: 'fatal' } },
  // @ts-expect-error a strategy is not asynchronous
  { strategy: async () => 100 },
  // @ts-expect-error an unknown hook
  { hooks: { onRetries: () => undefined } },
  // @ts-expect-error true says nothing of a circuit breaker
  { circuitBreaker: true },
  // @ts-expect-error a window of both calls and time
  { circuitBreaker: { window: { calls: 10, duration: 1000 } } },
  // @ts-expect-error slow calls of any duration
  { circuitBreaker: { slowCallRate: 0.5 } },
  // @ts-expect-error slow calls of any number
  { circuitBreaker: { slowCallDuration: 500 } },
  // @ts-expect-error a timeout of a queue that is not there
  { bulkhead: { maxConcurrent: 1, queueTimeout: 100 } },
  // @ts-expect-error a bulkhead without a size
  { bulkhead: {} },
  // @ts-expect-error a ratio of tokens
  { budget: { kind: 'tokens', ratio: 0.1 } },
  // @ts-expect-error no quantile
  { hedge: { delay: '95' } },
];
void refused;

// A strategy whose name is known only when the program runs.
declare const someName: StrategyName;
declare const oneOfTwo: 'fixed' | 'exponential';
const chosen: RetryOptions[] = [
  { strategy: someName },
  { strategy: oneOfTwo, maxAttempts: 5 },
  { strategy: oneOfTwo, jitter: 'equal' },
  {},
];
void chosen;

// Undefined is as good as absent, also under exactOptionalPropertyTypes.
expectTypeOf<{ maxAttempts: undefined; hooks: { onRetry: undefined } }>().toExtend<RetryOptions>();

// Arrays and objects that are read-only are taken.
expectTypeOf<{ methods: readonly ['GET']; statusCodes: readonly [500] }>().toExtend<RetryOptions>();

// An override is part of the options, or false.
expectTypeOf<false>().toExtend<RetryOverride>();
expectTypeOf<true>().not.toExtend<RetryOverride>();
expectTypeOf<{ maxAttempts: 1 }>().toExtend<RetryOverride>();
expectTypeOf<Partial<RetryOptions>>().toExtend<RetryOverride>();
expectTypeOf<{ strategy: 'fixed'; multiplier: number }>().not.toExtend<RetryOverride>();

// What a setting of a guard needs may be the engine's.
expectTypeOf<{ circuitBreaker: { slowCallRate: number } }>().toExtend<RetryOverride>();
expectTypeOf<{ bulkhead: { maxConcurrent: number; queueTimeout: number } }>().toExtend<RetryOverride>();
expectTypeOf<{ bulkhead: { queueTimeout: number } }>().toExtend<RetryOverride>();
expectTypeOf<{ bulkhead: { queueTimeout: number } }>().not.toExtend<RetryOptions>();

// Error classes and predicates.
expectTypeOf<typeof TypeError>().toExtend<ErrorMatcher>();
expectTypeOf<typeof DOMException>().toExtend<ErrorMatcher>();
expectTypeOf<(error: unknown) => boolean>().toExtend<ErrorMatcher>();
expectTypeOf<typeof Date>().not.toExtend<ErrorMatcher>();

// shouldRetry knows its arguments, and may be asynchronous.
const inferred: RetryOptions = {
  shouldRetry: async (outcome, context) => {
    expectTypeOf(outcome).toEqualTypeOf<Outcome>();
    expectTypeOf(context).toEqualTypeOf<ShouldRetryContext>();
    return undefined;
  },
};
void inferred;

// The schema and the documented types say the same.
expectTypeOf<RetryOptions>().toExtend<AnyRetryOptions>();
expectTypeOf<keyof RetryOptions>().toEqualTypeOf<keyof AnyRetryOptions>();
expectTypeOf(checkOptions).returns.toEqualTypeOf<AnyRetryOptions>();
expectTypeOf(parseRetryOptions).returns.toEqualTypeOf<RetryOptions>();
expectTypeOf(jsonOptionsSchema().parse({})).toEqualTypeOf<JsonRetryOptions>();
expectTypeOf<JsonRetryOptions>().toExtend<AnyRetryOptions>();
expectTypeOf<keyof AnyRetryOptions>()
  .exclude<keyof JsonRetryOptions>()
  .toEqualTypeOf<
    'retryableErrors' | 'nonRetryableErrors' | 'shouldRetry' | 'key' | 'hooks' | 'clock' | 'random'
  >();

// A policy has a place for every option, and nothing in it can be assigned.
expectTypeOf<keyof RetryPolicy>().toEqualTypeOf<keyof AnyRetryOptions>();
expectTypeOf<RetryPolicy>().toEqualTypeOf<Readonly<RetryPolicy>>();
expectTypeOf(resolvePolicy).returns.toEqualTypeOf<RetryPolicy>();
expectTypeOf(overridePolicy).returns.toEqualTypeOf<RetryPolicy>();
