/** The signs for what came of an attempt: each has a shape and a colour of its own, so that neither is needed. */
import { html } from './markup.ts';
import type { Markup } from './markup.ts';

/** What came of an attempt. */
export type AttemptKind = 'success' | 'throttled' | 'failure';

/** The shape of Observable Plot's symbol, and the CSS variable with its colour. */
export const SIGNS: Readonly<Record<AttemptKind, { readonly symbol: string; readonly color: string }>> = {
  success: { symbol: 'circle', color: 'var(--success)' },
  throttled: { symbol: 'triangle', color: 'var(--throttled)' },
  failure: { symbol: 'square', color: 'var(--failure)' },
};

/** The sign of an attempt in a legend. */
export function attemptSign(kind: AttemptKind): Markup {
  const shapes: Readonly<Record<AttemptKind, Markup>> = {
    success: html`<circle cx="7" cy="7" r="5" />`,
    throttled: html`<path d="M7 1.2 13 12H1z" />`,
    failure: html`<path d="M2.5 2.5h9v9h-9z" />`,
  };
  return sign(html`<g fill="${SIGNS[kind].color}">${shapes[kind]}</g>`, 14);
}

/** A line in a legend, as it is drawn in a picture. */
export function lineSign(color: string, dashes: string): Markup {
  const line = html`<path
    d="M1 7h26"
    fill="none"
    stroke="${color}"
    stroke-width="2"
    stroke-dasharray="${dashes}"
  />`;
  return sign(line, 28);
}

/** An area in a legend: full, or only its outline. */
export function areaSign(color: string, full: boolean): Markup {
  return sign(
    html`<rect
      x="1"
      y="1"
      width="12"
      height="12"
      fill="${color}"
      fill-opacity="${full ? 1 : FAINT}"
      stroke="${color}"
    />`,
    14,
  );
}

/** A dot in a legend. */
export function dotSign(color: string, full: boolean): Markup {
  return sign(
    html`<circle cx="7" cy="7" r="4" fill="${full ? color : 'none'}" stroke="${color}" stroke-width="1.5" />`,
    14,
  );
}

/** How much of its colour an area has that stands for failures. */
export const FAINT = 0.15;

function sign(content: Markup, width: number): Markup {
  return html`<svg class="sign" aria-hidden="true" viewBox="0 0 ${width} 14" width="${width}" height="14">
    ${content}
  </svg>`;
}
