/** Statistics for people. */

import type { AttemptRecord, RequestStatistics } from '../record.ts';

/**
 * One operation as text: a line on the whole, then a line an attempt.
 *
 * @example
 * console.log(formatStatistics(getRetryStatistics(response)!));
 * // op-1 https://api.example.com: success after 2 attempts in 118 ms, 87 ms of it waiting
 * //   #1  +0 ms     503  12 ms  transient: transient_status
 * //   #2  +99 ms    200  19 ms  success
 */
export function formatStatistics(statistics: RequestStatistics): string {
  const { attempts, id, key, reason, result, totalDelay, totalTime } = statistics;
  const end = result === 'success' ? 'success' : `${result} (${reason})`;
  const count = `${attempts.length} ${attempts.length === 1 ? 'attempt' : 'attempts'}`;
  const waiting = totalDelay > 0 ? `, ${milliseconds(totalDelay)} of it waiting` : '';
  const title = `${id}${key && ` ${key}`}: ${end} after ${count} in ${milliseconds(totalTime)}${waiting}`;
  const start = attempts[0]?.startTime ?? 0;
  return [title, ...attempts.map((attempt) => formatAttempt(attempt, start))].join('\n');
}

function formatAttempt(attempt: AttemptRecord, operationStart: number): string {
  const { attemptNumber, error, failureClass, hint, reason, responseTime, startTime, status } = attempt;
  const offset = `+${milliseconds(startTime - operationStart)}`;
  const ending = status ?? error?.code ?? error?.name ?? '';
  const verdict = failureClass === undefined ? reason : `${failureClass}: ${reason}`;
  const asked = hint === undefined ? '' : `, server asks for ${milliseconds(hint)}`;
  return `  #${attemptNumber}  ${offset.padEnd(9)} ${ending}  ${milliseconds(responseTime)}  ${verdict}${asked}`;
}

/** Whole ms with thin grouping, the same in every locale. */
function milliseconds(value: number): string {
  return `${String(Math.round(value)).replaceAll(/\B(?=(?:\d{3})+$)/g, ',')} ms`;
}
