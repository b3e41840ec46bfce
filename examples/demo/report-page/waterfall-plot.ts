/** Draws the rows of the waterfall. */
import { axisX, barX, dot, gridX, ruleY, text } from '@observablehq/plot';
import type { Markish, PlotOptions } from '@observablehq/plot';

import { endingsOf, shorten } from './operation-rows.ts';
import type { OperationRow, RowAttempt, RowGroup, RowSelection } from './operation-rows.ts';
import type { Frame } from './picture.ts';
import { SIGNS } from './signs.ts';
import { duration, grouped } from './wording.ts';

/** How a wait is drawn that the server asked for. */
export const ASKED_DASHES = '2 3';

const BAR_HEIGHT = 7;
const LONGEST_NAME = 8;

interface RowsFrame {
  readonly rowHeight: number;
  readonly marginLeft: number;
  readonly marginRight: number;
  readonly ticks: number;
  /** Where the attempts are, from the middle of a row. */
  readonly attemptsBelow: number;
  readonly labels: (placed: readonly PlacedRow[]) => Markish[];
}

const FRAMES: Readonly<Record<Frame['layout'], RowsFrame>> = {
  wide: { rowHeight: 23, marginLeft: 64, marginRight: 280, ticks: 8, attemptsBelow: 0, labels: labelsBeside },
  // Beside the attempts there is no room on a phone.
  narrow: { rowHeight: 40, marginLeft: 10, marginRight: 12, ticks: 4, attemptsBelow: 9, labels: labelsAbove },
};

/** A row, or an attempt of one, with the place of the row. Places are numbers, as names may come twice. */
interface PlacedRow {
  readonly row: OperationRow;
  readonly place: string;
}

type PlacedAttempt = RowAttempt & { readonly place: string; readonly title: string };

/** Failed operations, then those that retries saved. */
export function plotRows({ failed, retried }: RowSelection, { layout }: Frame): PlotOptions {
  const frame = FRAMES[layout];
  const groups = [
    { title: `Failed in the end (${sizeOf(failed)})`, rows: failed.rows },
    { title: `Succeeded after retries (${sizeOf(retried)})`, rows: retried.rows },
  ].filter(({ rows }) => rows.length > 0);
  // Titles are rows too.
  const places: string[] = [];
  const nextPlace = (): string => {
    const place = String(places.length);
    places.push(place);
    return place;
  };
  const blocks = groups.map(({ rows, title }) => ({
    title,
    place: nextPlace(),
    rows: rows.map((row): PlacedRow => ({ row, place: nextPlace() })),
  }));
  const placed = blocks.flatMap(({ rows }) => rows);
  const longest = Math.max(1, ...placed.map(({ row }) => row.total));
  return {
    height: places.length * frame.rowHeight + 44,
    marginTop: 40,
    marginBottom: 4,
    marginLeft: frame.marginLeft,
    marginRight: frame.marginRight,
    x: { domain: [0, longest] },
    y: { domain: places, axis: null, padding: 0 },
    // What a row says of itself is drawn as it stands.
    color: { type: 'identity' },
    symbol: { type: 'identity' },
    marks: [
      gridX({ ticks: frame.ticks, stroke: 'var(--line)', strokeOpacity: 1 }),
      axisX({
        anchor: 'top',
        ticks: frame.ticks,
        tickSize: 0,
        tickFormat: (ms: number) => (ms === 0 ? '0' : longest < 1000 ? `${ms} ms` : `${ms / 1000} s`),
        label: 'time since the start of the operation',
        labelAnchor: 'left',
        labelArrow: 'none',
        labelOffset: 36,
        fill: 'var(--muted)',
      }),
      text(blocks, {
        ...LETTERS,
        text: 'title',
        dx: layout === 'wide' ? 8 - frame.marginLeft : -frame.marginLeft,
        dy: 2,
        fontWeight: 600,
        fontSize: 13,
      }),
      ...attemptMarks(placed, frame),
      ...frame.labels(placed),
    ],
  };
}

function sizeOf({ of, rows }: RowGroup): string {
  return rows.length === of ? grouped(of) : `${rows.length} of ${grouped(of)}`;
}

/** Text at the left of a row. Its edge is the surface's, so that lines do not run through it. */
const LETTERS = {
  y: 'place',
  frameAnchor: 'left',
  textAnchor: 'start',
  fill: 'var(--text)',
  stroke: 'var(--surface)',
  strokeWidth: 5,
} as const;

function attemptMarks(placed: readonly PlacedRow[], { attemptsBelow: dy, rowHeight }: RowsFrame): Markish[] {
  const attempts = placed.flatMap(({ place, row }) =>
    row.attempts.map((attempt, index): PlacedAttempt => ({
      ...attempt,
      place,
      title: titleOf(row, attempt, index),
    })),
  );
  const waits = attempts.filter(({ waitedFrom }) => waitedFrom !== undefined);
  const wait = { x1: 'waitedFrom', x2: 'start', y: 'place', dy, stroke: 'var(--wait)', strokeWidth: 2 };
  const inset = (rowHeight - BAR_HEIGHT) / 2;
  const sign = { y: 'place', dy, fill: ({ kind }: RowAttempt) => SIGNS[kind].color, title: 'title' };
  return [
    ruleY(
      waits.filter(({ asked }) => !asked),
      wait,
    ),
    ruleY(
      waits.filter(({ asked }) => asked),
      { ...wait, strokeDasharray: ASKED_DASHES },
    ),
    barX(attempts, { ...sign, x1: 'start', x2: 'end', insetTop: inset, insetBottom: inset }),
    dot(attempts, {
      ...sign,
      x: 'end',
      symbol: ({ kind }: RowAttempt) => SIGNS[kind].symbol,
      r: 4.5,
      stroke: 'var(--surface)',
      strokeWidth: 1,
    }),
  ];
}

function labelsBeside(placed: readonly PlacedRow[]): Markish[] {
  const name = ({ row }: PlacedRow): string => shorten(row.name, LONGEST_NAME);
  return [
    text(placed, { ...LETTERS, text: name, textAnchor: 'end', dx: -14, fill: 'var(--muted)' }),
    text(placed, {
      ...LETTERS,
      x: ({ row }: PlacedRow) => row.total,
      text: ({ row }: PlacedRow) => endingsOf(row, 40),
      dx: 13,
    }),
  ];
}

function labelsAbove(placed: readonly PlacedRow[]): Markish[] {
  const label = ({ row }: PlacedRow): string => {
    const name = shorten(row.name, LONGEST_NAME);
    return `${name}  ${endingsOf(row, 46 - name.length)}`;
  };
  return [text(placed, { ...LETTERS, text: label, dx: -FRAMES.narrow.marginLeft, dy: -9 })];
}

function titleOf(
  { name }: OperationRow,
  { end, ending, start, waitedFrom }: RowAttempt,
  index: number,
): string {
  const waited = waitedFrom === undefined ? '' : ` after a wait of ${duration(start - waitedFrom)}`;
  return `${name}, attempt ${index + 1}${waited}: ${ending} in ${duration(end - start)}`;
}
