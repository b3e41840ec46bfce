/** What can be configured. */

import { RetryConfigError } from '@tenax/core';

/** Who makes the spans of attempts: this package, or the instrumentation of the client further in. */
export type AttemptSpans = 'own' | 'inner';

/** The configuration of a `TenaxInstrumentation`. */
export interface TenaxInstrumentationConfig {
  /**
   * Who makes the span of each attempt.
   *
   * - `'own'`: Tenax makes a CLIENT span for each attempt and sends its trace context. Instrumentations of the client, such
   *   as those of undici and `node:http`, make none for these requests.
   * - `'inner'`: Tenax makes the span of the operation only. The client's own instrumentation makes those of the attempts,
   *   within it, and sends their trace context.
   *
   * @default 'own'
   */
  attemptSpans?: AttemptSpans;
  /**
   * How many keys metrics name: the first that are seen. All others are `_other`.
   *
   * @default 100
   */
  maxKeys?: number;
  /** Whether it is enabled. `getConfig()` says so; `enable()` and `disable()` change it. */
  enabled?: boolean;
}

const DEFAULT_MAX_KEYS = 100;
const OPTIONS = ['attemptSpans', 'maxKeys', 'enabled'];

/** @throws RetryConfigError for an unknown option or a wrong value */
export function resolveConfig(
  config: TenaxInstrumentationConfig,
): Required<Omit<TenaxInstrumentationConfig, 'enabled'>> {
  if (typeof config !== 'object' || config === null) {
    throw new RetryConfigError('config', config, `an object with any of ${OPTIONS.join(', ')}`);
  }
  for (const name of Object.keys(config)) {
    if (OPTIONS.includes(name)) continue;
    throw new RetryConfigError(name, config[name as keyof typeof config], `only ${OPTIONS.join(', ')}`);
  }
  const { attemptSpans = 'own' } = config;
  if (attemptSpans !== 'own' && attemptSpans !== 'inner') {
    throw new RetryConfigError('attemptSpans', attemptSpans, `'own' or 'inner'`);
  }
  return { attemptSpans, maxKeys: checkMaxKeys(config.maxKeys) };
}

/** @throws RetryConfigError for anything but a whole number, 1 or more */
export function checkMaxKeys(maxKeys: number = DEFAULT_MAX_KEYS): number {
  if (Number.isSafeInteger(maxKeys) && maxKeys >= 1) return maxKeys;
  throw new RetryConfigError('maxKeys', maxKeys, 'a whole number, 1 or more');
}
