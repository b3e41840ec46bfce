/** Which destination a request belongs to. */

import type { RetryPolicy } from '../policy.ts';
import { describeRequest, originOf } from '../request.ts';
import type { RequestDescription } from '../request.ts';
import { warnOfAnswer, warnOnce } from '../warnings.ts';

/** What `key` of the policy says, or the origin of the URL. */
export function keyOf(policy: Pick<RetryPolicy, 'key'>, request: RequestDescription): string {
  const { key } = policy;
  if (key) {
    try {
      const own: unknown = key(describeRequest(request));
      if (typeof own === 'string') return own;
      warnOfAnswer(key, 'key', own, 'a string; the origin of the URL is used');
    } catch (error) {
      warnOnce(key, 'key threw; the origin of the URL is used', error);
    }
  }
  return originOf(request.origin ?? request.url);
}
