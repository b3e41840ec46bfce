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
  /** Sends it; `undefined` if that is not to be done here. */
  run(): Promise<T> | undefined {
    if (!this.begin()) return undefined;
    let sent: T | PromiseLike<T>;
    try {
      sent = this.exchange.send(this);
    } catch (error) {
      return Promise.resolve(this.failed(error));
    }
    return Promise.resolve(sent).then(
      (value) => this.answered(value),
      (error: unknown) => this.failed(error),
    );
  }

  protected answered(answer: T): T | PromiseLike<T> {
    const endedAt = this.policy.clock.now();
    const { exchange } = this;
    let value = answer;
    let outcome: Outcome | undefined;
    let verdict = SUCCESS;
    try {
      if (exchange.present) value = exchange.present(answer);
      outcome = exchange.describe?.(value);
      if (outcome) verdict = classifyHttp(outcome, this, this.policy);
    } catch (error) {
      return this.failed(error);
    }
    if (outcome && verdict.failureClass !== undefined)
      return this.goOn().goOnAfterAnswer(value, outcome, this);
    attachStatistics(value, this);
    this.succeed(outcome, endedAt);
    return value;
  }

  protected failed(error: unknown): PromiseLike<T> {
    return this.goOn().goOnAfterError(error, this);
  }

  protected override goOn(): PromisedExchange<T> {
    return new PromisedExchange(this.exchange, this.policy, this.engine, this);
  }
}

/** One that may be given up before its own promise is settled. So its caller has a promise of ours. */
export class BoundedFirstAttempt<T> extends PromisedFirstAttempt<T> {
  private readonly end: PromiseWithResolvers<T> = Promise.withResolvers<T>();
  /** What goes on from here. */
  private rest: PromisedExchange<T> | undefined;

  override run(): Promise<T> | undefined {
    if (!this.begin()) return undefined;
    const { promise, resolve } = this.end;
    let sent: T | PromiseLike<T>;
    try {
      sent = this.exchange.send(this);
    } catch (error) {
      resolve(this.failed(error));
      return promise;
    }
    Promise.resolve(sent).then(
      (value) => {
        if (this.rest) this.rest.answered(value, this);
        else resolve(this.answered(value));
      },
      (error: unknown) => {
        // One that comes too late may hold a response.
        resolve(this.failed(error));
      },
    );
    return promise;
  }

  protected override goOn(): PromisedExchange<T> {
    if (this.rest === undefined) {
      this.bounds?.end();
      this.rest = super.goOn();
      this.end.resolve(this.rest as unknown as PromiseLike<T>);
    }
    return this.rest;
  }
}
