/** The context that undici hands to its callers, with the statistics in it. */

import { LiveStatistics } from '@tenax/core';
import type { RequestStatistics } from '@tenax/core';

/**
 * A context with `retry`, beside whatever another interceptor has put into its own. An interceptor further out may copy
 * it before the request has ended, so the statistics are a value that is read later, not a getter.
 */
export class RetryContext {
  readonly retry: RequestStatistics;

  constructor(subject: { readonly statistics: RequestStatistics }, other: unknown) {
    this.add(other);
    this.retry = new LiveStatistics(subject);
  }

  /** What an interceptor has put into the context of an attempt. */
  add(other: unknown): void {
    if (typeof other !== 'object' || other === null) return;
    const { retry } = this;
    Object.assign(this, other, retry && { retry });
  }
}
