/** The first attempt of an operation whose client answers by events. */

import { currentContext } from './async-context.ts';
import { statisticsOf } from './attached-statistics.ts';
import type { AttemptContext, EventExchange, EventOperation } from './exchange.ts';
import { FirstAttempt } from './first-attempt.ts';
import { classifyHttp } from './http/classify.ts';
import { ListeningExecution } from './listening-execution.ts';
import type { Listening } from './listening-execution.ts';
import type { ResponseOutcome } from './outcome.ts';
import type { RequestStatistics } from './record.ts';

/** Sends the attempt, and hands everything on to an execution when it fails. */
export class EventFirstAttempt extends FirstAttempt<EventExchange> implements EventOperation {
  /** An event of the client comes in the context of its connection, which another request has opened. */
  readonly #context = currentContext();
  #execution: Listening | undefined;

  get statistics(): RequestStatistics {
    return this.#execution?.statistics ?? statisticsOf(this.toOperation());
  }

  start(): void {
    if (!this.begin()) {
      this.#execution = this.#execute();
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

  protected override succeed(outcome: ResponseOutcome, endedAt: number): void {
    super.succeed(outcome, endedAt);
    this.#context.emitDestroy();
  }

  protected override goOn(): Listening {
    this.bounds?.end();
    return (this.#execution ??= this.#execute(this));
  }

  #execute(first?: this): Listening {
    const { engine, exchange, policy } = this;
    return new ListeningExecution(exchange, policy, engine, this.#context, first);
  }
}
