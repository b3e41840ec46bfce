/** The time of a run, below a picture. */
import { axisX } from '@observablehq/plot';
import type { Markish } from '@observablehq/plot';

/** Seconds since the start. */
export function timeAxis(wide: boolean): Markish {
  return axisX({
    ticks: wide ? 10 : 5,
    tickSize: 0,
    tickFormat: (seconds: number) => (seconds === 0 ? '0' : `${seconds} s`),
    label: 'time since the start of the run',
    labelAnchor: 'center',
    labelArrow: 'none',
    labelOffset: 34,
    fill: 'var(--muted)',
  });
}
