/** Statistics on what axios gives: `response.retry`, `error.retry`. */

import { getRetryStatistics } from '@tenax/core';

/** Adds `retry`, not enumerable so that `JSON.stringify` and `toJSON` stay as they were, and computed when read. */
export function showStatistics<T>(result: T): T {
  if (typeof result !== 'object' || result === null || Object.hasOwn(result, 'retry')) return result;
  if (!Object.isExtensible(result)) return result;
  Object.defineProperty(result, 'retry', {
    get: () => getRetryStatistics(result),
    enumerable: false,
    configurable: true,
  });
  return result;
}
