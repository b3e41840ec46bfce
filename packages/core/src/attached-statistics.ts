/** Statistics beside a result: nothing of them can be seen on it. */

import { completeError, RetryError } from './errors.ts';
import { findInCauses } from './http/error-class.ts';
import type { Operation } from './operation.ts';
import type { AttemptRecord, RequestStatistics } from './record.ts';

/** An operation that ended, or what can still become the state of one: most are never looked at. */
export interface EndedOperation {
  toOperation(): Operation;
}

/**
 * A private field on an object that somebody else made: a constructor that returns the object lets the subclass add
 * its field there. Nothing can see it, and unlike a WeakMap entry it costs the garbage collector nothing: with a
 * WeakMap a happy fetch took 3.5 % more CPU and had 5 % less throughput.
 */
const Foreign = function (object: object): object {
  return object;
} as unknown as new (object: object) => object;

class Stamp extends Foreign {
  #ended: EndedOperation;

  private constructor(object: object, ended: EndedOperation) {
    super(object);
    this.#ended = ended;
  }

  static put(object: object, ended: EndedOperation): object {
    if (!(#ended in object)) return new Stamp(object, ended);
    object.#ended = ended;
    return object;
  }

  static read(object: object): EndedOperation | undefined {
    return #ended in object ? object.#ended : undefined;
  }
}

/** For objects that take no fields: engines are about to refuse private ones on what is not extensible. */
const closedObjects = new WeakMap<object, EndedOperation>();

/** Remembers the operation that ended with `result`; nothing for what is no object. */
export function attachStatistics(result: unknown, ended: EndedOperation): void {
  if ((typeof result !== 'object' || result === null) && typeof result !== 'function') return;
  try {
    // An object may have been closed after an earlier operation ended with it.
    if (Object.isExtensible(result) || Stamp.read(result)) Stamp.put(result, ended);
    else closedObjects.set(result, ended);
    if (result instanceof RetryError) {
      completeError(result, statisticsOf(ended.toOperation()));
    }
  } catch {
    // A proxy that throws when it is looked at, or an error of ours that somebody froze.
    closedObjects.set(result, ended);
  }
}

/** Everything about an operation; until it has ended, what is known so far. */
export function statisticsOf(operation: Operation): RequestStatistics {
  return operation.statistics(epochOffset(operation));
}

/** The record of the attempt that ended last; one must have. */
export function lastRecordOf(operation: Operation): AttemptRecord {
  return operation.lastRecord(epochOffset(operation)) as AttemptRecord;
}

/** Epoch ms minus monotonic ms. Read once: the wall clock is coarser, so each reading would move the attempts a little. */
function epochOffset(operation: Operation): number {
  const { clock } = operation.policy;
  return (operation.epochOffset ??= clock.epoch() - clock.now());
}

/** The operation that ended last with this result, if one did. */
export function operationOf(result: unknown): Operation | undefined {
  if ((typeof result !== 'object' || result === null) && typeof result !== 'function') return undefined;
  return (Stamp.read(result) ?? closedObjects.get(result))?.toOperation();
}

/**
 * The statistics of the operation that ended with this response, error or result: every attempt, its outcome and why
 * it was followed by another. An error may also have one as its cause, as that of a `fetch` whose dispatcher retries.
 * `undefined` for an object that no operation of Tenax ended with. A `response.clone()` is another object; ask for the
 * original's.
 *
 * @example
 * const response = await retryingFetch('https://api.example.com/');
 * getRetryStatistics(response)?.attempts.length; // 1
 */
export function getRetryStatistics(responseOrErrorOrResult: object): RequestStatistics | undefined {
  // Where there is no cause it would go on to the first of several errors, which does not stand for them all.
  const operation =
    operationOf(responseOrErrorOrResult) ??
    findInCauses(responseOrErrorOrResult, (one) => operationOf(one) ?? (one.cause ? undefined : null));
  if (operation) return statisticsOf(operation);
  // The types ask for an object; undici 7.0 gives no context to some callers.
  if (!responseOrErrorOrResult) return undefined;
  // Not asked of a getter, which may ask for the statistics itself.
  const live = Object.getOwnPropertyDescriptor(responseOrErrorOrResult, 'retry')?.value as
    | Live
    | null
    | undefined;
  return live?.[SO_FAR]?.();
}

/** By this `LiveStatistics` is known, which most bundles do not carry. */
export const SO_FAR: unique symbol = Symbol('statistics so far');

interface Live {
  [SO_FAR]?(): RequestStatistics;
}
