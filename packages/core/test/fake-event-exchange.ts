import type {
  AttemptContext,
  CallOptions,
  Discarding,
  EventExchange,
  EventOperation,
} from '../src/exchange.ts';
import type { RetryEngine } from '../src/engine.ts';

/** An exchange that logs what the engine asks of it. A test tells its operation what happens. */
export class FakeEventExchange implements EventExchange {
  readonly call: CallOptions;
  readonly log: string[] = [];
  readonly attempts: AttemptContext[] = [];
  readonly failures: unknown[] = [];
  replayable = true;
  closing = false;
  discarding: Discarding | undefined;
  operation: EventOperation | undefined;
  /** Called with each attempt, while it is being sent. */
  onSend: ((attempt: AttemptContext) => void) | undefined;

  constructor(call: CallOptions = { method: 'GET' }) {
    this.call = call;
  }

  start(engine: RetryEngine): EventOperation {
    const operation = engine.operation(this);
    this.operation = operation;
    operation.start();
    return operation;
  }

  send(attempt: AttemptContext): void {
    this.attempts.push(attempt);
    this.log.push(`send ${attempt.number}`);
    this.onSend?.(attempt);
  }

  abandon(reason: unknown): void {
    this.log.push(`abandon ${String(reason)}`);
  }

  discard(): Discarding | undefined {
    this.log.push('discard');
    return this.discarding;
  }

  accept(): void {
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
