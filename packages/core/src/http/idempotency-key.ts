/** The Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header). */

import { RetryConfigError } from '../errors.ts';
import type { RetryPolicy } from '../policy.ts';
import { describeRequest } from '../request.ts';
import type { RequestDescription } from '../request.ts';
import { silence } from '../warnings.ts';
import { IDEMPOTENT_METHODS } from './methods.ts';

/** The name of the header. */
export const IDEMPOTENCY_KEY = 'idempotency-key';
const VISIBLE_ASCII = /^[\x20-\x7e]+$/;

/**
 * The value to send with every attempt of a request, or `undefined` when it needs none: the policy does not ask for
 * one, the method is idempotent by itself, or the caller gave a key.
 *
 * @throws RetryConfigError when the user's function does not return a usable key: a request that relies on its key is
 * not sent without one.
 */
export function makeIdempotencyKey(request: RequestDescription, policy: RetryPolicy): string | undefined {
  const { idempotencyKey, methods } = policy;
  if (idempotencyKey === false || request.method === undefined) return undefined;
  const { method } = request;
  // A POST that `methods` names as well is no idempotent one by itself: a key was asked for, and makes it safe.
  const needsNone = IDEMPOTENT_METHODS.includes(method) && methods.includes(method);
  if (needsNone || request.hasIdempotencyKey) return undefined;
  if (idempotencyKey === true) return `"${randomUuid()}"`;
  let key: unknown;
  try {
    key = idempotencyKey(describeRequest(request));
  } catch (cause) {
    throw new RetryConfigError('idempotencyKey', idempotencyKey, 'a function that returns a key; it threw', {
      cause,
    });
  }
  if (typeof key === 'string' && VISIBLE_ASCII.test(key)) return key;
  silence(key);
  throw new RetryConfigError(
    'idempotencyKey',
    key,
    'a function that returns a string of visible ASCII characters',
  );
}

/** `crypto.randomUUID` is missing on pages without TLS; random bytes are not. */
function randomUuid(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  // Version 4, and the variant of RFC 9562, in place of random digits.
  return digits.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-a$4-$5');
}
