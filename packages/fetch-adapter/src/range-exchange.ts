/** The continuation of a download, as an operation of its own. */

import { keepAbortable, signalOf } from '@tenax/core';
import type { AttemptContext, CallOptions, Discarding, ErrorOutcome, Exchange } from '@tenax/core';

import { discardResponse, FetchOutcome } from './response-outcome.ts';

/** Its first attempt is the one that broke. */
export class RangeExchange implements Exchange<Response> {
  readonly call: CallOptions;
  readonly url: string;
  /** What asks for the rest is no hedge of what broke off. */
  readonly concurrent = false;
  readonly previous: ErrorOutcome;
  readonly #send: (attempt: AttemptContext) => Promise<Response>;

  constructor(
    call: CallOptions,
    url: string,
    failure: unknown,
    send: (attempt: AttemptContext) => Promise<Response>,
  ) {
    this.call = call;
    this.url = url;
    this.previous = { kind: 'error', error: failure };
    this.#send = send;
  }

  async send(attempt: AttemptContext): Promise<Response> {
    if (attempt.number === 1) throw this.previous.error;
    const response = await this.#send(attempt);
    // The attempt's own signal knows nothing of the caller's any more, once the headers have come.
    if (signalOf(attempt) !== this.call.signal && response.body) keepAbortable(attempt, response.body);
    return response;
  }

  describe(response: Response): FetchOutcome {
    return new FetchOutcome(response);
  }

  discard(response: Response): Discarding | undefined {
    return discardResponse(response);
  }
}
