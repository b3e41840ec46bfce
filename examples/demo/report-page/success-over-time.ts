/** How many operations have succeeded at each moment of a run, with and without retries. */
import { axisY, dot, gridY, lineY, text } from '@observablehq/plot';
import type { PlotOptions } from '@observablehq/plot';

import type { Load, RunLoad } from '../load.ts';
import type { RunDocument } from '../run-document.ts';
import type { Frame, LegendEntry, Picture } from './picture.ts';
import { lineSign } from './signs.ts';
import { timeAxis } from './time-axis.ts';
import { count, grouped } from './wording.ts';

const DASHES = '6 4';
const WITH: LegendEntry = { sign: lineSign('var(--success)', 'none'), meaning: 'with retries' };
const WITHOUT: LegendEntry = { sign: lineSign('var(--muted)', DASHES), meaning: 'without retries' };

/** The picture. */
export function successOverTime({ load, operations }: RunDocument): Picture {
  const { withoutRetries, withRetries } = load;
  return {
    id: 'successes',
    title: 'Operations that have succeeded, over time',
    caption: captionOf(withRetries, withoutRetries),
    description: `Rises to ${withRetries.succeeded} with retries${withoutRetries ? `, and to ${withoutRetries.succeeded} without` : ''}.`,
    legend: withoutRetries ? [WITH, WITHOUT] : [WITH],
    plot: operations.length === 0 ? undefined : (frame) => plotSuccesses(load, frame),
  };
}

function captionOf({ operations, succeeded }: RunLoad, without: RunLoad | undefined): string {
  const all = `Of ${count(operations, 'operation')}, ${grouped(succeeded)} had succeeded at the end with retries`;
  return without
    ? `${all}, and ${grouped(without.succeeded)} without. The space between the lines is what retries are for.`
    : `${all}.`;
}

interface Point {
  readonly time: number;
  readonly succeeded: number;
}

/** What has succeeded at the end of each slice; a run that ended earlier keeps its count. */
function pointsOf({ slices }: RunLoad, sliceLength: number, until: number): Point[] {
  let succeeded = 0;
  const points = slices.map((slice) => {
    succeeded += slice.succeeded;
    return { time: (slice.start + sliceLength) / 1000, succeeded };
  });
  return [{ time: 0, succeeded: 0 }, ...points, { time: until, succeeded }];
}

function plotSuccesses({ sliceLength, withoutRetries, withRetries }: Load, { layout }: Frame): PlotOptions {
  const wide = layout === 'wide';
  const slices = Math.max(withRetries.slices.length, withoutRetries?.slices.length ?? 0);
  const until = (slices * sliceLength) / 1000;
  const withLine = pointsOf(withRetries, sliceLength, until);
  const withoutLine = withoutRetries ? pointsOf(withoutRetries, sliceLength, until) : [];
  const line = { x: 'time', y: 'succeeded', strokeWidth: 2.5 };
  const end = withLine.slice(-1);
  const otherEnd = withoutLine.slice(-1);
  const most = Math.max(1, withRetries.operations);
  // Two ends that are close share a line of text if they are the same, and keep their distance if not.
  const gap = (withRetries.succeeded - (withoutRetries?.succeeded ?? 0)) / most;
  const shift = gap !== 0 && Math.abs(gap) < 0.08 ? 8 * Math.sign(gap) : 0;
  const label = {
    x: 'time',
    y: 'succeeded',
    text: ({ succeeded }: Point) => grouped(succeeded),
    textAnchor: 'start',
    dx: 10,
  } as const;
  const letters = { fontWeight: 600, fontSize: 14, fill: 'var(--text)' };
  return {
    height: wide ? 280 : 260,
    marginTop: 14,
    marginBottom: 40,
    marginLeft: 46,
    marginRight: 52,
    x: { domain: [0, until] },
    y: { domain: [0, most], nice: true },
    marks: [
      gridY({ ticks: 5, stroke: 'var(--line)', strokeOpacity: 1 }),
      axisY({
        ticks: 5,
        tickSize: 0,
        label: null,
        tickFormat: (number: number) => (Number.isInteger(number) ? grouped(number) : ''),
        fill: 'var(--muted)',
      }),
      timeAxis(wide),
      lineY(withoutLine, { ...line, stroke: 'var(--muted)', strokeDasharray: DASHES }),
      lineY(withLine, { ...line, stroke: 'var(--success)' }),
      dot(otherEnd, { x: 'time', y: 'succeeded', r: 4, fill: 'var(--muted)' }),
      dot(end, { x: 'time', y: 'succeeded', r: 4, fill: 'var(--success)' }),
      text(end, { ...label, ...letters, dy: -shift }),
      text(gap === 0 ? [] : otherEnd, { ...label, ...letters, dy: shift }),
    ],
  };
}
