/** The context that undici hands to its callers, with the statistics in it. */

import { inspect } from 'node:util';

import type { RequestStatistics } from '@tenax/core';

/** An operation that may not have ended yet. */
interface Subject {
  readonly statistics: RequestStatistics;
}

/**
 * The statistics of a request, read when somebody looks: a caller gets its context before its request has ended, and
 * an interceptor may copy it then. Made for every request, so its fields are the prototype's.
 */
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

/** For console.log. */
Object.defineProperty(LiveStatistics.prototype, inspect.custom, {
  value(this: LiveStatistics) {
    return this.toJSON();
  },
});

/** A context with `retry`, beside whatever another interceptor has put into its own. */
export class RetryContext {
  readonly retry: RequestStatistics;

  constructor(subject: Subject, other: unknown) {
    if (typeof other === 'object' && other !== null) Object.assign(this, other);
    this.retry = new LiveStatistics(subject);
  }
}
