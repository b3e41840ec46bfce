/** Drives an operation whose client answers by events. */

import { Attempt } from './attempt.ts';
import { epochOffset } from './attached-statistics.ts';
import type { Timer } from './clock.ts';
import type { EventExchange, EventOperation } from './exchange.ts';
import { Execution } from './execution.ts';
import { Interruption } from './interruption.ts';
import type { Classification, Decision, Outcome, ResponseOutcome } from './outcome.ts';
import type { RetryPolicy } from './policy.ts';
import type { RequestStatistics } from './record.ts';
import type { StatisticsAggregate } from './statistics/aggregate.ts';

/** Runs one exchange to its end. Where nothing has to be waited for, everything happens within the client's event. */
export class EventExecution extends Execution implements EventOperation {
  readonly #exchange: EventExchange;
  /** The attempt that has not ended yet. */
  #attempt: Attempt | undefined;
  #attemptTimer: Timer | undefined;
  #endWait: (() => void) | undefined;

  constructor(exchange: EventExchange, policy: RetryPolicy, aggregate: StatisticsAggregate) {
    super(exchange, policy, aggregate);
    this.#exchange = exchange;
  }

  get statistics(): RequestStatistics {
    return this.operation.statistics(epochOffset(this.operation));
  }

  start(): void {
    this.#exchange.begin?.(this.policy);
    if (this.callerSignal?.aborted) {
      this.#end(this.abortion());
      return;
    }
    this.open();
    this.#send(this.operation.startedAt);
  }

  responded(outcome: ResponseOutcome): void {
    this.#attemptEnded(outcome);
  }

  succeeded(status: number): void {
    if (this.#takeAttempt()) this.#succeed(status, this.policy.clock.now());
  }

  failed(error: unknown): void {
    this.#attemptEnded(this.describeError(error));
  }

  abort(reason: unknown): void {
    if (this.operation.result === undefined) this.stop(new Interruption('caller_aborted', reason));
  }

  hurry(): void {
    this.#endWait?.();
  }

  override interrupt(interruption: Interruption): void {
    const attempt = this.#attempt;
    if (attempt === undefined) {
      super.interrupt(interruption);
      return;
    }
    const reason = this.reasonOf(interruption);
    attempt.abort(reason);
    this.#exchange.abandon(reason);
    if (interruption.kind === 'attempt_timeout') this.failed(reason);
    else this.#end(new Interruption(interruption.kind, reason));
  }

  protected override waitBegan(end: () => void): void {
    this.#endWait = end;
  }

  #send(startedAt: number): void {
    const attempt = new Attempt(this, this.operation.attemptNumber + 1, this.previous);
    if (this.policy.attemptHeaders) this.tellServer(attempt);
    this.operation.beginAttempt(startedAt);
    this.#attempt = attempt;
    if (this.policy.attemptTimeout !== undefined) this.#attemptTimer = this.attemptTimer(attempt);
    try {
      this.#exchange.send(attempt);
    } catch (error) {
      this.failed(error);
    }
  }

  /** Whether there is an attempt to end; then there is none any more. */
  #takeAttempt(): boolean {
    if (this.#attempt === undefined) return false;
    this.#attempt = undefined;
    this.#attemptTimer?.cancel();
    return true;
  }

  #attemptEnded(outcome: Outcome): void {
    if (!this.#takeAttempt()) return;
    const endedAt = this.policy.clock.now();
    const classification = this.classify(outcome);
    if (this.policy.shouldRetry && classification.failureClass !== 'aborted') {
      void this.#ask(outcome, classification, endedAt);
    } else {
      this.#judge(outcome, classification, endedAt);
    }
  }

  async #ask(outcome: Outcome, builtIn: Classification, endedAt: number): Promise<void> {
    let classification: Classification;
    try {
      classification = await this.askShouldRetry(outcome, builtIn);
      this.throwIfInterrupted();
    } catch (interruption) {
      this.#exchange.discard()?.cancel();
      this.#end(interruption as Interruption);
      return;
    }
    this.#judge(outcome, classification, endedAt);
  }

  #judge(outcome: Outcome, classification: Classification, endedAt: number): void {
    if (classification.failureClass === undefined) {
      this.#succeed(outcome.kind === 'response' ? outcome.status : undefined, endedAt);
      this.#exchange.accept();
      return;
    }
    const decision = this.decide(outcome, classification, endedAt);
    if (decision.action === 'retry') {
      void this.#retry(decision, outcome);
      return;
    }
    this.close();
    const failure = this.giveUp(outcome, undefined);
    if (failure === undefined) {
      this.#exchange.accept();
      return;
    }
    if (outcome.kind === 'response') this.#exchange.discard()?.cancel();
    this.#exchange.fail(failure.reason);
  }

  #succeed(status: number | undefined, endedAt: number): void {
    this.close();
    this.succeed(undefined, status, endedAt);
  }

  async #retry(decision: Decision & { action: 'retry' }, outcome: Outcome): Promise<void> {
    try {
      await this.prepareRetry(decision, outcome, this.#exchange.discard());
      this.throwIfInterrupted();
    } catch (interruption) {
      this.#end(interruption as Interruption);
      return;
    } finally {
      this.#endWait = undefined;
    }
    this.#send(this.policy.clock.now());
  }

  #end(interruption: Interruption): void {
    this.#takeAttempt();
    this.close();
    this.#exchange.fail(this.endInterrupted(interruption).reason);
  }
}
