// The page as a browser lays it out, where there is one.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { findChromium } from '../../packages/fetch-adapter/smoke/chromium.ts';
import { runDemo } from './run-demo.ts';

const executablePath = findChromium();
const PICTURES = 5;
const WIDTHS = [1280, 1024, 768, 390, 320];
/** A run of the usual size, and one with more operations than are drawn. */
const SIZES = [40, 400];

let folder = '';
let browser: Browser | undefined;

beforeAll(async () => {
  if (executablePath === undefined) return;
  folder = await mkdtemp(join(tmpdir(), 'tenax-report-'));
  await Promise.all(
    SIZES.map((size) =>
      runDemo([
        '--report',
        join(folder, `${size}.html`),
        '--requests',
        String(size),
        '--concurrency',
        String(size / 10),
      ]),
    ),
  );
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}, 120_000);

afterAll(async () => {
  await browser?.close();
  if (folder !== '') await rm(folder, { recursive: true, force: true });
});

/** Opens the page of a run. */
async function look<T>(
  size: number,
  width: number,
  colorScheme: 'light' | 'dark',
  at: (page: Page) => Promise<T>,
): Promise<T> {
  if (!browser) throw new Error('no browser');
  const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
  try {
    await page.goto(address(size));
    return await at(page);
  } finally {
    await page.close();
  }
}

function address(size: number): string {
  return pathToFileURL(join(folder, `${size}.html`)).href;
}

/** Texts of the pictures that are shown: those that are cut off, and pairs that cover each other. */
function faultyTexts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const drawings = [...document.querySelectorAll('svg.plot')].filter(
      (drawing) => getComputedStyle(drawing).display !== 'none',
    );
    return drawings.flatMap((drawing) => {
      const card = drawing.closest('section')?.getBoundingClientRect() ?? new DOMRect();
      const texts = [...drawing.querySelectorAll('text')].map((element) => ({
        text: element.textContent,
        box: element.getBoundingClientRect(),
      }));
      const cut = texts
        .filter(({ box }) => box.left < card.left || box.right > card.right || box.width === 0)
        .map(({ text }) => `cut: ${text}`);
      const covering = texts.flatMap((one, index) =>
        texts
          .slice(index + 1)
          .filter(
            ({ box }) =>
              Math.min(one.box.right, box.right) - Math.max(one.box.left, box.left) > 1 &&
              // The boxes of lines have room above and below the letters.
              Math.min(one.box.bottom, box.bottom) - Math.max(one.box.top, box.top) > 3,
          )
          .map(({ text }) => `${one.text} covers ${text}`),
      );
      return [...cut, ...covering];
    });
  });
}

/** The contrast of every kind of text to what it stands on, as WCAG computes it. */
function contrasts(page: Page): Promise<number[]> {
  return page.evaluate(() => {
    const luminance = (color: string): number => {
      const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/gu) ?? []).map((part) => {
        const value = Number(part) / 255;
        return value <= 0.040_45 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const backgroundOf = (element: Element | null): string => {
      if (!element) return 'rgb(255, 255, 255)';
      const { backgroundColor } = getComputedStyle(element);
      return backgroundColor.endsWith(', 0)') ? backgroundOf(element.parentElement) : backgroundColor;
    };
    const texts = document.querySelectorAll(
      'h1, h2, p, dt, strong, span, th, td, li, figcaption, summary, text',
    );
    return [...texts].map((element) => {
      const { color, fill } = getComputedStyle(element);
      const letters = luminance(element.tagName === 'text' ? fill : color);
      const behind = luminance(backgroundOf(element));
      return (Math.max(letters, behind) + 0.05) / (Math.min(letters, behind) + 0.05);
    });
  });
}

describe.skipIf(executablePath === undefined)('the page of a run in a browser', () => {
  it.each(WIDTHS)(
    'is as wide as a window of %d, shows each picture once, and all its text',
    async (width) => {
      for (const size of SIZES) {
        const seen = await look(size, width, 'light', async (page) => ({
          tooWide: await page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth)),
          pictures: await page.locator('svg.plot:visible').count(),
          faultyTexts: await faultyTexts(page),
        }));
        expect(seen).toEqual({ tooWide: 0, pictures: PICTURES, faultyTexts: [] });
      }
    },
  );

  it.each(['light', 'dark'] as const)('is easy to read in %s', async (colorScheme) => {
    const all = await look(40, 1280, colorScheme, contrasts);
    expect(all.length).toBeGreaterThan(100);
    expect(Math.min(...all)).toBeGreaterThan(4.5);
  });

  it('loads nothing, and the browser has nothing to complain of', async () => {
    if (!browser) throw new Error('no browser');
    const page = await browser.newPage();
    const seen: string[] = [];
    page.on('request', (request) => seen.push(request.url()));
    page.on('console', (message) => seen.push(message.text()));
    page.on('pageerror', (error) => seen.push(error.message));
    await page.goto(address(40), { waitUntil: 'networkidle' });
    await page.close();
    expect(seen).toEqual([address(40)]);
  });
});
