/** Statistics on what axios gives: `response.retry`, `error.retry`. */

import { getRetryStatistics } from '@tenax/core';

/** One for all results: a getter of its own for each would cost every response its fast shape. */
const RETRY: PropertyDescriptor & ThisType<object> = {
  get() {
    return getRetryStatistics(this);
  },
  enumerable: false,
  configurable: true,
};

/** Adds `retry`, not enumerable so that `JSON.stringify` and `toJSON` stay as they were, and computed when read. */
export function showStatistics(result: unknown): void {
  if (typeof result !== 'object' || result === null) return;
  try {
    if (Object.isExtensible(result) && !Object.hasOwn(result, 'retry'))
      Object.defineProperty(result, 'retry', RETRY);
  } catch {
    // A proxy that throws when it is looked at.
  }
}
