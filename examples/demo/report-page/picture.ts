/** Draws pictures as SVG that belongs into a page: its colours are the page's, its text is the page's text. */
import { plot } from '@observablehq/plot';
import type { PlotOptions } from '@observablehq/plot';
import { parseHTML } from 'linkedom';

import { html, Markup } from './markup.ts';

/** Every picture is drawn twice, and CSS shows the one that fits. */
export type Layout = 'wide' | 'narrow';

/** What the drawing of a picture depends on. */
export interface Frame {
  readonly layout: Layout;
  /** In CSS pixels. */
  readonly width: number;
}

/** A picture with what is said about it. */
export interface Picture {
  readonly id: string;
  readonly title: string;
  /** What one sees, in a sentence or two. */
  readonly caption: string;
  /** What one would see, for those who can't. */
  readonly description: string;
  readonly legend: readonly LegendEntry[];
  /** Nothing to draw: the caption says why. */
  readonly plot: ((frame: Frame) => PlotOptions) | undefined;
  /** The same in numbers. */
  readonly numbers?: Markup;
}

/** A sign, and what it stands for. */
export interface LegendEntry {
  readonly sign: Markup;
  readonly meaning: string;
}

const FRAMES: readonly Frame[] = [
  { layout: 'wide', width: 960 },
  { layout: 'narrow', width: 358 },
];

/** A picture as a section of the page. */
export function pictureSection({
  caption,
  description,
  id,
  legend,
  numbers,
  plot: draw,
  title,
}: Picture): Markup {
  const drawings = draw ? FRAMES.map((frame) => drawing(draw(frame), frame, `${title}. ${description}`)) : [];
  const entries = legend.map(({ meaning, sign }) => html`<li>${sign} ${meaning}</li>`);
  return html`<section aria-labelledby="${id}">
    <h2 id="${id}">${title}</h2>
    <figure>
      ${
        draw && entries.length > 0
          ? html`<ul class="legend">
              ${entries}
            </ul>`
          : ''
      }
      ${drawings}
      <figcaption>${caption}</figcaption>
    </figure>
    ${numbers ?? ''}
  </section>`;
}

function drawing(options: PlotOptions, { layout, width }: Frame, label: string): Markup {
  // A document of its own for each drawing: nothing that a drawing leaves behind reaches the next one.
  const { document } = parseHTML('<!doctype html><html></html>');
  const svg = plot({ document, width, ...options });
  // The page's own style sheet says it all, once for all drawings.
  svg.querySelector('style')?.remove();
  svg.querySelectorAll('*').forEach(simplify);
  svg.setAttribute('class', `plot ${layout}`);
  // The DOM's own attributes leave "<" as it is.
  const start = html`<svg role="img" aria-label="${label}"`.text;
  return new Markup(start + svg.outerHTML.slice('<svg'.length));
}

/** Attributes with coordinates: a hundredth of a pixel is exact enough, and the page gets smaller. */
const COORDINATES = ['transform', 'd', 'x', 'y', 'x1', 'x2', 'y1', 'y2', 'width', 'height', 'cx', 'cy'];

function simplify(element: Element): void {
  // The picture has one name, that of the whole.
  element.removeAttribute('aria-label');
  element.removeAttribute('aria-hidden');
  for (const name of COORDINATES) {
    const value = element.getAttribute(name);
    if (value !== null) element.setAttribute(name, value.replaceAll(/-?\d+\.\d{3,}/gu, round));
  }
}

function round(digits: string): string {
  return String(Math.round(Number(digits) * 100) / 100);
}
