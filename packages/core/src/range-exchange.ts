/** The continuation of a download, as an operation of its own. */

import { keepAbortable, signalOf } from './attempt.ts';
import type { CallOptions, Exchange } from './exchange.ts';

/** The request whose body broke off. */
export type WholeExchange<T> = Pick<Exchange<T>, 'call' | 'url'> &
  Required<Pick<Exchange<T>, 'describe' | 'discard'>>;

/**
 * Its first attempt is the one that broke.
 *
 * @param send sends an attempt that asks for the rest
 */
export function rangeExchange<T extends { readonly body: object | null }>(
  whole: WholeExchange<T>,
  call: CallOptions,
  failure: unknown,
  send: Exchange<T>['send'],
): Exchange<T> {
  return {
    call,
    url: whole.url,
    // What asks for the rest is no hedge of what broke off.
    concurrent: false,
    previous: { kind: 'error', error: failure },
    async send(attempt) {
      if (attempt.number === 1) throw failure;
      const response = await send(attempt);
      // The attempt's own signal knows nothing of the caller's any more, once the headers have come.
      if (signalOf(attempt) !== call.signal && response.body) keepAbortable(attempt, response.body);
      return response;
    },
    describe: (response) => whole.describe(response),
    discard: (response) => whole.discard(response),
  };
}
