/** The policy of one request, as that of an engine that was made for it alone. */

import type { AnyRetryOptions } from '../src/options.ts';
import { overridePolicy as override, resolvePolicy } from '../src/policy.ts';
import type { RetryPolicy } from '../src/policy.ts';

export function overridePolicy(
  engineOptions: AnyRetryOptions,
  options: unknown,
  enginePolicy: RetryPolicy = resolvePolicy(engineOptions),
): RetryPolicy {
  return override(engineOptions, options, enginePolicy);
}
