/** The first attempt of an operation whose client answers by events. */

import { statisticsOf } from './attached-statistics.ts';
import { EventExecution } from './event-execution.ts';
import type { AttemptContext, EventExchange, EventOperation } from './exchange.ts';
import { FirstAttempt } from './first-attempt.ts';
import { classifyHttp } from './http/classify.ts';
import type { ResponseOutcome } from './outcome.ts';
import type { RequestStatistics } from './record.ts';

/** Sends the attempt, and hands everything on to an execution when it fails. */
export class EventFirstAttempt extends FirstAttempt<EventExchange> implements EventOperation {
  #execution: EventExecution | undefined;

  get statistics(): RequestStatistics {
    return this.#execution?.statistics ?? statisticsOf(this.toOperation());
  }

  start(): void {
    if (!this.begin()) {
      this.#execution = new EventExecution(this.exchange, this.exchange, this.policy, this.engine);
      this.#execution.start();
      return;
    }
    try {
      this.exchange.send(this);
    } catch (error) {
      this.failed(error, this);
    }
  }

  responded(outcome: ResponseOutcome, attempt: AttemptContext): void {
    if (this.hasSucceeded) return;
    if (this.#execution || classifyHttp(outcome, this, this.policy).failureClass !== undefined) {
      this.goOn().responded(outcome, attempt);
    } else {
      this.succeed(outcome, this.policy.clock.now());
      this.exchange.accept(this);
    }
  }

  succeeded(status: number, attempt: AttemptContext): void {
    if (this.#execution) this.#execution.succeeded(status, attempt);
    else if (!this.hasSucceeded) {
      this.succeed({ kind: 'response', status } as ResponseOutcome, this.policy.clock.now());
    }
  }

  failed(error: unknown, attempt: AttemptContext): void {
    if (!this.hasSucceeded) this.goOn().failed(error, attempt);
  }

  abort(reason: unknown): void {
    if (!this.hasSucceeded) this.goOn().abort(reason);
  }

  hurry(): void {
    this.#execution?.hurry();
  }

  protected override goOn(): EventExecution {
    this.bounds?.end();
    return (this.#execution ??= new EventExecution(
      this.exchange,
      this.exchange,
      this.policy,
      this.engine,
      this,
    ));
  }
}
