/** One run as a page: a single file without scripts, that asks nothing of any server. */
import type { RunDocument } from '../run-document.ts';
import { attemptSuccess } from './attempt-success.ts';
import { loadOverTime } from './load-over-time.ts';
import { html, Markup } from './markup.ts';
import { pictureSection } from './picture.ts';
import { strategyWaits } from './strategy-waits.ts';
import { STYLE } from './style.ts';
import { successOverTime } from './success-over-time.ts';
import { summarySection, titleOf } from './summary.ts';
import { waterfall } from './waterfall.ts';

const PICTURES = [waterfall, attemptSuccess, loadOverTime, successOverTime, strategyWaits];

/** Makes the page. The same document makes the same page. */
export function reportPage(document: RunDocument): string {
  const pictures = PICTURES.map((picture) => pictureSection(picture(document)));
  const date = `${new Date(document.startTime).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  // The policy lets nothing be loaded, whatever should get into the page.
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>${titleOf(document)} – Tenax demo</title>
        <style>
          ${new Markup(STYLE)}
        </style>
      </head>
      <body>
        <main>
          ${summarySection(document)} ${pictures}
          <footer>
            Made on ${date} by <code>npm start -- --report</code>, from the document that
            <code>--json</code> prints.
          </footer>
        </main>
      </body>
    </html> `.text;
}
