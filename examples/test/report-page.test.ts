import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { HtmlValidate } from 'html-validate';
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { reportPage } from '../demo/report-page/report-page.ts';
import type { RunDocument } from '../demo/run-document.ts';
import { runDemo } from './run-demo.ts';

const REQUESTS = 24;
const PICTURES = ['waterfall', 'attempts', 'load', 'successes', 'waits'];

let folder = '';
let run: RunDocument;
let page = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenax-report-'));
  const path = join(folder, 'report.html');
  const { code, stdout } = await runDemo(['--json', '--report', path, '--requests', String(REQUESTS)]);
  if (code !== 0) throw new Error(`the demo ended with ${code}`);
  run = JSON.parse(stdout) as RunDocument;
  page = await readFile(path, 'utf8');
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

function parse(html: string): Document {
  return parseHTML(html).document;
}

/** The text of an element, without the line breaks of the source. */
function textOf(element: Element | null): string {
  return (element?.textContent ?? '').replaceAll(/\s+/gu, ' ').trim();
}

/** What a validator finds wrong, by the standard and for those who can't see. */
async function faultsOf(html: string): Promise<string[]> {
  const validator = new HtmlValidate({
    root: true,
    extends: ['html-validate:standard', 'html-validate:a11y'],
  });
  const { results } = await validator.validateString(html);
  return results.flatMap(({ messages }) => messages.map(({ message, ruleId }) => `${ruleId}: ${message}`));
}

