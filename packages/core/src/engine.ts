/** The engine: a policy with the state that its operations share. */

import { RetryConfigError } from './errors.ts';
import type { AttemptContext, CallOptions, EventExchange, EventOperation, Exchange } from './exchange.ts';
import { EventExecution } from './event-execution.ts';
import type { AnyRetryOptions, RetryOptions } from './options.ts';
import { overridePolicy, resolvePolicy } from './policy.ts';
import type { RetryPolicy } from './policy.ts';
import { PromiseExecution } from './promise-execution.ts';
import { StatisticsAggregate } from './statistics/aggregate.ts';
import type { StatisticsSnapshot } from './statistics/aggregate.ts';

/** The sums over an engine's operations. */
export interface RetryStatistics {
  /** The sums so far; a copy that does not change. */
  snapshot(): StatisticsSnapshot;
  /** Starts again from zero. */
  reset(): void;
}

/** Retries operations by one policy. */
export interface RetryEngine {
  /** The options with every default, deeply frozen. */
  readonly policy: RetryPolicy;
  readonly statistics: RetryStatistics;
  /**
   * Calls `operation` until it succeeds, fails for good, or may not be tried again.
   *
   * @throws RetryExhaustedError when attempts run out, with the last error as its `cause`
   * @throws OperationTimeoutError when `timeout` passes
   * @throws the error itself when it is not retryable, and the caller's own reason after an abort
   *
   * @example
   * const engine = createRetryEngine({ maxAttempts: 5 });
   * const row = await engine.execute(({ signal }) => database.query('select 1', { signal }));
   */
  execute<T>(operation: (attempt: AttemptContext) => T | PromiseLike<T>, call?: CallOptions): Promise<T>;
  /** Runs a request of an adapter. An adapter for a client of your own implements `Exchange`. */
  run<T>(exchange: Exchange<T>): Promise<T>;
  /**
   * Makes the operation of a client that answers by events. `start` sends its first attempt.
   *
   * @throws RetryConfigError for a wrong `call.retry`
   */
  operation(exchange: EventExchange): EventOperation & { start(): void };
}

const NO_CALL: CallOptions = Object.freeze({});
const CALL_OPTIONS = ['id', 'key', 'method', 'signal', 'retry'];

/**
 * Makes an engine.
 *
 * @throws RetryConfigError for an unknown option, a wrong value, or a pair that can't hold together
 *
 * @example
 * const engine = createRetryEngine({ maxAttempts: 5, timeout: 10_000 });
 */
export function createRetryEngine(options: RetryOptions = {}): RetryEngine {
  return new Engine(options);
}

class Engine implements RetryEngine {
  readonly policy: RetryPolicy;
  readonly statistics: RetryStatistics;
  readonly #aggregate = new StatisticsAggregate();
  readonly #options: AnyRetryOptions;
  readonly #overrides = new WeakMap<object, RetryPolicy>();
  #single: RetryPolicy | undefined;

  constructor(options: RetryOptions) {
    this.policy = resolvePolicy(options);
    this.#options = { ...options };
    const aggregate = this.#aggregate;
    this.statistics = Object.freeze({
      snapshot: () => aggregate.snapshot(),
      reset: () => {
        aggregate.reset();
      },
    });
  }

  execute<T>(
    operation: (attempt: AttemptContext) => T | PromiseLike<T>,
    call: CallOptions = NO_CALL,
  ): Promise<T> {
    try {
      if (call !== NO_CALL) checkCall(call);
      return this.run(new FunctionExchange(operation, call));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  run<T>(exchange: Exchange<T>): Promise<T> {
    try {
      return new PromiseExecution(exchange, this.#policyFor(exchange.call.retry), this.#aggregate).run();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  operation(exchange: EventExchange): EventOperation & { start(): void } {
    return new EventExecution(exchange, this.#policyFor(exchange.call.retry), this.#aggregate);
  }

  #policyFor(override: CallOptions['retry']): RetryPolicy {
    if (override === undefined) return this.policy;
    if (override === false) return (this.#single ??= overridePolicy(this.#options, false));
    if (typeof override !== 'object' || override === null) {
      throw new RetryConfigError(
        'retry',
        override,
        'an object of retry options, or false for a single attempt',
      );
    }
    let policy = this.#overrides.get(override);
    if (policy === undefined) {
      policy = overridePolicy(this.#options, override);
      this.#overrides.set(override, policy);
    }
    return policy;
  }
}

/** A function of the user's as an exchange. */
class FunctionExchange<T> implements Exchange<T> {
  readonly call: CallOptions;
  readonly #operation: (attempt: AttemptContext) => T | PromiseLike<T>;

  constructor(operation: (attempt: AttemptContext) => T | PromiseLike<T>, call: CallOptions) {
    if (typeof operation !== 'function') {
      throw new RetryConfigError('operation', operation, 'a function that is called for each attempt');
    }
    this.#operation = operation;
    this.call = call;
  }

  send(attempt: AttemptContext): T | PromiseLike<T> {
    return (0, this.#operation)(attempt);
  }
}

function checkCall(call: CallOptions): void {
  if (typeof call !== 'object' || call === null) {
    throw new RetryConfigError('call', call, `an object with any of ${CALL_OPTIONS.join(', ')}`);
  }
  for (const name of Object.keys(call)) {
    if (CALL_OPTIONS.includes(name)) continue;
    const accepted = `only ${CALL_OPTIONS.join(', ')}; retry options belong into retry: { … }`;
    throw new RetryConfigError(`call.${name}`, call[name as keyof CallOptions], accepted);
  }
  for (const name of ['id', 'key', 'method'] as const) {
    const value: unknown = call[name];
    if (value === undefined || typeof value === 'string') continue;
    throw new RetryConfigError(`call.${name}`, value, 'a string');
  }
  const { signal } = call;
  if (
    signal !== undefined &&
    typeof (signal as Partial<AbortSignal> | null)?.addEventListener !== 'function'
  ) {
    throw new RetryConfigError('call.signal', signal, 'an AbortSignal');
  }
}
