/** The first attempt of an operation whose client answers by promises. */

import { attachStatistics } from './attached-statistics.ts';
import type { Exchange } from './exchange.ts';
import { FirstAttempt } from './first-attempt.ts';
import { classifyHttp } from './http/classify.ts';
import { SUCCESS } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import { PromisedExchange } from './promised-exchange.ts';

/** Sends the attempt, and makes an execution when it fails. */
export class PromisedFirstAttempt<T> extends FirstAttempt<Exchange<T>> {
  run(): Promise<T> {
    this.begin();
    let sent: T | PromiseLike<T>;
    try {
      sent = this.exchange.send(this);
    } catch (error) {
      return Promise.resolve(this.#failed(error));
    }
    return Promise.resolve(sent).then(
      (value) => this.#answered(value),
      (error: unknown) => this.#failed(error),
    );
  }

  #answered(answer: T): T | PromiseLike<T> {
    const endedAt = this.policy.clock.now();
    const { exchange } = this;
    let value = answer;
    let outcome: Outcome | undefined;
    try {
      if (exchange.present) value = exchange.present(answer);
      outcome = exchange.describe?.(value);
    } catch (error) {
      return this.#failed(error);
    }
    const { failureClass } = outcome ? classifyHttp(outcome, this, this.policy) : SUCCESS;
    if (outcome && failureClass !== undefined) return this.#goOn().goOnAfterAnswer(value, outcome, this);
    attachStatistics(value, this);
    this.succeed(outcome, endedAt);
    return value;
  }

  #failed(error: unknown): PromiseLike<T> {
    return this.#goOn().goOnAfterError(error, this);
  }

  #goOn(): PromisedExchange<T> {
    return new PromisedExchange(this.exchange, this.policy, this.engine, this);
  }
}
