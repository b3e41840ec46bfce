import { Operation } from '../src/operation.ts';
import type { DecisionMoment } from '../src/decision.ts';
import type { OperationIdentity } from '../src/operation.ts';
import type { RetryOptions } from '../src/options.ts';
import type { Classification, Decision, Outcome, ResponseOutcome } from '../src/outcome.ts';
import { resolvePolicy } from '../src/policy.ts';
import type { RequestDescription } from '../src/request.ts';

export const EPOCH: number = Date.UTC(2020, 0, 1);

/** An operation at time 0 whose waits are not spread. */
export function startOperation(
  options: RetryOptions = {},
  request: RequestDescription = {},
  identity: OperationIdentity = {},
): Operation {
  return new Operation(resolvePolicy({ jitter: 'none', ...options }), request, identity, 0);
}

export function response(status: number, headers: Record<string, string> = {}): ResponseOutcome {
  return {
    kind: 'response',
    status,
    headers: new Headers(headers),
    text: () => Promise.resolve(''),
    json: () => Promise.resolve({}),
  };
}

export function failure(error: unknown): Outcome {
  return { kind: 'error', error };
}

/** One attempt from its start to the decision after it. */
export function attempt(
  operation: Operation,
  outcome: Outcome,
  at: {
    startedAt?: number;
    endedAt?: number;
    classification?: Classification;
  } & Partial<DecisionMoment> = {},
): Decision {
  const startedAt = at.startedAt ?? 0;
  const endedAt = at.endedAt ?? startedAt;
  operation.beginAttempt(startedAt);
  return operation.decide(outcome, at.classification ?? operation.classify(outcome), endedAt, {
    now: at.now ?? endedAt,
    clock: at.clock ?? { epoch: () => EPOCH },
    random: at.random ?? (() => 0),
    replayable: at.replayable ?? true,
    closing: at.closing ?? false,
    budget: at.budget,
    circuitOpen: at.circuitOpen ?? false,
  });
}
