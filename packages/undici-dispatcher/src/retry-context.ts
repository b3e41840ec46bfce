/** The context that undici hands to its callers, with the statistics in it. */

import type { RequestStatistics } from '@tenax/core';

/** What may be asked before the operation has ended, too. */
interface Subject {
  readonly statistics: RequestStatistics;
}

/** Statistics that are read when somebody looks: an interceptor may copy a context before the operation has ended. */
class LiveStatistics implements RequestStatistics {
  readonly #subject: Subject;

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  get id(): string {
    return this.#subject.statistics.id;
  }

  get key(): string {
    return this.#subject.statistics.key;
  }

  get result(): RequestStatistics['result'] {
    return this.#subject.statistics.result;
  }

  get reason(): RequestStatistics['reason'] {
    return this.#subject.statistics.reason;
  }

  get attempts(): RequestStatistics['attempts'] {
    return this.#subject.statistics.attempts;
  }

  get totalTime(): number {
    return this.#subject.statistics.totalTime;
  }

  get totalDelay(): number {
    return this.#subject.statistics.totalDelay;
  }

  toJSON(): RequestStatistics {
    return this.#subject.statistics;
  }
}

/** A context with `retry`, beside whatever another interceptor has put into its own. */
export class RetryContext {
  readonly #subject: Subject & { readonly ended: boolean };

  constructor(subject: Subject & { readonly ended: boolean }, other: unknown) {
    this.#subject = subject;
    if (typeof other === 'object' && other !== null) Object.assign(this, other);
    Object.defineProperty(this, 'retry', RETRY);
  }

  static statisticsOf(context: RetryContext): RequestStatistics {
    const subject = context.#subject;
    return subject.ended ? subject.statistics : new LiveStatistics(subject);
  }
}

/** One for all: a getter of its own for each would cost every context its fast shape. */
const RETRY: PropertyDescriptor & ThisType<RetryContext> = {
  get() {
    return RetryContext.statisticsOf(this);
  },
  enumerable: true,
  configurable: true,
};
