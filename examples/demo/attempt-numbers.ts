/** How the attempts of each number fared: what the second attempt is good for, what the third. */
import type { Operation } from './operations.ts';

/** All attempts of one number. */
export interface AttemptNumber {
  /** 1 for first attempts. */
  readonly attemptNumber: number;
  readonly attempts: number;
  /** Operations that succeeded with this attempt, their body included. */
  readonly succeeded: number;
  /** Operations that succeeded with this attempt or an earlier one. */
  readonly succeededSoFar: number;
}

/** Counts the attempts of every number that there was. */
export function countByAttemptNumber(operations: readonly Operation[]): AttemptNumber[] {
  const attemptsOf = ({ statistics }: Operation): number => statistics?.attempts.length ?? 0;
  const most = operations.reduce((longest, operation) => Math.max(longest, attemptsOf(operation)), 0);
  let succeededSoFar = 0;
  return Array.from({ length: most }, (_, index) => {
    const attemptNumber = index + 1;
    const attempts = operations.filter((operation) => attemptsOf(operation) >= attemptNumber).length;
    const succeeded = operations.filter(
      (operation) => operation.succeeded && attemptsOf(operation) === attemptNumber,
    ).length;
    succeededSoFar += succeeded;
    return { attemptNumber, attempts, succeeded, succeededSoFar };
  });
}
