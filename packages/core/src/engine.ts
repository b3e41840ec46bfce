/** The engine: a policy with the state that its operations share. */

import { Deadlines } from './deadlines.ts';
import { isHeard } from './diagnostics.ts';
import { RetryConfigError } from './errors.ts';
import type { AttemptContext, CallOptions, Exchange, ExchangeDescription } from './exchange.ts';
import type { EngineState } from './engine-state.ts';
import { checkCall, FunctionExchange } from './function-exchange.ts';
import { isBounded, isPlain } from './first-attempt.ts';
import { FirstBounds } from './first-bounds.ts';
import type { CircuitBreaker } from './guards/circuit-breaker.ts';
import type { GuardsSnapshot, GuardSurroundings } from './guards/destination.ts';
import { Destinations } from './guards/destinations.ts';
import { SettingsCache } from './guards/settings-cache.ts';
import { reportCircuitChange } from './hooks.ts';
import type { AnyRetryOptions, RetryOptions } from './options.ts';
import type { CircuitState } from './outcome.ts';
import { isObserved } from './observation.ts';
import { checkOptions } from './options/schema.ts';
import { overridePolicy, resolveOptions } from './policy.ts';
import type { RetryPolicy } from './policy.ts';
import { PromisedExchange } from './promised-exchange.ts';
import { BoundedFirstAttempt, PromisedFirstAttempt } from './promised-first-attempt.ts';
import { StatisticsAggregate } from './statistics/aggregate.ts';
import { RecentSums } from './statistics/recent-sums.ts';
import type { StatisticsSnapshot } from './statistics/snapshot.ts';
import { isWithinRetries } from './within-request.ts';

/** The sums over an engine's operations, in all, of the last minute and by destination. */
export interface RetryStatistics {
  /** The sums so far: frozen data that survives JSON. */
  snapshot(): StatisticsSnapshot;
  /** Starts again from zero. */
  reset(): void;
}

/** A view on the guards of an engine, for dashboards, and the way to a breaker's switch. */
export interface RetryGuards {
  /** The guards that are in use, of all destinations whose state is kept; the most recently used one last. */
  snapshot(): readonly GuardsSnapshot[];
  /**
   * The circuit breaker of a destination, to be opened or closed by hand; `undefined` where the engine has none.
   *
   * @example
   * engine.guards.circuitBreaker('https://api.example.com')?.open();
   */
  circuitBreaker(key?: string): CircuitBreaker | undefined;
}

/** Retries operations by one policy. */
export interface RetryEngine {
  /** The options with every default, deeply frozen. */
  readonly policy: RetryPolicy;
  readonly statistics: RetryStatistics;
  /** What the guards of the destinations hold and do. */
  readonly guards: RetryGuards;
  /**
   * What the circuit breaker of a destination does; `closed` where there is none.
   *
   * @param key the URL's origin, unless `key` says otherwise; operations without a URL share `''`, the default
   */
  circuit(key?: string): CircuitState;
  /**
   * Calls `operation` until it succeeds, fails for good, or may not be tried again.
   *
   * @throws RetryExhaustedError when attempts run out, with the last error as its `cause`
   * @throws OperationTimeoutError when `timeout` passes
   * @throws CircuitOpenError when the circuit breaker is open, BulkheadFullError when the bulkhead has no place
   * @throws the error itself when it is not retryable, and the caller's own reason after an abort
   *
   * @example
   * const engine = createRetryEngine({ maxAttempts: 5 });
   * const row = await engine.execute(({ signal }) => database.query('select 1', { signal }));
   */
  execute<T>(operation: (attempt: AttemptContext) => T | PromiseLike<T>, call?: CallOptions): Promise<T>;
  /** Runs a request of an adapter. An adapter for a client of your own implements `Exchange`. */
  run<T>(exchange: Exchange<T>): Promise<T>;
}

const NO_CALL: CallOptions = Object.freeze({});

/**
 * Makes an engine.
 *
 * @throws RetryConfigError for an unknown option, a wrong value, or a pair that can't hold together
 *
 * @example
 * const engine = createRetryEngine({ maxAttempts: 5, timeout: 10_000 });
 */
export function createRetryEngine(options: RetryOptions = {}): RetryEngine {
  return new Engine(checkOptions(options));
}

/**
 * Makes the engine of an adapter: in the end it gives what the client itself would have given, the last response or the
 * last error, unless `throwOnExhausted` says otherwise.
 *
 * @throws RetryConfigError for an unknown option, a wrong value, or a pair that can't hold together
 */
export function createClientEngine(options: RetryOptions = {}): RetryEngine {
  // Checked before it is copied: spread, `null` and `5` would be no options at all, and those of a prototype lost.
  const own = checkOptions(options);
  return new Engine({ ...own, throwOnExhausted: own.throwOnExhausted ?? false });
}

