/** Statistics for people. */

import type { AttemptRecord, RequestStatistics } from '../record.ts';
import type { RetryPattern, StatisticsSnapshot, StatisticsSummary } from './snapshot.ts';

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

/**
 * The sums of an engine as text: a line on the whole, the results and failures that there were, a line for the
 * attempts of each number, then one for the last minute and one for each destination, the one with the most failures
 * first.
 *
 * @example
 * console.log(formatSnapshot(engine.statistics.snapshot()));
 * // 1,204 operations, 99.2 % succeeded, 1.04 attempts each, 4,120 ms spent on retries
 * //   recovered 38 operations by a later attempt
 * //   results   success 1,194, retry_exhausted 10
 * //   failures  timeout 8, transient 50
 * //   #1   1,204 attempts, 96.0 % succeeded, p50 10 ms, p95 31 ms, p99 80 ms
 * //   #2   48 attempts, 79.2 % succeeded, p50 11 ms, p95 35 ms, p99 91 ms
 * //   last 57 s: 310 operations, 100.0 % succeeded, 1.01 attempts each, 210 ms spent on retries
 * //   https://api.example.com: 1,100 operations, 99.1 % succeeded, 1.04 attempts each, 4,020 ms spent on retries
 * //   https://cdn.example.com: 104 operations, 100.0 % succeeded, 1.01 attempts each, 100 ms spent on retries
 */
export function formatSnapshot(snapshot: StatisticsSnapshot): string {
  const { failureClasses, keys, lastMinute, results, retryPatterns } = snapshot;
  if (retryPatterns.length === 0 && snapshot.totalOperations === 0) return formatSums(snapshot);
  return [
    formatSums(snapshot),
    ...formatRecovered(snapshot),
    ...formatCounts('results', results),
    ...formatCounts('failures', failureClasses),
    ...retryPatterns.map(formatPattern),
    `  last ${grouped(Math.round(lastMinute.duration / 1000))} s: ${formatSums(lastMinute)}`,
    ...keys
      .toSorted((one, other) => failedOperations(other) - failedOperations(one))
      .map((destination) => `  ${destination.key || '(no destination)'}: ${formatSums(destination)}`),
  ].join('\n');
}

/** What would have failed, or come late, without us. */
function formatRecovered({ retryPatterns }: StatisticsSummary): string[] {
  const recovered = retryPatterns
    .slice(1)
    .reduce((sum, { count, successRate }) => sum + Math.round(count * successRate), 0);
  return recovered === 0 ? [] : [`  recovered ${counted(recovered, 'operation')} by a later attempt`];
}

function failedOperations({ results, totalOperations }: StatisticsSummary): number {
  return totalOperations - results.success;
}

function formatSums(sums: StatisticsSummary): string {
  const { averageAttemptsPerOperation, performanceImpact, successRate, totalOperations } = sums;
  const total = counted(totalOperations, 'operation');
  const each = `${averageAttemptsPerOperation.toFixed(2)} attempts each`;
  const overhead = `${milliseconds(performanceImpact.totalRetryOverhead)} spent on retries`;
  return `${total}, ${percent(successRate)} succeeded, ${each}, ${overhead}`;
}

function formatCounts(title: string, counts: Readonly<Record<string, number>>): string[] {
  const seen = Object.entries(counts).filter(([, count]) => count > 0);
  if (seen.length === 0) return [];
  return [`  ${title.padEnd(9)} ${seen.map(([name, count]) => `${name} ${grouped(count)}`).join(', ')}`];
}

function formatPattern(pattern: RetryPattern): string {
  const { attemptNumber, count, p50ResponseTime, p95ResponseTime, p99ResponseTime, successRate } = pattern;
  const quantiles = `p50 ${milliseconds(p50ResponseTime)}, p95 ${milliseconds(p95ResponseTime)}, p99 ${milliseconds(p99ResponseTime)}`;
  const attempts = counted(count, 'attempt');
  return `  #${String(attemptNumber).padEnd(3)} ${attempts}, ${percent(successRate)} succeeded, ${quantiles}`;
}

function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function milliseconds(value: number): string {
  return `${grouped(Math.round(value))} ms`;
}

/** Whole numbers with thin grouping, the same in every locale. */
function grouped(value: number): string {
  return String(value).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
}
