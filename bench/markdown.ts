// Measurements as Markdown, for `RESULTS.md` and `docs/performance.md`. No figure in there is typed by hand.
import type { Figure } from './figures.ts';
import type { Cell, Column, Measurement, Row, Table } from './measurement.ts';

/** The measurement with its method, its tables and its goals. */
export function measurementMarkdown({ title, method, tables }: Measurement): string {
  return [`### ${title}`, method.join(' '), ...tables.map(tableMarkdown)].join('\n\n');
}

/** One table, and how far Tenax is from its goals. */
export function tableMarkdown({ title, columns, fullSets, rows, sets }: Table): string {
  const head = [title, ...columns.map(({ name, unit }) => (unit ? `${name}, ${unit}` : name))];
  const body = rows.map(({ cells, name }) => [
    name,
    ...columns.map((column, at) => cellText(cells[at], column)),
  ]);
  const lines = [head, head.map(() => '---'), ...body].map((line) => `| ${line.join(' | ')} |`);
  const goals = columns.flatMap((column, at) => goalText(column, at, rows));
  const below = sets === undefined ? goals : [setsText(sets, fullSets), ...goals];
  return [lines.join('\n'), ...(below.length > 0 ? [below.join('\n')] : [])].join('\n\n');
}

function setsText(sets: number, fullSets = sets): string {
  const others = fullSets === sets ? '' : `; ${fullSets} of them for the rows with the wider intervals`;
  return `- Sets of processes: ${sets}${others}.`;
}

/** Where a peer's figure is better than that of Tenax' first row, and their intervals do not meet. */
export function betterPeers(measurements: readonly Measurement[]): string {
  const lines = measurements.flatMap(({ tables, title }) =>
    tables.flatMap(({ columns, rows, title: what }) => {
      const own = rows.find(({ role }) => role === 'tenax');
      const peers = rows.filter(({ role }) => role === 'peer');
      return columns.flatMap((column, at) => {
        const figure = own?.cells[at];
        if (!own || !isFigure(figure)) return [];
        const better = peers.filter(({ cells }) => isBetter(cells[at], figure, column));
        if (better.length === 0) return [];
        const list = better.map(({ cells, name }) => `${name} ${cellText(cells[at], column)}`).join(', ');
        const unit = column.unit ? ` (${column.unit})` : '';
        return [
          `- ${title}, ${what}, ${column.name}${unit}: ${own.name} ${cellText(figure, column)}; ${list}.`,
        ];
      });
    }),
  );
  return lines.length > 0 ? lines.join('\n') : 'Nowhere that these measurements could tell.';
}

function isBetter(cell: Cell, figure: Figure, { better }: Column): boolean {
  if (!isFigure(cell) || better === undefined) return false;
  const margin = (cell.spread || 0) + (figure.spread || 0);
  return better === 'lower' ? cell.value + margin < figure.value : cell.value - margin > figure.value;
}

function goalText(
  { better, digits, goal, name, unit = '' }: Column,
  at: number,
  rows: readonly Row[],
): string[] {
  const row = rows.find(({ role }) => role === 'tenax');
  const figure = row?.cells[at];
  if (goal === undefined || !row || !isFigure(figure)) return [];
  const spread = figure.spread || 0;
  const isUpwards = better === 'higher';
  const excess = isUpwards ? goal - figure.value : figure.value - goal;
  const off = `missed by ${excess.toFixed(digits)} ${unit}`.trim();
  const verdict = excess + spread <= 0 ? 'met' : excess - spread <= 0 ? 'within the spread' : off;
  const bound = `${isUpwards ? 'at least' : 'at most'} ${number(goal, digits)} ${unit}`.trim();
  return [`- Goal for ${row.name}, ${name}: ${bound}: ${verdict}.`];
}

function cellText(cell: Cell, { digits }: Column): string {
  if (!isFigure(cell)) return cell ?? '';
  const { spread, value } = cell;
  const width = number(spread || 0, digits);
  return Number(spread) > 0 && Number(width.replaceAll(',', '')) > 0
    ? `${number(value, digits)} ± ${width}`
    : number(value, digits);
}

function number(value: number, digits: number): string {
  // Rounded, so that nothing is -0.
  return (Number(value.toFixed(digits)) + 0).toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

function isFigure(cell: Cell): cell is Figure {
  return typeof cell === 'object' && cell !== null;
}
