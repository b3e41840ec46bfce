/** The way into an engine for a client that answers by events: apart from it, for the others need not carry this. */

import { currentContext } from './async-context.ts';
import type { Engine, RetryEngine } from './engine.ts';
import { EventFirstAttempt } from './event-first-attempt.ts';
import type { EventExchange, EventOperation } from './exchange.ts';
import { ListeningExecution, ListeningHedgedExecution } from './listening-execution.ts';

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
  if (own.isPlain(exchange, policy)) {
    return new EventFirstAttempt(exchange, policy, own.state, own.boundsOf(exchange, policy));
  }
  const Execution = policy.hedge ? ListeningHedgedExecution : ListeningExecution;
  return new Execution(exchange, policy, own.state, currentContext());
}
