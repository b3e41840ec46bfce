/** Which operations are worth a row, and what each row says. */
import type { AttemptRecord } from '@tenax/core';

import type { Operation } from '../operations.ts';
import type { AttemptKind } from './signs.ts';

/** An operation that is drawn. All times are ms since its start. */
export interface OperationRow {
  readonly name: string;
  readonly succeeded: boolean;
  readonly attempts: readonly RowAttempt[];
  /** What else ended it, where its last attempt does not tell. */
  readonly end: string | undefined;
  readonly total: number;
}

/** An attempt, and the wait that led to it. */
export interface RowAttempt {
  readonly kind: AttemptKind;
  /** The status, or what went wrong. */
  readonly ending: string;
  readonly start: number;
  readonly end: number;
  /** When the wait before it began, if there was one. */
  readonly waitedFrom: number | undefined;
  /** Whether the server had asked for that wait. */
  readonly asked: boolean;
}

/** Rows that were chosen, and how many there were to choose from. */
export interface RowGroup {
  readonly rows: readonly OperationRow[];
  readonly of: number;
}

/** The rows of a picture. */
export interface RowSelection {
  readonly failed: RowGroup;
  readonly retried: RowGroup;
  /** Operations that succeeded at once: they have no row. */
  readonly atOnce: number;
}

/** Chooses rows: operations that failed or were retried, those with the most attempts and time first. */
export function selectRows(operations: readonly Operation[], most: number): RowSelection {
  const rows = operations.map(toRow).filter(({ attempts }) => attempts.length > 0);
  const failed = rows.filter(({ succeeded }) => !succeeded).toSorted(byInterest);
  const retried = rows
    .filter(({ attempts, succeeded }) => succeeded && attempts.length > 1)
    .toSorted(byInterest);
  // Neither group crowds the other one out: what one leaves of its half is the other's.
  const forFailed = Math.min(failed.length, Math.max(Math.ceil(most / 2), most - retried.length));
  const forRetried = Math.min(retried.length, most - forFailed);
  return {
    failed: { rows: failed.slice(0, forFailed), of: failed.length },
    retried: { rows: retried.slice(0, forRetried), of: retried.length },
    atOnce: rows.filter(({ attempts, succeeded }) => succeeded && attempts.length === 1).length,
  };
}

/** An operation as a row. */
export function toRow({ ending, name, startTime, endTime, statistics, succeeded }: Operation): OperationRow {
  const attempts = statistics?.attempts ?? [];
  // The engine's clock and ours may differ by a fraction of a millisecond.
  const origin = attempts[0]?.startTime ?? startTime;
  const shown = attempts.map((attempt, index): RowAttempt => {
    const before = attempts[index - 1];
    // A status is not all: the body may break off after it.
    const brokenOff =
      index === attempts.length - 1 && attempt.success && !succeeded && ending !== String(attempt.status);
    return {
      kind: kindOf(attempt, brokenOff),
      ending: brokenOff ? `${attempt.status ?? ''}, body broke off` : endingOf(attempt),
      start: attempt.startTime - origin,
      end: Math.max(attempt.endTime, brokenOff ? endTime : 0) - origin,
      waitedFrom: before && before.endTime - origin,
      asked: before?.hint !== undefined,
    };
  });
  const end = succeeded ? undefined : ENDS[statistics?.result ?? ''];
  return { name, succeeded, attempts: shown, end, total: shown.at(-1)?.end ?? 0 };
}

/** Results for which the last attempt is not the reason. */
const ENDS: Readonly<Record<string, string>> = {
  circuit_breaker_open: 'circuit open',
  timeout: 'out of time',
  budget_exhausted: 'out of budget',
  bulkhead_full: 'bulkhead full',
  aborted: 'aborted',
};

/** The endings of all attempts, of at most `length` characters: the last ones say most. */
export function endingsOf({ attempts, end }: OperationRow, length = Infinity): string {
  const runs: { ending: string; times: number }[] = [];
  for (const { ending } of attempts) {
    const last = runs.at(-1);
    if (last?.ending === ending) last.times += 1;
    else runs.push({ ending, times: 1 });
  }
  const words = runs.map(({ ending, times }) => (times > 1 ? `${times} × ${ending}` : ending));
  if (end !== undefined) words.push(end);
  let text = words.pop() ?? '';
  for (const [index, word] of words.toReversed().entries()) {
    const longer = `${word} → ${text}`;
    const room = index === words.length - 1 ? length : length - ELLIPSIS.length;
    if (longer.length > room) return shorten(ELLIPSIS + text, length);
    text = longer;
  }
  return shorten(text, length);
}

const ELLIPSIS = '… → ';

/** Cuts a text that is too long for its place. */
export function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

function kindOf({ failureClass, success }: AttemptRecord, brokenOff: boolean): AttemptKind {
  if (success && !brokenOff) return 'success';
  return failureClass === 'throttled' ? 'throttled' : 'failure';
}

function endingOf({ error, failureClass, status }: AttemptRecord): string {
  if (status !== undefined)
    return failureClass === 'transport' ? `${status}, body broke off` : String(status);
  if (failureClass === 'timeout') return 'timeout';
  return error?.code ?? error?.name ?? failureClass ?? 'unknown';
}

function byInterest(one: OperationRow, other: OperationRow): number {
  return other.total - one.total || other.attempts.length - one.attempts.length;
}
