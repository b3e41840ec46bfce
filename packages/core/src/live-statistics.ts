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
 * The members of the record are those of the object itself, so that a copy, a list or a comparison has them. A proxy,
 * because it is made with every request: accessors of its own for each of them take a hundred times as long.
 */
const AS_RECORD: ProxyHandler<LiveStatistics> = {
  get: (live, name) => Reflect.get(name in live ? live : live.toJSON(), name) as unknown,
  set: () => false,
  has: (live, name) => name in live || name in live.toJSON(),
  deleteProperty: () => false,
  defineProperty: (live, name, descriptor) =>
    !Object.isExtensible(live) && Reflect.defineProperty(live, name, descriptor),
  ownKeys: (live) => Reflect.ownKeys(recordOf(live)),
  getOwnPropertyDescriptor(live, name) {
    const descriptor = Reflect.getOwnPropertyDescriptor(recordOf(live), name);
    // What a proxy shows as fixed, its target has to have.
    return descriptor && Object.isExtensible(live) ? { ...descriptor, configurable: true } : descriptor;
  },
  // What is frozen changes no more, and of a proxy the target must then have all of it: a record takes the place of the
  // subject. Whoever freezes all that an answer holds would otherwise break it.
  preventExtensions(live) {
    if (!Object.isExtensible(live)) return true;
    const record = live.toJSON();
    Reflect.deleteProperty(live, 'subject');
    return Reflect.preventExtensions(Object.assign(live, record));
  },
};

/** Where the members of the record are the properties. */
function recordOf(live: LiveStatistics): RequestStatistics {
  return Object.isExtensible(live) ? live.toJSON() : live;
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
  declare readonly id: string;
  declare readonly key: string;
  declare readonly result: RequestStatistics['result'];
  declare readonly reason: RequestStatistics['reason'];
  declare readonly attempts: RequestStatistics['attempts'];
  declare readonly totalTime: number;
  declare readonly totalDelay: number;
  // Not #private: the methods are called on the proxy of this.
  private readonly subject: Subject | undefined;

  constructor(subject: Subject) {
    super();
    this.subject = subject;
    return new Proxy(this, AS_RECORD);
  }

  /** The plain record. */
  toJSON(): RequestStatistics {
    return this.subject?.statistics ?? Object.freeze({ ...(this as RequestStatistics) });
  }
}
