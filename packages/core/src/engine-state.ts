/** What all operations of an engine share. */

import type { Deadlines } from './deadlines.ts';
import type { Destinations } from './guards/destinations.ts';
import type { RetryPolicy } from './policy.ts';

/** The destinations with their guards, and the timers that operations of one length of time share. */
export interface EngineState {
  readonly destinations: Destinations;
  /** The engine's own; a request may override it. */
  readonly policy: RetryPolicy;
  /** Of operations that are bounded by the policy's `timeout`. */
  readonly operationDeadlines: Deadlines<'operation_timeout'> | undefined;
  /** Of attempts that are bounded by the policy's `attemptTimeout`. */
  readonly attemptDeadlines: Deadlines<'attempt_timeout'> | undefined;
}
