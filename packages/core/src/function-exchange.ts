/** A function of the user's, to be retried like a request, and the options of its call. */

import { RetryConfigError } from './errors.ts';
import type { AttemptContext, CallOptions, Exchange } from './exchange.ts';

const CALL_OPTIONS = ['id', 'key', 'method', 'signal', 'retry'];

/** A function of the user's as an exchange. */
export class FunctionExchange<T> implements Exchange<T> {
  readonly call: CallOptions;
  private readonly operation: (attempt: AttemptContext) => T | PromiseLike<T>;

  constructor(operation: (attempt: AttemptContext) => T | PromiseLike<T>, call: CallOptions) {
    if (typeof operation !== 'function') {
      throw new RetryConfigError('operation', operation, 'a function that is called for each attempt');
    }
    this.operation = operation;
    this.call = call;
  }

  send(attempt: AttemptContext): T | PromiseLike<T> {
    return (0, this.operation)(attempt);
  }
}

/** @throws RetryConfigError for an unknown option of a call, or a wrong value */
export function checkCall(call: CallOptions): void {
  if (typeof call !== 'object' || call === null) {
    throw new RetryConfigError('call', call, `an object with any of ${CALL_OPTIONS.join(', ')}`);
  }
  for (const name of Object.keys(call)) {
    if (CALL_OPTIONS.includes(name)) continue;
    const accepted = `only ${CALL_OPTIONS.join(', ')}; retry options belong into retry: { … }`;
    throw new RetryConfigError(`call.${name}`, call[name as keyof CallOptions], accepted);
  }
  for (const name of ['id', 'key', 'method'] as const) {
    const value: unknown = call[name];
    if (value === undefined || typeof value === 'string') continue;
    throw new RetryConfigError(`call.${name}`, value, 'a string');
  }
  const { signal } = call;
  if (
    signal !== undefined &&
    typeof (signal as Partial<AbortSignal> | null)?.addEventListener !== 'function'
  ) {
    throw new RetryConfigError('call.signal', signal, 'an AbortSignal');
  }
}
