/** Which requests may be sent again after they may have been processed. */

import type { RequestDescription } from '../request.ts';

/** Methods that are idempotent (RFC 9110 section 9.2.2, and QUERY of RFC 10008). */
export const IDEMPOTENT_METHODS: readonly string[] = [
  'GET',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PUT',
  'DELETE',
  'QUERY',
];

const UPPER_CASE: ReadonlySet<string> = new Set([...IDEMPOTENT_METHODS, 'POST', 'PATCH']);

/** The method in upper case. Most are already, and finding that out costs less than making it so. */
export function upperCaseMethod(method: string): string {
  return UPPER_CASE.has(method) ? method : method.toUpperCase();
}

/**
 * Whether the request may be sent twice. One without a method is a function that somebody asked to be retried, and
 * with an idempotency key the server takes care of it. Nobody looks for a key where the method says so already.
 */
export function isIdempotent(request: RequestDescription, methods: readonly string[]): boolean {
  return (
    request.method === undefined || methods.includes(request.method) || request.hasIdempotencyKey === true
  );
}
