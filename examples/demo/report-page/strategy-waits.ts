/** The waits of each strategy, as computed for several seeds, and those that the run really made. */
import { axisX, axisY, dot, gridY, lineY, text } from '@observablehq/plot';
import type { PlotOptions } from '@observablehq/plot';

import type { Operation } from '../operations.ts';
import type { RunDocument } from '../run-document.ts';
import type { StrategyWaits } from '../strategies.ts';
import type { Frame, LegendEntry, Picture } from './picture.ts';
import { dotSign, lineSign } from './signs.ts';
import { count, duration, grouped, ordinal } from './wording.ts';

/** A wait before the retry of that number. */
interface Wait {
  readonly strategy: string;
  readonly retry: number;
  readonly wait: number;
}

type ActualWait = Wait & { readonly asked: boolean };

/** More would be one blot. */
const MOST_RINGS = 200;
const LEGEND: readonly LegendEntry[] = [
  { sign: lineSign('var(--text)', 'none'), meaning: 'without jitter' },
  { sign: dotSign('var(--success)', true), meaning: 'with full jitter, by seed' },
  { sign: dotSign('var(--failure)', false), meaning: 'in this run' },
];

/** The picture. */
export function strategyWaits({ operations, settings, strategies }: RunDocument): Picture {
  const seeds = strategies[0]?.draws.length ?? 0;
  const retries = Math.max(0, ...strategies.map(({ plain }) => plain.length));
  const longest = Math.max(0, ...strategies.flatMap(({ plain }) => plain));
  const waits = selectWaits(actualWaits(operations, settings.strategy), retries);
  return {
    id: 'waits',
    title: 'Waits by strategy',
    caption: `How long each strategy waits before each retry, from the same base of ${duration(settings.baseDelay)} and the same cap of ${duration(settings.maxDelay)}: a line without jitter, and dots for ${count(seeds, 'seed')} with it. Decorrelated waits are random in themselves, so they have no line. ${runSentence(waits, retries, settings.strategy)}`,
    description: `Waits before retries 1 to ${retries} for ${strategies.map(({ strategy }) => strategy).join(', ')}, up to ${duration(longest)}.`,
    legend: LEGEND,
    plot: strategies.length === 0 ? undefined : (frame) => plotWaits(strategies, waits.shown, frame),
  };
}

/** The waits that are shown, and how many are not. */
interface WaitSelection {
  readonly shown: readonly Wait[];
  readonly asked: number;
  readonly late: number;
  readonly tooMany: number;
}

function selectWaits(actual: readonly ActualWait[], retries: number): WaitSelection {
  const computed = actual.filter(({ asked }) => !asked);
  // Beyond the plotted retries, a run's own waits would stretch the axis of all strategies.
  const early = computed.filter(({ retry }) => retry <= retries);
  const shown = early.slice(0, MOST_RINGS);
  return {
    shown,
    asked: actual.length - computed.length,
    late: computed.length - early.length,
    tooMany: early.length - shown.length,
  };
}

function runSentence(
  { asked, late, shown, tooMany }: WaitSelection,
  retries: number,
  strategy: string,
): string {
  const hidden = [
    asked > 0 ? `${count(asked, 'wait')} that the server asked for` : '',
    late > 0 ? `${count(late, 'wait')} after the ${ordinal(retries)}` : '',
    tooMany > 0 ? `${grouped(tooMany)} more` : '',
  ].filter((part) => part !== '');
  if (shown.length === 0 && hidden.length === 0) return 'This run did not wait.';
  const rest = hidden.length === 0 ? '' : ` Not shown: ${hidden.join(', ')}.`;
  return `Rings: ${count(shown.length, 'wait')} that ${strategy} made in this run.${rest}`;
}

/** The waits of a run, by its own account. A wait after a hint is the server's more than the strategy's. */
function actualWaits(operations: readonly Operation[], strategy: string): ActualWait[] {
  return operations.flatMap(({ statistics }) =>
    (statistics?.attempts ?? []).slice(1).map(({ attemptNumber, delayBefore }, index) => ({
      strategy,
      retry: attemptNumber - 1,
      wait: delayBefore,
      asked: statistics?.attempts[index]?.hint !== undefined,
    })),
  );
}

function plotWaits(
  strategies: readonly StrategyWaits[],
  shown: readonly Wait[],
  { layout }: Frame,
): PlotOptions {
  const retries = Math.max(1, ...strategies.map(({ plain }) => plain.length));
  const facet = layout === 'wide' ? { fx: 'strategy' } : { fy: 'strategy' };
  const position = { x: 'retry', y: 'wait', ...facet };
  const plain = strategies
    .filter(({ strategy }) => strategy !== 'decorrelated')
    .flatMap(({ plain: waits, strategy }) => waits.map(toWait(strategy)));
  const drawn = strategies.flatMap(({ draws, strategy }) =>
    draws.flatMap(({ waits }) => waits.map(toWait(strategy))),
  );
  const names = strategies.map(({ strategy }) => strategy);
  const longest = Math.max(1, ...[...plain, ...drawn, ...shown].map(({ wait }) => wait));
  return {
    height: layout === 'wide' ? 310 : 90 + names.length * 124,
    marginTop: layout === 'wide' ? 34 : 30,
    marginBottom: 44,
    marginLeft: 52,
    marginRight: layout === 'wide' ? 4 : 8,
    x: { domain: [0.5, retries + 0.5] },
    y: { domain: [0, longest * 1.04] },
    fx: { domain: names, axis: null, padding: 0.12 },
    fy: { domain: names, axis: null, padding: 0.28 },
    marks: [
      gridY({ ticks: layout === 'wide' ? 5 : 2, stroke: 'var(--line)', strokeOpacity: 1 }),
      axisY({
        ticks: layout === 'wide' ? 5 : 2,
        tickSize: 0,
        tickFormat: (ms: number) => (ms === 0 ? '0' : longest < 1000 ? `${ms} ms` : `${ms / 1000} s`),
        label: null,
        fill: 'var(--muted)',
      }),
      axisX({
        ticks: Array.from({ length: retries }, (_, index) => index + 1),
        tickSize: 0,
        tickFormat: String,
        label: 'retry',
        labelAnchor: 'center',
        labelArrow: 'none',
        fill: 'var(--muted)',
      }),
      text(names, {
        ...(layout === 'wide' ? { fx: (name: string) => name } : { fy: (name: string) => name }),
        text: (name: string) => name,
        frameAnchor: 'top-left',
        dy: -22,
        fontWeight: 600,
        fontSize: 13,
        fill: 'var(--text)',
      }),
      dot(drawn, {
        ...position,
        dx: layout === 'wide' ? -4 : -6,
        r: 2.5,
        fill: 'var(--success)',
        fillOpacity: 0.45,
      }),
      lineY(plain, { ...position, z: 'strategy', stroke: 'var(--text)', strokeWidth: 2 }),
      // Beside the dots, not upon them.
      dot(shown, {
        ...position,
        dx: layout === 'wide' ? 5 : 8,
        r: 2.75,
        stroke: 'var(--failure)',
        strokeWidth: 1.25,
      }),
    ],
  };
}

function toWait(strategy: string): (wait: number, index: number) => Wait {
  return (wait, index) => ({ strategy, retry: index + 1, wait });
}