/** What is no part of `RetryEngine` is for `event-operation.ts`, the other way in. */
export class Engine implements RetryEngine {
  readonly policy: RetryPolicy;
  readonly statistics: RetryStatistics;
  readonly guards: RetryGuards;
  readonly #state: EngineState;
  readonly #settings: SettingsCache;
  readonly #options: AnyRetryOptions;
  readonly #hasPlainPolicy: boolean;
  readonly #isBounded: boolean;
  readonly #overrides = new WeakMap<object, RetryPolicy>();
  /** The same policies with a single attempt. */
  readonly #nested = new WeakMap<RetryPolicy, RetryPolicy>();
  #single: RetryPolicy | undefined;

  /**
   * @param options checked before
   * @param isReused whether it runs more than one operation
   */
  constructor(options: AnyRetryOptions, isReused: boolean = true) {
    this.policy = resolveOptions(options);
    this.#options = options;
    this.#hasPlainPolicy = isPlain(this.policy);
    this.#isBounded = isBounded(this.policy);
    const { clock, hooks, maxKeys, random } = this.policy;
    const aggregate = new StatisticsAggregate(clock);
    const circuitChanged: GuardSurroundings['circuitChanged'] = (key, to, from) => {
      reportCircuitChange(hooks, { key, to, from });
    };
    const destinations = new Destinations(
      maxKeys,
      this.policy,
      { clock, random, circuitChanged },
      ({ sums }) => {
        aggregate.forget(sums);
      },
    );
    const { attemptTimeout, timeout } = this.policy;
    this.#state = {
      destinations,
      policy: this.policy,
      operationDeadlines:
        timeout === undefined ? undefined : new Deadlines(clock, timeout, 'operation_timeout', isReused),
      attemptDeadlines:
        attemptTimeout === undefined
          ? undefined
          : new Deadlines(clock, attemptTimeout, 'attempt_timeout', isReused),
    };
    this.#settings = new SettingsCache(this.policy);
    this.guards = Object.freeze({
      snapshot: () => destinations.snapshot(),
      circuitBreaker: (key = '') => {
        const { circuitBreaker } = this.policy;
        return circuitBreaker ? destinations.of(key).circuitBreaker(circuitBreaker) : undefined;
      },
    });
    this.statistics = Object.freeze({
      snapshot: () => aggregate.snapshot(destinations),
      reset: () => {
        aggregate.reset();
        for (const destination of destinations) destination.sums = new RecentSums();
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
      const policy = this.policyFor(exchange.call.retry);
      if (this.isPlain(exchange, policy)) {
        const bounds = this.boundsOf(exchange, policy);
        const attempt = bounds
          ? new BoundedFirstAttempt(exchange, policy, this.#state, bounds)
          : new PromisedFirstAttempt(exchange, policy, this.#state, bounds);
        const begun = attempt.run();
        if (begun) return begun;
      }
      return new PromisedExchange(exchange, policy, this.#state).run();
    } catch (error) {
      exchange.release?.({ reason: error });
      return Promise.reject(error);
    }
  }

  circuit(key: string = ''): CircuitState {
    return this.#state.destinations.peek(key)?.circuitState ?? 'closed';
  }

  /** Not a field: whoever prints an engine does not want to see it. */
  get state(): EngineState {
    return this.#state;
  }

  /** Whether the first attempt only has to be sent, counted and bounded. */
  isPlain({ call }: ExchangeDescription, policy: RetryPolicy): boolean {
    // The deadlines of the engine have the length of its own policy.
    const isPlainPolicy =
      policy === this.policy ? this.#hasPlainPolicy : isPlain(policy) && !isBounded(policy);
    return isPlainPolicy && call.signal?.aborted !== true && !isHeard('attempt') && !isObserved();
  }

  boundsOf({ call }: ExchangeDescription, policy: RetryPolicy): FirstBounds | undefined {
    const hasBounds = call.signal !== undefined || (policy === this.policy && this.#isBounded);
    return hasBounds ? new FirstBounds(policy, call.signal) : undefined;
  }

  /** @throws RetryConfigError for a wrong override */
  policyFor(override: CallOptions['retry']): RetryPolicy {
    const policy = this.#chosenPolicy(override);
    if (!isWithinRetries() || policy.maxAttempts === 1 || policy.nested === 'full') return policy;
    let nested = this.#nested.get(policy);
    if (nested === undefined) {
      nested = Object.freeze({ ...policy, maxAttempts: 1 });
      this.#nested.set(policy, nested);
    }
    return nested;
  }

  #chosenPolicy(override: CallOptions['retry']): RetryPolicy {
    if (override === undefined) return this.policy;
    if (override === false) return (this.#single ??= overridePolicy(this.#options, false, this.policy));
    if (typeof override !== 'object' || override === null) {
      throw new RetryConfigError(
        'retry',
        override,
        'an object of retry options, or false for a single attempt',
      );
    }
    let policy = this.#overrides.get(override);
    if (policy === undefined) {
      policy = this.#settings.share(overridePolicy(this.#options, override, this.policy));
      this.#overrides.set(override, policy);
    }
    return policy;
  }
}
