/** Statistics that can be handed out before their operation has ended. */

import { SO_FAR } from './attached-statistics.ts';
import type { RequestStatistics } from './record.ts';

/** An operation that may not have ended yet. */
interface Subject {
  readonly statistics: RequestStatistics;
}

/**
 * Gives the plain record to whoever asks by a symbol. A class with such members stays in every bundle, used or not, so a
 * call makes this one, which a bundler can drop.
 */
const AskedBySymbol: abstract new () => object = /* @__PURE__ */ askedBySymbol();

function askedBySymbol(): typeof AskedBySymbol {
  abstract class Asked {
    abstract toJSON(): RequestStatistics;

    [SO_FAR](): RequestStatistics {
      return this.toJSON();
    }

    /** What console.log of Node and Deno asks for. */
    [Symbol.for('nodejs.util.inspect.custom')](): RequestStatistics {
      return this.toJSON();
    }
  }
  return Asked;
}

/**
 * The statistics of an operation, read when somebody looks; until it has ended, what is known so far. For a client that
 * gives its callers a context before it has an answer. `getRetryStatistics` of an object that holds one as its `retry`
 * gives the plain record.
 *
 * @example
 * handler.onRequestStart(controller, { ...context, retry: new LiveStatistics(operation) });
 */
export class LiveStatistics extends AskedBySymbol implements RequestStatistics {
  readonly #subject: Subject;

  constructor(subject: Subject) {
    super();
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

  /** The plain record. */
  toJSON(): RequestStatistics {
    return this.#subject.statistics;
  }
}
