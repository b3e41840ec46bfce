/** The user's word on an outcome, joined to the built-in one. */

import type { Classification } from '../outcome.ts';

/** `true` makes the outcome a failure worth another attempt, `false` the last one, `undefined` changes nothing. */
export function applyVerdict(builtIn: Classification, verdict: boolean | undefined): Classification {
  if (verdict === undefined || verdict === builtIn.retryable) return builtIn;
  if (verdict) {
    return { failureClass: builtIn.failureClass ?? 'transient', retryable: true, reason: 'should_retry' };
  }
  return { ...builtIn, retryable: false, reason: 'should_not_retry' };
}
