/** The load on the server over time, with and without retries. */
import { axisY, gridY, rectY, ruleY, text } from '@observablehq/plot';
import type { PlotOptions } from '@observablehq/plot';

import type { Load, LoadSlice, RunLoad } from '../load.ts';
import type { RunDocument } from '../run-document.ts';
import type { Frame, LegendEntry, Picture } from './picture.ts';
import { areaSign, FAINT } from './signs.ts';
import { timeAxis } from './time-axis.ts';
import { count, duration, grouped } from './wording.ts';

const WITH = 'with retries';
const WITHOUT = 'without retries';

const LEGEND: readonly LegendEntry[] = [
  { sign: areaSign('var(--success)', true), meaning: 'answered' },
  { sign: areaSign('var(--failure)', false), meaning: 'failed' },
];

/** The picture. */
export function loadOverTime({ load, operations }: RunDocument): Picture {
  const { sliceLength, withoutRetries, withRetries } = load;
  const where = load.measuredAt === 'server' ? 'that arrived at the server' : 'that the client sent';
  return {
    id: 'load',
    title: withoutRetries ? 'Load with and without retries' : 'Load with retries',
    caption: `Requests a second ${where}, in slices of ${duration(sliceLength)}. ${comparison(withRetries, withoutRetries)}`,
    description: [withRetries, withoutRetries]
      .filter((run) => run !== undefined)
      .map(
        (run) =>
          `${run === withRetries ? WITH : WITHOUT}: ${count(run.requests, 'request')}, at most ${grouped(peak(run, sliceLength))} a second`,
      )
      .join('; '),
    legend: LEGEND,
    plot: operations.length === 0 ? undefined : (frame) => plotLoad(load, frame),
  };
}

function comparison({ requests }: RunLoad, without: RunLoad | undefined): string {
  if (!without) return 'There was no second run without retries to compare with.';
  const more = without.requests === 0 ? 0 : Math.round((requests / without.requests - 1) * 100);
  return `The same operations began at the same moments in both runs: ${count(requests, 'request')} with retries, ${grouped(without.requests)} without, ${more} % more.`;
}

function peak({ slices }: RunLoad, sliceLength: number): number {
  return Math.round(Math.max(0, ...slices.map(({ requests }) => requests)) / (sliceLength / 1000));
}

interface Area {
  readonly run: string;
  readonly from: number;
  readonly to: number;
  /** Requests a second. */
  readonly answered: number;
  readonly all: number;
}

function plotLoad({ sliceLength, withoutRetries, withRetries }: Load, { layout }: Frame): PlotOptions {
  const wide = layout === 'wide';
  const toArea =
    (run: string) =>
    ({ answered, requests, start }: LoadSlice): Area => ({
      run,
      from: start / 1000,
      to: (start + sliceLength) / 1000,
      answered: answered / (sliceLength / 1000),
      all: requests / (sliceLength / 1000),
    });
  const areas = [
    ...withRetries.slices.map(toArea(WITH)),
    ...(withoutRetries?.slices ?? []).map(toArea(WITHOUT)),
  ];
  const runs = withoutRetries ? [WITH, WITHOUT] : [WITH];
  const busy = areas.filter(({ all }) => all > 0);
  const inset = { insetLeft: 0.5, insetRight: 0.5 };
  const position = { x1: 'from', x2: 'to', fy: 'run' };
  return {
    height: 60 + runs.length * 150,
    marginTop: 34,
    marginBottom: 40,
    marginLeft: 46,
    marginRight: 14,
    x: { domain: [0, Math.max(...areas.map(({ to }) => to))] },
    y: { domain: [0, Math.max(1, ...areas.map(({ all }) => all))], nice: true },
    fy: { domain: runs, axis: null, padding: 0.3 },
    marks: [
      gridY({ ticks: 3, stroke: 'var(--line)', strokeOpacity: 1 }),
      axisY({ ticks: 3, tickSize: 0, label: null, fill: 'var(--muted)' }),
      timeAxis(wide),
      rectY(busy, { ...position, y1: 0, y2: 'answered', ...inset, fill: 'var(--success)' }),
      rectY(
        busy.filter(({ all, answered }) => all > answered),
        {
          ...position,
          y1: 'answered',
          y2: 'all',
          ...inset,
          fill: 'var(--failure)',
          fillOpacity: FAINT,
          stroke: 'var(--failure)',
        },
      ),
      ruleY([0], { stroke: 'var(--muted)' }),
      text(runs, {
        fy: (run: string) => run,
        text: (run: string) => `${run}, requests a second`,
        frameAnchor: 'top-left',
        dx: -46,
        dy: -22,
        fontWeight: 600,
        fontSize: 13,
        fill: 'var(--text)',
      }),
    ],
  };
}
