/** Retries for a function without an engine of one's own: once, as a wrapper, as a decorator. */

import { createRetryEngine, Engine } from './engine.ts';
import type { RetryEngine } from './engine.ts';
import { RetryConfigError } from './errors.ts';
import type { AttemptContext, CallOptions } from './exchange.ts';
import type { RetryOptions } from './options.ts';
import { checkOptions } from './options/schema.ts';

let defaultEngine: RetryEngine | undefined;

/**
 * Calls `operation` until it succeeds or may not be tried again.
 *
 * @throws what `RetryEngine.execute` throws, and RetryConfigError for wrong options
 *
 * @example
 * const body = await retry(async ({ signal }) => {
 *   const response = await fetch('https://api.example.com/', { signal });
 *   if (!response.ok) throw Object.assign(new Error('not yet'), { status: response.status });
 *   return response.json();
 * }, { maxAttempts: 5, attemptTimeout: 2_000 });
 */
export async function retry<T>(
  operation: (attempt: AttemptContext) => T | PromiseLike<T>,
  options?: RetryOptions,
  call?: CallOptions,
): Promise<T> {
  const engine =
    options === undefined
      ? (defaultEngine ??= createRetryEngine())
      : new Engine(checkOptions(options), false);
  return await engine.execute(operation, call);
}

/**
 * The same function, retried. It keeps its name, its length and its `this`.
 *
 * @throws RetryConfigError for wrong options, at once
 *
 * @example
 * const loadUser = withRetry(async (id: string) => database.load(id), { maxAttempts: 5 });
 * await loadUser('42');
 */
export function withRetry<This, Arguments extends unknown[], Result>(
  fn: (this: This, ...parameters: Arguments) => Result,
  options?: RetryOptions,
): (this: This, ...parameters: Arguments) => Promise<Awaited<Result>> {
  if (typeof fn !== 'function') throw new RetryConfigError('fn', fn, 'a function');
  const engine = createRetryEngine(options);
  const retried = function (this: This, ...parameters: Arguments): Promise<Awaited<Result>> {
    return engine.execute<Awaited<Result>>(
      () => fn.apply(this, parameters) as Awaited<Result> | PromiseLike<Awaited<Result>>,
    );
  };
  for (const name of ['name', 'length'] as const) {
    Object.defineProperty(retried, name, { value: fn[name], configurable: true });
  }
  return retried;
}

/**
 * A decorator (TC39, stage 3) that retries a method. All instances share one engine.
 *
 * @throws RetryConfigError for wrong options, when the class is defined
 *
 * @example
 * class Users {
 *   @retryable({ maxAttempts: 5 })
 *   async load(id: string): Promise<User> { … }
 * }
 */
export function retryable(
  options?: RetryOptions,
): <This, Method extends AsyncMethod<This>>(
  method: Method,
  context: ClassMethodDecoratorContext<This>,
) => Retried<Method> {
  if (typeof options === 'function') {
    throw new RetryConfigError('@retryable', options, 'options or nothing in parentheses: @retryable()');
  }
  return (method, context) => {
    if (context?.kind !== 'method') {
      throw new RetryConfigError('@retryable', context?.kind, 'a method, with TC39 decorators');
    }
    return withRetry(method, options) as unknown as Retried<typeof method>;
  };
}

type AsyncMethod<This> = (this: This, ...parameters: never[]) => Promise<unknown>;

/** A method keeps its type parameters. One that promises more than a plain promise would lose that: it is refused. */
type Retried<Method extends AsyncMethod<never>> = [ReturnType<Method>] extends [Promise<infer Result>]
  ? Promise<Result> extends ReturnType<Method>
    ? Method
    : unknown
  : never;
