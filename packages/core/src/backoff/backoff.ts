/** A backoff: how the wait grows with the attempts. */

import type { FailureClass } from '../outcome.ts';
import type { Random } from '../clock.ts';

/** What a custom strategy knows when it is asked for a wait. */
export interface BackoffContext {
  /** The attempt that failed: 1 for the first. */
  readonly attemptNumber: number;
  /** The unit in ms: `baseDelay`, or `throttledBaseDelay` after a `throttled` outcome. */
  readonly baseDelay: number;
  /** The computed wait before the attempt that failed, in ms; 0 for the first. */
  readonly previousDelay: number;
  readonly failureClass: FailureClass | undefined;
  /** The policy's random source. */
  readonly random: Random;
}

/** The strategies by name. */
export type StrategyName = 'fixed' | 'linear' | 'exponential' | 'fibonacci' | 'decorrelated';

/** How computed waits are spread. */
export type Jitter = 'none' | 'full' | 'equal' | { readonly range: number };

/** The limits and shape of a wait. All durations are ms. */
export interface BackoffSettings {
  readonly strategy: StrategyName | ((context: BackoffContext) => number);
  readonly maxDelay: number;
  readonly multiplier: number;
  readonly jitter: Jitter;
}
