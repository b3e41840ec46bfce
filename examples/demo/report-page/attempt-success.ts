/** What each further attempt was good for. */
import { axisX, axisY, barX, gridX, text } from '@observablehq/plot';
import type { PlotOptions } from '@observablehq/plot';

import type { AttemptNumber } from '../attempt-numbers.ts';
import type { RunDocument } from '../run-document.ts';
import type { Frame, LegendEntry, Picture } from './picture.ts';
import { areaSign, FAINT } from './signs.ts';
import { count, grouped, ordinal, percentOf } from './wording.ts';

/** One bar: the attempts of one number, or of a number and all beyond it. */
interface Bar {
  readonly name: string;
  readonly attempts: number;
  readonly succeeded: number;
  readonly succeededSoFar: number;
}

const MOST_BARS = 12;

const LEGEND: readonly LegendEntry[] = [
  { sign: areaSign('var(--success)', true), meaning: 'ended its operation with success' },
  { sign: areaSign('var(--failure)', false), meaning: 'did not' },
];

/** The picture. */
export function attemptSuccess({ attemptNumbers, operations }: RunDocument): Picture {
  const bars = toBars(attemptNumbers);
  const [first] = attemptNumbers;
  const last = attemptNumbers.at(-1);
  const saved = (last?.succeededSoFar ?? 0) - (first?.succeeded ?? 0);
  return {
    id: 'attempts',
    title: 'Success by attempt number',
    caption:
      first && last
        ? `${percentOf(first.succeeded, operations.length)} of the operations succeeded at the first attempt. Retries brought ${count(saved, 'more operation')} to success, so that ${percentOf(last.succeededSoFar, operations.length)} succeeded within ${count(attemptNumbers.length, 'attempt')}.`
        : 'Nothing was sent.',
    description: bars
      .map(({ attempts, name, succeeded }) => `${name}: ${succeeded} of ${attempts} succeeded`)
      .join('; '),
    legend: LEGEND,
    plot: bars.length === 0 ? undefined : (frame) => plotBars(bars, operations.length, frame),
  };
}

function toBars(numbers: readonly AttemptNumber[]): Bar[] {
  const single = numbers.length > MOST_BARS ? numbers.slice(0, MOST_BARS - 1) : numbers;
  const bars = single.map((number) => ({ ...number, name: `${ordinal(number.attemptNumber)} attempt` }));
  const rest = numbers.slice(single.length);
  const last = rest.at(-1);
  if (!last) return bars;
  const sum = (of: (number: AttemptNumber) => number): number =>
    rest.reduce((total, one) => total + of(one), 0);
  const name = `${ordinal(MOST_BARS)} and on`;
  const attempts = sum((one) => one.attempts);
  return [
    ...bars,
    { name, attempts, succeeded: sum((one) => one.succeeded), succeededSoFar: last.succeededSoFar },
  ];
}

function plotBars(bars: readonly Bar[], operations: number, { layout }: Frame): PlotOptions {
  const wide = layout === 'wide';
  const rowHeight = wide ? 46 : 62;
  const most = Math.max(1, ...bars.map(({ attempts }) => attempts));
  // On narrow pages, what is said of a bar goes above it.
  const lift = wide ? 0 : 22;
  const inset = { insetTop: wide ? 9 : 26, insetBottom: wide ? 9 : 8 };
  const says = ({ attempts, succeeded }: Bar): string =>
    `${grouped(succeeded)} of ${grouped(attempts)} succeeded (${percentOf(succeeded, attempts)})`;
  const soFar = ({ succeededSoFar }: Bar): string =>
    `${percentOf(succeededSoFar, operations)} of operations so far`;
  return {
    height: bars.length * rowHeight + 44,
    marginTop: 4,
    marginBottom: 40,
    marginLeft: wide ? 96 : 4,
    marginRight: wide ? 210 : 14,
    x: { domain: [0, most] },
    y: { domain: bars.map(({ name }) => name), padding: 0, axis: null },
    marks: [
      gridX({ ticks: wholeTicks(most, wide ? 8 : 4), stroke: 'var(--line)', strokeOpacity: 1 }),
      axisX({
        ticks: wholeTicks(most, wide ? 8 : 4),
        tickSize: 0,
        tickFormat: grouped,
        label: 'attempts',
        labelAnchor: 'center',
        labelArrow: 'none',
        labelOffset: 34,
        fill: 'var(--muted)',
      }),
      barX(bars, { x1: 0, x2: 'succeeded', y: 'name', ...inset, fill: 'var(--success)' }),
      barX(
        bars.filter(({ attempts, succeeded }) => attempts > succeeded),
        {
          x1: 'succeeded',
          x2: 'attempts',
          y: 'name',
          ...inset,
          fill: 'var(--failure)',
          fillOpacity: FAINT,
          stroke: 'var(--failure)',
          insetLeft: 0.5,
          insetRight: 0.5,
        },
      ),
      ...(wide
        ? [
            axisY({ tickSize: 0, label: null, fill: 'var(--text)', textAnchor: 'start', dx: -84 }),
            text(bars, {
              y: 'name',
              text: (bar: Bar) => `${says(bar)}\n${soFar(bar)}`,
              frameAnchor: 'right',
              textAnchor: 'start',
              dx: 14,
              fill: 'var(--text)',
              lineHeight: 1.3,
            }),
          ]
        : [
            text(bars, {
              y: 'name',
              text: (bar: Bar) =>
                `${bar.name.replace(' attempt', '')}: ${says(bar)}, ${soFar(bar).replace(' of operations', '')}`,
              frameAnchor: 'left',
              textAnchor: 'start',
              dy: -lift + 4,
              fill: 'var(--text)',
              stroke: 'var(--surface)',
              strokeWidth: 5,
            }),
          ]),
    ],
  };
}

/** Ticks at whole numbers: there is no half attempt. */
function wholeTicks(most: number, wanted: number): number[] {
  const step =
    [1, 2, 5, 10, 20, 50, 100, 200, 500].find((one) => most / one <= wanted) ?? Math.ceil(most / wanted);
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
}
