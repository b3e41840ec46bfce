/** Brings operations to those who observe them. One that throws is reported once and changes nothing. */

// `Disposable`, also of the adapters, for whoever has neither a newer `lib` nor the types of Node.
/// <reference lib="esnext.disposable" preserve="true" />

import { operationChannel } from './diagnostics.ts';
import { RetryConfigError } from './errors.ts';
import type { ExchangeDescription } from './exchange.ts';
import type {
  AttemptObserver,
  Instrumentation,
  ObservedAttempt,
  ObservedEnd,
  OperationObserver,
} from './instrumentation.ts';
import type { Operation } from './operation.ts';
import type { AttemptRecord } from './record.ts';
import { placeOf } from './request.ts';
import { warnOnce } from './warnings.ts';

const instrumentations = new Set<Instrumentation>();

/**
 * Lets somebody observe every operation of every engine, as a tracing library does: `@tenax/opentelemetry` is made of
 * this. Nothing is built while nobody observes.
 *
 * @returns a handle that ends it, when it is disposed of
 * @throws RetryConfigError when `instrumentation` can't be told of operations
 *
 * @example
 * const observation = instrument({
 *   operationStarted: ({ key }) => ({
 *     ended: ({ statistics }) => console.log(key, statistics?.result),
 *   }),
 * });
 * observation[Symbol.dispose]();
 */
export function instrument(instrumentation: Instrumentation): Disposable {
  if (typeof (instrumentation as Partial<Instrumentation> | undefined)?.operationStarted !== 'function') {
    throw new RetryConfigError(
      'instrumentation',
      instrumentation,
      'an object with a function operationStarted',
    );
  }
  instrumentations.add(instrumentation);
  return Object.freeze({
    [Symbol.dispose]: () => {
      instrumentations.delete(instrumentation);
    },
  });
}

/** Whether anybody observes operations. */
export function isObserved(): boolean {
  return instrumentations.size > 0 || operationChannel.isHeard();
}

/** An operation that may be observed. */
interface Observable {
  observation: Observation | undefined;
  readonly operation: Operation;
}

type Place = Pick<ExchangeDescription, 'place' | 'url'>;

/** Begins an operation under observation. */
export function observe<T>(execution: Observable, exchange: Place, begin: () => T): T {
  const observation = new Observation(execution.operation, exchange);
  execution.observation = observation;
  return observation.run(begin);
}

/** Somebody's observer. */
interface Held<Observer> {
  readonly owner: Instrumentation;
  readonly observer: Observer;
}

/** All that observe one operation. */
export class Observation {
  readonly observers: readonly Held<OperationObserver>[];
  /** Of attempts under way, by number. */
  readonly #attempts = new Map<number, readonly Held<AttemptObserver>[]>();
  #ended = false;

  constructor(operation: Operation, exchange: Place) {
    const { id, key, request } = operation;
    const observed = Object.freeze({
      id,
      key,
      method: request.method,
      url: placeOf(exchange.place ?? exchange.url),
    });
    const all = operationChannel.isHeard() ? [operationChannel, ...instrumentations] : [...instrumentations];
    this.observers = all.flatMap((owner) => hold(owner, () => owner.operationStarted(observed)));
  }

  run<T>(begin: () => T): T {
    return within(this.observers, () => {
      try {
        return begin();
      } catch (error) {
        // What could not even begin, nobody has ended.
        this.ended({ statistics: undefined, error });
        throw error;
      }
    });
  }

  /** @param headers makes the headers that are added to the attempt; most observers want none */
  attemptStarted(attemptNumber: number, hedged: boolean, headers: () => Headers): void {
    const attempt: ObservedAttempt = {
      attemptNumber,
      hedged,
      get headers() {
        return headers();
      },
    };
    const observers = this.observers.flatMap(({ observer, owner }) =>
      hold(owner, () => observer.attemptStarted?.(attempt)),
    );
    this.#attempts.set(attemptNumber, observers);
  }

  /** Sends an attempt. */
  send<T>(attemptNumber: number, send: () => T): T {
    return within(this.#attempts.get(attemptNumber) ?? [], send);
  }

  attemptEnded(record: AttemptRecord): void {
    for (const { observer, owner } of this.#attempts.get(record.attemptNumber) ?? []) {
      guard(owner, () => observer.ended?.(record));
    }
    this.#attempts.delete(record.attemptNumber);
  }

  ended(end: ObservedEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const { observer, owner } of this.observers) guard(owner, () => observer.ended?.(end));
  }
}

/** An event of the client tells how an attempt ended. */
export function resumeWithin<T>({ observers }: Observation, goOn: () => T): T {
  const resuming = observers.flatMap(({ observer, owner }) =>
    observer.resume ? [{ owner, observer: { run: observer.resume.bind(observer) } }] : [],
  );
  return within(resuming, goOn);
}

interface Runner {
  run?<T>(inner: () => T): T;
}

/** Calls `inner` within all observers, the first one outermost. */
function within<T>(observers: readonly Held<Runner>[], inner: () => T): T {
  return observers.reduceRight(
    (next: () => T, { observer, owner }) => (observer.run ? () => runWithin(observer, owner, next) : next),
    inner,
  )();
}

/** `inner` is called once and its end is what counts, whatever the observer does. */
function runWithin<T>(observer: Runner, owner: Instrumentation, inner: () => T): T {
  let end: { readonly value: T } | { readonly error: unknown } | undefined;
  const once = (): T => {
    if (end === undefined) {
      try {
        end = { value: inner() };
      } catch (error) {
        end = { error };
      }
    }
    if ('error' in end) throw end.error;
    return end.value;
  };
  try {
    observer.run?.(once);
  } catch (error) {
    if (end === undefined || !('error' in end) || end.error !== error) report(owner, error);
  }
  return once();
}

function hold<Observer>(owner: Instrumentation, start: () => Observer | undefined): Held<Observer>[] {
  const observer = guard(owner, start);
  return observer === undefined ? [] : [{ owner, observer }];
}

function guard<T>(owner: Instrumentation, call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    report(owner, error);
    return undefined;
  }
}

function report(owner: Instrumentation, error: unknown): void {
  warnOnce(owner, 'An instrumentation failed; the request goes on without it', error);
}