/** Everything by which a page could ask for something. A link into the page itself is none. */
const REQUESTS_OF_PAGES =
  /\bsrc\s*=|\bsrcset\s*=|\bhref\s*=|@import|url\(|https?:\/\/|<(?:script|link|iframe|object|embed|img|base)\b/giu;

describe('the page of a run', () => {
  it('is made of the document that --json prints, and of nothing else', () => {
    expect(reportPage(run) === page).toBe(true);
    expect(reportPage(structuredClone(run)) === page).toBe(true);
  });

  it('has a title, and a heading and a sentence for every picture', () => {
    const document = parse(page);
    expect(textOf(document.querySelector('title'))).toContain(`${REQUESTS} operations with fetch`);
    expect(document.querySelectorAll('h1')).toHaveLength(1);
    for (const id of PICTURES) {
      const section = document.querySelector(`section[aria-labelledby="${id}"]`);
      expect(textOf(section?.querySelector('h2') ?? null)).not.toBe('');
      expect(textOf(section?.querySelector('figcaption') ?? null)).toMatch(/\.$/u);
    }
  });

  it('draws every picture for two widths, each with a name for those who cannot see it', () => {
    const drawings = [...parse(page).querySelectorAll('figure > svg')];
    const layouts = drawings.map((drawing) => drawing.getAttribute('class'));
    expect(layouts).toEqual(PICTURES.flatMap(() => ['plot wide', 'plot narrow']));
    for (const drawing of drawings) {
      expect(drawing.getAttribute('role')).toBe('img');
      expect(drawing.getAttribute('aria-label')).toMatch(/\w+\. \w/u);
      // The library's sign for a warning.
      expect(drawing.textContent).not.toContain('⚠');
    }
  });

  it('says what retries brought and what they cost', () => {
    const { attemptNumbers, load, summary } = run;
    const summed = textOf(parse(page).querySelector('section[aria-labelledby="summary"]'));
    expect(summed).toContain(`success with retries ${Math.round(summary.successRate * 100)} %`);
    expect(summed).toContain(`Succeeded ${summary.succeeded} ${load.withoutRetries?.succeeded}`);
    expect(summed).toContain(`Requests ${load.withRetries.requests} ${REQUESTS}`);
    const attempts = textOf(parse(page).querySelector('section[aria-labelledby="attempts"] svg.wide'));
    for (const { attempts: sent, succeeded } of attemptNumbers)
      expect(attempts).toContain(`${succeeded} of ${sent} succeeded`);
  });

  it('draws every attempt of every operation that failed or was retried', () => {
    const drawn = [...parse(page).querySelectorAll('section[aria-labelledby="waterfall"] svg.wide title')];
    const titles = new Set(drawn.map(({ textContent }) => textContent));
    const shown = run.operations.filter(
      ({ statistics, succeeded }) => !succeeded || statistics?.attempts.length !== 1,
    );
    const attempts = shown.reduce((sum, { statistics }) => sum + (statistics?.attempts.length ?? 0), 0);
    expect(attempts).toBeGreaterThan(REQUESTS);
    expect(titles.size).toBe(attempts);
  });

  it('has every operation in a table', () => {
    const rows = [...parse(page).querySelectorAll('details tbody tr')].map(textOf);
    expect(rows).toHaveLength(REQUESTS);
    for (const [index, { name, statistics, succeeded }] of run.operations.entries()) {
      expect(rows[index]).toContain(name);
      expect(rows[index]).toContain(succeeded ? 'succeeded' : 'failed');
      expect(rows[index]).toContain(String(statistics?.attempts.length));
    }
  });

  it('is a valid and accessible page', async () => {
    expect(await faultsOf(page)).toEqual([]);
  });

  it('asks nothing of any server', () => {
    expect(page.match(REQUESTS_OF_PAGES)).toBeNull();
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  });

  it('knows light and dark', () => {
    expect(page).toContain('color-scheme: light dark');
    expect(page).toContain('@media (prefers-color-scheme: dark)');
    // Every colour of a picture is one that both have.
    const colors = [...page.matchAll(/(?:fill|stroke)="([^"]+)"/gu)].map(([, color]) => color);
    expect(colors.filter((color) => !/^(?:none|currentColor|var\(--[a-z]+\))$/u.test(color ?? ''))).toEqual(
      [],
    );
  });
});

describe('a page of other data', () => {
  it('shows text from data as text', async () => {
    const hostile = `</title><script>alert('1')</script><img src=x onerror="alert(2)">`;
    const [first] = run.operations;
    const attempts = (first?.statistics?.attempts ?? []).map((attempt) => ({
      ...attempt,
      status: undefined,
      success: false,
      error: { name: hostile, message: hostile, code: hostile },
    }));
    const document = {
      ...run,
      client: hostile,
      settings: { ...run.settings, url: hostile, method: hostile, strategy: hostile },
      operations: [
        {
          ...first,
          name: hostile,
          ending: hostile,
          succeeded: false,
          statistics: { ...first?.statistics, attempts },
        },
      ],
      strategies: run.strategies.map((waits) => ({ ...waits, strategy: hostile + waits.strategy })),
    } as unknown as RunDocument;
    const made = reportPage(document);
    expect(parse(made).querySelectorAll('script, img')).toHaveLength(0);
    // Not the whole page: what is compared is printed when it differs.
    expect(made.match(/<(?:script|img)/gu)).toBeNull();
    expect(made.match(/&lt;script&gt;/gu)?.length).toBeGreaterThan(5);
    expect(await faultsOf(made)).toEqual([]);
  });

  it('bounds the waterfall, says how much is left out, and keeps all in the table', () => {
    const many = Array.from({ length: 42 }, () => run.operations).flat();
    const operations = many.map((operation, index) => ({ ...operation, name: `#${index + 1}` }));
    const made = parse(reportPage({ ...run, operations }));
    const section = made.querySelector('section[aria-labelledby="waterfall"]');
    const [, height] =
      /^0 0 960 (\d+)$/u.exec(section?.querySelector('svg.wide')?.getAttribute('viewBox') ?? '') ?? [];
    expect(Number(height)).toBeGreaterThan(600);
    expect(Number(height)).toBeLessThan(1000);
    expect(textOf(section?.querySelector('figcaption') ?? null)).toMatch(/[\d,]+ shorter ones are left out/u);
    expect(textOf(section?.querySelector('svg.wide') ?? null)).toMatch(/Failed in the end \(\d+ of \d+\)/u);
    expect(section?.querySelectorAll('tbody tr')).toHaveLength(operations.length);
  });

  it('does without a second run, and says so', async () => {
    const made = reportPage({ ...run, load: { ...run.load, withoutRetries: undefined } });
    expect(parse(made).querySelectorAll('figure > svg')).toHaveLength(2 * PICTURES.length);
    expect(textOf(parse(made).querySelector('main'))).toContain('There was no second run without retries');
    expect(await faultsOf(made)).toEqual([]);
  });

  it.each([
    ['--requests', '0'],
    ['--failure-rate', '0', '--requests', '3'],
    ['--attempts', '1', '--requests', '3'],
  ])('has something to say of %s %s', async (...args) => {
    const { stdout } = await runDemo(['--json', ...args]);
    const made = reportPage(JSON.parse(stdout) as RunDocument);
    expect(made.match(/NaN|undefined|Infinity/gu)).toBeNull();
    expect(await faultsOf(made)).toEqual([]);
  });
});

describe('--report', () => {
  it('leaves the text of a run as it is, and says where the page is', async () => {
    const path = join(folder, 'other.html');
    await writeFile(path, 'what was there before');
    const { code, stdout } = await runDemo(['--requests', '2', '--seed', '4', '--report', path]);
    expect(code).toBe(0);
    expect(stdout).toContain('What the retries did');
    expect(stdout).toContain(`The report is in ${path}`);
    expect(await readFile(path, 'utf8')).toMatch(/^<!doctype html>/u);
  });

  it.each([
    ['a directory that does not exist', join('missing', 'report.html'), 'ENOENT'],
    ['a directory', '.', 'a directory'],
    ['a file as a directory', join('file', 'report.html'), 'is no directory'],
    ['nothing', '', 'no path'],
  ])(
    'refuses %s before anything is sent, with what was given and what is accepted',
    async (_, name, fault) => {
      await writeFile(join(folder, 'file'), '');
      const given = name === '' ? '' : join(folder, name);
      const { code, stderr, stdout } = await runDemo(['--report', given]);
      expect(code).toBe(2);
      expect(stdout).toBe('');
      expect(stderr).toContain('--report <file>');
      expect(stderr).toContain(`'${given}'`);
      expect(stderr).toContain(fault);
      expect(stderr).toContain('Accepted: a file that can be written, in a directory that exists.');
    },
  );

  it.skipIf(!existsSync('/dev/full'))('says so when the page could not be written after all', async () => {
    const { code, stderr } = await runDemo(['--requests', '1', '--seed', '4', '--report', '/dev/full']);
    expect(code).toBe(2);
    expect(stderr).toBe(
      'error: --report: given "/dev/full", which can\'t be written (ENOSPC). Accepted: a file that can be written, in a directory that exists. (see --help)\n',
    );
  });
});
