// docs/statistics.md names every word that a record can hold, and no other.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { AttemptRecord, RequestStatistics } from '../src/record.ts';
import type { RetryPattern, StatisticsSnapshot, StatisticsSummary } from '../src/statistics/snapshot.ts';
import { ENDINGS_BY_RETRY, ENDINGS_BY_STOP, FAILURE_CLASSES, RESULTS } from './record-table/table.ts';

const text = readFileSync(join(import.meta.dirname, '../../../docs/statistics.md'), 'utf8');

const OPERATION_FIELDS: Record<keyof RequestStatistics, true> = {
  id: true,
  key: true,
  result: true,
  reason: true,
  attempts: true,
  totalTime: true,
  totalDelay: true,
};

const ATTEMPT_FIELDS: Record<keyof AttemptRecord, true> = {
  attemptNumber: true,
  delayBefore: true,
  startTime: true,
  endTime: true,
  responseTime: true,
  success: true,
  status: true,
  failureClass: true,
  error: true,
  hedged: true,
  hint: true,
  reason: true,
};

const SUMMARY_FIELDS: Record<keyof StatisticsSummary, true> = {
  totalOperations: true,
  totalAttempts: true,
  successRate: true,
  retryExhaustedRate: true,
  averageAttemptsPerOperation: true,
  averageRetryTime: true,
  results: true,
  failureClasses: true,
  retryPatterns: true,
  performanceImpact: true,
};

const PATTERN_FIELDS: Record<keyof RetryPattern, true> = {
  attemptNumber: true,
  count: true,
  successRate: true,
  averageResponseTime: true,
  p50ResponseTime: true,
  p95ResponseTime: true,
  p99ResponseTime: true,
};

const SNAPSHOT_FIELDS: Record<Exclude<keyof StatisticsSnapshot, keyof StatisticsSummary>, true> = {
  lastMinute: true,
  keys: true,
};

/** The rows of the table below a heading, cell by cell. */
function rowsBelow(heading: string): string[][] {
  const section = text.split(/^## /mu).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const [, , ...rows] = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const quoted = (words: readonly string[]): string[] => words.map((word) => `\`${word}\``).toSorted();

describe('docs/statistics.md', () => {
  it.each([
    ['`RequestStatistics`', Object.keys(OPERATION_FIELDS)],
    ['`AttemptRecord`', Object.keys(ATTEMPT_FIELDS)],
    ['Results', RESULTS],
    ['Failure classes', FAILURE_CLASSES],
    ['Reasons to retry', Object.keys(ENDINGS_BY_RETRY)],
    ['Reasons to stop', Object.keys(ENDINGS_BY_STOP)],
    ['`StatisticsSummary`', Object.keys(SUMMARY_FIELDS)],
    ['`RetryPattern`', Object.keys(PATTERN_FIELDS)],
    ['`StatisticsSnapshot`', Object.keys(SNAPSHOT_FIELDS)],
  ])('names below "%s" what there is in the sources', (heading, words) => {
    const named = rowsBelow(heading).map(([name = '']) => name);
    expect(named.toSorted()).toEqual(quoted(words));
  });

  it('gives each reason to stop the result that the table of endings has', () => {
    const results = rowsBelow('Reasons to stop').map(([reason, , result]) => [reason, result]);
    const reached = Object.entries(ENDINGS_BY_STOP).map(([reason, endings]) => {
      const isOfOperation = endings.every(({ expected }) => expected.reason === reason);
      return [`\`${reason}\``, isOfOperation ? `\`${endings[0]?.expected.result}\`` : "that attempt's"];
    });
    expect(Object.fromEntries(results)).toEqual(Object.fromEntries(reached));
  });
});
