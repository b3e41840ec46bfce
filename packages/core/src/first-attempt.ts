/**
 * The first attempt of an operation that nothing bounds, holds back or follows. Most operations are such an attempt
 * and succeed: then it is all that they cost, with their statistics. If it fails, an execution goes on from it.
 */

import { attachStatistics } from './attached-statistics.ts';
import type { EndedOperation } from './attached-statistics.ts';
import { Attempt } from './attempt.ts';
import type { AttemptOwner } from './attempt.ts';
import { isHeard } from './diagnostics.ts';
import type { Exchange } from './exchange.ts';
import type { EngineState } from './execution.ts';
import type { RetryBudget } from './guards/budget.ts';
import type { Destination } from './guards/destination.ts';
import { keyOf } from './guards/destination-key.ts';
import { classifyHttp } from './http/classify.ts';
import { upperCaseMethod } from './http/methods.ts';
import { isObserved } from './observation.ts';
import { nextOrdinal, Operation } from './operation.ts';
import { SUCCESS } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import type { RetryPolicy } from './policy.ts';
import { PromisedExchange } from './promised-exchange.ts';
import type { RequestDescription } from './request.ts';

/** Nothing but its own end can end the attempt, and it has no headers of ours. */
const NOBODY: AttemptOwner = {
  headers: undefined,
  callerSignal: undefined,
  bounded: false,
  remaining: () => Infinity,
};

/** Whether the first attempt needs nothing from the policy but to be counted. */
export function isPlain<T>({ call }: Exchange<T>, policy: RetryPolicy): boolean {
  const { hooks } = policy;
  return (
    call.signal === undefined &&
    policy.timeout === undefined &&
    policy.attemptTimeout === undefined &&
    policy.shouldRetry === undefined &&
    !policy.circuitBreaker &&
    !policy.bulkhead &&
    !policy.pacer &&
    !policy.hedge &&
    !policy.attemptHeaders &&
    !policy.idempotencyKey &&
    hooks.onAttempt === undefined &&
    hooks.onSuccess === undefined &&
    !isHeard('attempt') &&
    !isObserved()
  );
}

/** It is also the description of its request: the URL is put together when somebody asks for it. */
export class FirstAttempt<T> extends Attempt implements EndedOperation, RequestDescription {
  readonly policy: RetryPolicy;
  readonly ordinal: number;
  readonly startedAt: number;
  readonly destination: Destination;
  readonly #exchange: Exchange<T>;
  readonly #engine: EngineState;
  #endedAt = 0;
  #status: number | undefined;
  #operation: Operation | undefined;

  constructor(exchange: Exchange<T>, policy: RetryPolicy, engine: EngineState) {
    super(NOBODY, 1, undefined);
    this.policy = policy;
    this.#exchange = exchange;
    this.#engine = engine;
    this.ordinal = nextOrdinal();
    this.startedAt = policy.clock.now();
    exchange.begin?.(policy);
    this.destination = engine.destinations.use(exchange.call.key ?? keyOf(policy, this));
  }

  get method(): string | undefined {
    const { method } = this.#exchange.call;
    return method === undefined ? undefined : upperCaseMethod(method);
  }

  get url(): string | undefined {
    return this.#exchange.url;
  }

  get origin(): string | undefined {
    return this.#exchange.origin;
  }

  get hasIdempotencyKey(): boolean {
    return this.#exchange.hasIdempotencyKey ?? false;
  }

  run(): Promise<T> {
    this.#budget?.requested(this.startedAt);
    let sent: T | PromiseLike<T>;
    try {
      sent = this.#exchange.send(this);
    } catch (error) {
      return this.#goOn().goOnAfterError(error, this);
    }
    return Promise.resolve(sent).then(
      (value) => this.#answered(value),
      (error: unknown) => this.#goOn().goOnAfterError(error, this),
    );
  }

  toOperation(): Operation {
    if (this.#operation === undefined) {
      const { destination, policy } = this;
      const identity = { id: this.#exchange.call.id, key: destination.key };
      this.#operation = new Operation(policy, this, identity, this.startedAt, this.ordinal);
      this.#operation.beginAttempt(this.startedAt);
      this.#operation.succeed(this.#status, this.#endedAt);
    }
    return this.#operation;
  }

  #answered(value: T): T | Promise<T> {
    const endedAt = this.policy.clock.now();
    let outcome: Outcome | undefined;
    try {
      outcome = this.#exchange.describe?.(value);
    } catch (error) {
      return this.#goOn().goOnAfterError(error, this);
    }
    const { failureClass } = outcome ? classifyHttp(outcome, this, this.policy) : SUCCESS;
    if (outcome && failureClass !== undefined) return this.#goOn().goOnAfterAnswer(value, outcome, this);
    this.#succeed(value, outcome?.kind === 'response' ? outcome.status : undefined, endedAt);
    return value;
  }

  #succeed(value: T, status: number | undefined, endedAt: number): void {
    const { destination } = this;
    this.#endedAt = endedAt;
    this.#status = status;
    this.#budget?.succeeded(0);
    destination.sums.succeededAtOnce(endedAt - this.startedAt, endedAt);
    attachStatistics(value, this);
    this.#exchange.release?.();
    this.#engine.destinations.release(destination);
  }

  get #budget(): RetryBudget | undefined {
    const { budget } = this.policy;
    return budget ? this.destination.budget(budget) : undefined;
  }

  #goOn(): PromisedExchange<T> {
    return new PromisedExchange(this.#exchange, this.policy, this.#engine, this);
  }
}
