/** What a run has shown: with and without retries, what it cost, and how each attempt number fared. */
import Table from 'cli-table3';
import type { StatisticsSnapshot } from '@tenax/core';

import { colors } from './colors.ts';
import type { Operation } from './operations.ts';

/** The sums that a reader wants first. */
export interface Summary {
  readonly operations: number;
  readonly succeeded: number;
  readonly successRate: number;
  /** Operations whose first attempt already succeeded: the success rate without retries. */
  readonly successRateWithoutRetries: number;
  readonly averageAttempts: number;
  readonly averageOverhead: number;
}

/** Sums up a run. */
export function summarize(operations: readonly Operation[]): Summary {
  const count = Math.max(1, operations.length);
  const succeeded = operations.filter((operation) => operation.succeeded);
  const atOnce = succeeded.filter(({ statistics }) => statistics?.attempts.length === 1);
  const attempts = operations.reduce((sum, { statistics }) => sum + (statistics?.attempts.length ?? 0), 0);
  const overhead = operations.reduce(
    (sum, { statistics }) =>
      sum + (statistics?.totalTime ?? 0) - (statistics?.attempts[0]?.responseTime ?? 0),
    0,
  );
  return {
    operations: operations.length,
    succeeded: succeeded.length,
    successRate: succeeded.length / count,
    successRateWithoutRetries: atOnce.length / count,
    averageAttempts: attempts / count,
    averageOverhead: overhead / count,
  };
}

/** The report as text. */
export function reportText(summary: Summary, snapshot: StatisticsSnapshot): string {
  const rows = [
    [
      'success without retries',
      bar(summary.successRateWithoutRetries),
      percent(summary.successRateWithoutRetries),
    ],
    ['success with retries', bar(summary.successRate), percent(summary.successRate)],
  ];
  const lines = rows.map(([label = '', graph = '', value = '']) => `  ${label.padEnd(25)}${graph}  ${value}`);
  const failures = Object.entries(snapshot.failureClasses)
    .filter(([, count]) => count > 0)
    .map(([failureClass, count]) => `${count} ${failureClass}`)
    .join(', ');
  return [
    ...lines,
    `  attempts an operation    ${summary.averageAttempts.toFixed(2)}`,
    `  time added by retries    ${summary.averageOverhead.toFixed(0)} ms an operation`,
    `  failed: ${failures || 'none'}`,
    '',
    patternTable(snapshot),
  ].join('\n');
}

function patternTable({ retryPatterns }: StatisticsSnapshot): string {
  const table = new Table({
    head: ['attempt', 'count', 'success', 'average', 'p50', 'p95', 'p99'],
    style: { head: [], border: [], compact: true },
    colAligns: ['right', 'right', 'right', 'right', 'right', 'right', 'right'],
  });
  for (const pattern of retryPatterns) {
    const times = [
      pattern.averageResponseTime,
      pattern.p50ResponseTime,
      pattern.p95ResponseTime,
      pattern.p99ResponseTime,
    ];
    table.push([
      String(pattern.attemptNumber),
      String(pattern.count),
      percent(pattern.successRate),
      ...times.map((time) => `${time.toFixed(1)} ms`),
    ]);
  }
  return table.toString();
}

const BAR_WIDTH = 30;

function bar(share: number): string {
  const filled = Math.round(share * BAR_WIDTH);
  return colors.green('█'.repeat(filled)) + colors.dim('░'.repeat(BAR_WIDTH - filled));
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
