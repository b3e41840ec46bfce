/** The way into an engine for a client that answers by events: apart from it, for the others need not carry this. */

import { currentContext } from './async-context.ts';
import type { Engine, RetryEngine } from './engine.ts';
import { EventExecution } from './event-execution.ts';
import { EventFirstAttempt } from './event-first-attempt.ts';
import type { EventExchange, EventOperation } from './exchange.ts';

/**
 * Makes the operation of a client that answers by events. `start` sends its first attempt.
 *
 * @throws RetryConfigError for a wrong `call.retry`
 */
export function eventOperation(
  engine: RetryEngine,
  exchange: EventExchange,
): EventOperation & { start(): void } {
  const own = engine as Engine;
  const policy = own.policyFor(exchange.call.retry);
  return own.isPlain(exchange, policy)
    ? new EventFirstAttempt(exchange, policy, own.state, own.boundsOf(exchange, policy))
    : new EventExecution(exchange, exchange, policy, own.state, undefined, currentContext());
}
