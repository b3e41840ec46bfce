/**
 * The first attempt of an operation that nothing holds back or follows. Most operations are such an attempt and succeed:
 * then it is all that they cost, with their statistics. If it fails, or its time is up, an execution goes on from it.
 */

import type { EndedOperation } from './attached-statistics.ts';
import { Attempt } from './attempt.ts';
import type { AttemptOwner } from './attempt.ts';
import type { ExchangeDescription } from './exchange.ts';
import type { BegunAttempt } from './execution.ts';
import type { EngineState } from './engine-state.ts';
import type { Bounded, FirstBounds } from './first-bounds.ts';
import type { RetryBudget } from './guards/budget.ts';
import type { CircuitBreaker, CircuitPermit } from './guards/circuit-breaker.ts';
import type { Destination } from './guards/destination.ts';
import { keyOf } from './guards/destination-key.ts';
import { upperCaseMethod } from './http/methods.ts';
import { nextOrdinal, Operation } from './operation.ts';
import type { Outcome } from './outcome.ts';
import type { RetryPolicy } from './policy.ts';
import type { RequestDescription } from './request.ts';

/** Nothing but its own end can end the attempt, and it has no headers of ours. */
const NOBODY: AttemptOwner = {
  headers: undefined,
  callerSignal: undefined,
  bounded: false,
  remaining: () => Infinity,
};

/** Whether a policy asks nothing of a first attempt but to be counted and bounded. */
export function isPlain(policy: RetryPolicy): boolean {
  const { hooks } = policy;
  return (
    policy.shouldRetry === undefined &&
    !policy.bulkhead &&
    !policy.pacer &&
    !policy.hedge &&
    !policy.attemptHeaders &&
    !policy.idempotencyKey &&
    hooks.onAttempt === undefined &&
    hooks.onSuccess === undefined
  );
}

/** Whether the time of a policy's first attempts is limited, or a circuit may keep them from being sent. */
export function isBounded({ attemptTimeout, circuitBreaker, timeout }: RetryPolicy): boolean {
  return timeout !== undefined || attemptTimeout !== undefined || circuitBreaker !== false;
}

/** It is also the description of its request: the URL is put together when somebody asks for it. */
export abstract class FirstAttempt<E extends ExchangeDescription>
  extends Attempt
  implements BegunAttempt, Bounded, EndedOperation, RequestDescription
{
  readonly policy: RetryPolicy;
  readonly startedAt: number;
  destination!: Destination;
  protected readonly bounds: FirstBounds | undefined;
  protected readonly engine: EngineState;
  protected readonly exchange: E;
  private readonly ordinal: number;
  private endedAt: number | undefined;
  private status: number | undefined;
  private operation: Operation | undefined;

  constructor(exchange: E, policy: RetryPolicy, engine: EngineState, bounds: FirstBounds | undefined) {
    super(bounds ?? NOBODY, 1, undefined);
    this.bounds = bounds;
    this.policy = policy;
    this.engine = engine;
    this.exchange = exchange;
    this.ordinal = nextOrdinal();
    this.startedAt = policy.clock.now();
  }

  get method(): string | undefined {
    const { method } = this.exchange.call;
    return method === undefined ? undefined : upperCaseMethod(method);
  }

  get url(): string | undefined {
    return this.exchange.url;
  }

  get origin(): string | undefined {
    return this.exchange.origin;
  }

  get hasIdempotencyKey(): boolean {
    return this.exchange.hasIdempotencyKey ?? false;
  }

  /** @param request its description, where somebody else has one that will live longer */
  toOperation(request: RequestDescription = this): Operation {
    if (this.operation === undefined) {
      const { destination, policy, startedAt } = this;
      const identity = { id: this.exchange.call.id, key: destination.key };
      this.operation = new Operation(policy, request, identity, startedAt, this.ordinal);
      this.operation.beginAttempt(startedAt, this.ordinal);
      if (this.endedAt !== undefined) this.operation.succeed(this.status, this.endedAt);
    }
    return this.operation;
  }

  get permit(): CircuitPermit | undefined {
    return this.bounds?.permit;
  }

  private get circuit(): CircuitBreaker | undefined {
    const { circuitBreaker } = this.policy;
    return circuitBreaker ? this.destination.circuitBreaker(circuitBreaker) : undefined;
  }

  private get budget(): RetryBudget | undefined {
    const { budget } = this.policy;
    return budget ? this.destination.budget(budget) : undefined;
  }

  /** The attempt is about to be sent. Returns whether it may be: a circuit that is not closed takes more thought. */
  protected begin(): boolean {
    const { bounds, exchange, policy } = this;
    const destination = this.engine.destinations.use(exchange.call.key ?? keyOf(policy, this));
    this.destination = destination;
    // `key` may have aborted.
    if (bounds && (!destination.isClosed || bounds.callerSignal?.aborted)) {
      this.engine.destinations.release(destination);
      return false;
    }
    try {
      exchange.begin?.(policy);
    } catch (error) {
      this.engine.destinations.release(destination);
      throw error;
    }
    this.budget?.requested(this.startedAt);
    bounds?.begin(this, this.startedAt, this.circuit, this.engine);
    return true;
  }

  /** The attempt succeeded, and so did the operation. */
  protected succeed(outcome: Outcome | undefined, now: number): void {
    const { destination } = this;
    // A clock that was set back makes no duration negative.
    const endedAt = Math.max(now, this.startedAt);
    this.endedAt = endedAt;
    this.status = outcome?.kind === 'response' ? outcome.status : undefined;
    this.operation?.succeed(this.status, endedAt);
    this.budget?.succeeded(0);
    this.bounds?.succeeded(endedAt - this.startedAt, endedAt);
    destination.sums.succeededAtOnce(endedAt - this.startedAt, endedAt);
    this.exchange.release?.();
    this.engine.destinations.release(destination);
  }

  timeIsUp(kind: 'operation_timeout' | 'attempt_timeout'): void {
    this.goOn().timeIsUp(kind);
  }

  signalAborted(reason: unknown): void {
    this.goOn().signalAborted(reason);
  }

  /** The execution that goes on from here, made when it is first needed. */
  protected abstract goOn(): Bounded;

  protected get hasSucceeded(): boolean {
    return this.endedAt !== undefined;
  }
}
