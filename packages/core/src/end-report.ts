/** What is counted, and who is told, when attempts and operations end. */

import { attachStatistics, lastRecordOf, statisticsOf } from './attached-statistics.ts';
import { reportAttempt, reportEnd } from './hooks.ts';
import type { Observation } from './observation.ts';
import type { Operation } from './operation.ts';
import type { FailureClass } from './outcome.ts';
import type { RecentSums } from './statistics/recent-sums.ts';

/** An operation, with those who hear of it. */
interface Reported {
  readonly operation: Operation;
  readonly observation: Observation | undefined;
  readonly sums: RecentSums;
}

export function countAttempt({ operation, sums }: Reported, failureClass: FailureClass | undefined): void {
  const { currentAttempt, endedAt, responseTime } = operation;
  sums.attemptEnded(currentAttempt.number, responseTime, failureClass, endedAt);
}

export function countOperation({ operation, sums }: Reported): void {
  const { attemptNumber, endedAt, result, retryOverhead } = operation;
  sums.operationEnded(result ?? 'aborted', attemptNumber, retryOverhead, endedAt);
}

export function tellOfAttempt({ observation, operation }: Reported): void {
  // First, for the hook may abort: then the attempts beside this one end within it, and so does the operation.
  observation?.attemptEnded(lastRecordOf(operation));
  reportAttempt(operation);
}

/**
 * @param result what the caller gets
 * @param failed it is thrown
 */
export function tellOfEnd({ observation, operation }: Reported, result: unknown, failed: boolean): void {
  attachStatistics(result, operation);
  reportEnd(operation);
  if (observation === undefined) return;
  const statistics = statisticsOf(operation);
  observation.ended(failed ? { statistics, error: result } : { statistics, result });
}
