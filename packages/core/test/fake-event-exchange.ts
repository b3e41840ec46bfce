import type {
  AttemptContext,
  CallOptions,
  Discarding,
  EventExchange,
  EventOperation,
} from '../src/exchange.ts';
import type { RetryEngine } from '../src/engine.ts';
import { eventOperation } from '../src/event-operation.ts';
import type { ResponseOutcome } from '../src/outcome.ts';
import type { RequestStatistics } from '../src/record.ts';

/** An exchange that logs what the engine asks of it. A test tells its operation what happens. */
export class FakeEventExchange implements EventExchange {
  readonly call: CallOptions;
  readonly log: string[] = [];
  readonly attempts: AttemptContext[] = [];
  readonly failures: unknown[] = [];
  replayable = true;
  closing = false;
  discarding: Discarding | undefined;
  operation: FakeOperation | undefined;
  /** Called with each attempt, while it is being sent. */
  onSend: ((attempt: AttemptContext) => void) | undefined;

  constructor(call: CallOptions = { method: 'GET' }) {
    this.call = call;
  }

  start(engine: RetryEngine): FakeOperation {
    const operation = eventOperation(engine, this);
    this.operation = new FakeOperation(operation, this.attempts);
    operation.start();
    return this.operation;
  }

  send(attempt: AttemptContext): void {
    this.attempts.push(attempt);
    this.log.push(`send ${attempt.number}`);
    this.onSend?.(attempt);
  }

  abandon(reason: unknown, _attempt: AttemptContext): void {
    this.log.push(`abandon ${String(reason)}`);
  }

  discard(_attempt: AttemptContext): Discarding | undefined {
    this.log.push('discard');
    return this.discarding;
  }

  accept(_attempt: AttemptContext): void {
    this.log.push('accept');
  }

  fail(error: unknown): void {
    this.log.push('fail');
    this.failures.push(error);
  }

  release(failure?: { readonly reason: unknown }): void {
    this.log.push(failure ? 'release after a failure' : 'release');
  }
}

/** An operation that is told of the attempt that was sent last, unless a test names another. */
export class FakeOperation implements EventOperation {
  readonly #operation: EventOperation;
  readonly #attempts: readonly AttemptContext[];

  constructor(operation: EventOperation, attempts: readonly AttemptContext[]) {
    this.#operation = operation;
    this.#attempts = attempts;
  }

  get statistics(): RequestStatistics {
    return this.#operation.statistics;
  }

  responded(outcome: ResponseOutcome, attempt: AttemptContext = this.#last): void {
    this.#operation.responded(outcome, attempt);
  }

  succeeded(status: number, attempt: AttemptContext = this.#last): void {
    this.#operation.succeeded(status, attempt);
  }

  failed(error: unknown, attempt: AttemptContext = this.#last): void {
    this.#operation.failed(error, attempt);
  }

  abort(reason: unknown): void {
    this.#operation.abort(reason);
  }

  hurry(): void {
    this.#operation.hurry();
  }

  get #last(): AttemptContext {
    return this.#attempts.at(-1) as AttemptContext;
  }
}
