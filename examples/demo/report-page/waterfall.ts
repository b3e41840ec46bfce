/** The timeline of every operation that failed or was retried: attempts, and the waits between them. */
import type { RunDocument } from '../run-document.ts';
import { selectRows } from './operation-rows.ts';
import type { RowSelection } from './operation-rows.ts';
import { operationTable } from './operation-table.ts';
import type { LegendEntry, Picture } from './picture.ts';
import { attemptSign, lineSign } from './signs.ts';
import { ASKED_DASHES, plotRows } from './waterfall-plot.ts';
import { count, grouped } from './wording.ts';

/** What fits on a screen or two. */
const MOST_ROWS = 32;

const LEGEND: readonly LegendEntry[] = [
  { sign: attemptSign('success'), meaning: 'succeeded' },
  { sign: attemptSign('throttled'), meaning: 'told to come back later' },
  { sign: attemptSign('failure'), meaning: 'failed' },
  { sign: lineSign('var(--wait)', 'none'), meaning: 'waiting' },
  { sign: lineSign('var(--wait)', ASKED_DASHES), meaning: 'waiting as the server asked' },
];

/** The picture. */
export function waterfall({ operations }: RunDocument): Picture {
  const selection = selectRows(operations, MOST_ROWS);
  const shown = selection.failed.rows.length + selection.retried.rows.length;
  return {
    id: 'waterfall',
    title: 'Attempts of each operation',
    caption: captionOf(selection, shown),
    description: `${count(shown, 'operation')} as rows, each with its attempts on a time axis and their endings as text.`,
    legend: LEGEND,
    plot: shown === 0 ? undefined : (frame) => plotRows(selection, frame),
    ...(operations.length > 0 && { numbers: operationTable(operations) }),
  };
}

function captionOf({ atOnce, failed, retried }: RowSelection, shown: number): string {
  const leftOut = failed.of + retried.of - shown;
  const explained = `Each row is one operation from its own start, the longest first: its attempts, as long as they took, the waits between them, and how each attempt ended.`;
  const rest = leftOut === 0 ? '' : ` ${grouped(leftOut)} shorter ones are left out.`;
  const plain =
    atOnce === 0
      ? ''
      : ` ${count(atOnce, 'operation')} that succeeded at once ${atOnce === 1 ? 'is' : 'are'} left out.`;
  return `${shown === 0 ? 'No operation failed or was retried.' : explained}${rest}${plain}`;
}
