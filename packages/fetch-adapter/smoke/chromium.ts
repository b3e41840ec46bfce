// Finds a Chromium to run a suite in, and on a build machine installs one.
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';

import { build } from 'esbuild';
import { chromium as browserType } from 'playwright-core';

import { type Place, type Result } from './cases.js';
import { versionOf, type Runtime } from './report.ts';
import { startServer } from './server.ts';

const names = [
  'chromium',
  'chromium-browser',
  'google-chrome-stable',
  'google-chrome',
  'microsoft-edge-stable',
];
const applications = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'];

/** The path of a Chromium, or nothing when there is none. `CHROMIUM` names another one. */
export function findChromium(): string | undefined {
  return installed() ?? (install() ? installed() : undefined);
}

/**
 * A Chromium in which a page runs a suite.
 *
 * @param entry the page's script; it leaves `runSuite` on `globalThis`
 * @param skip the cases that Chromium can't run, each with its reason
 */
export function chromium(
  executablePath: string,
  entry: string,
  skip: Readonly<Record<string, string>> = {},
): Runtime {
  return {
    name: 'Chromium',
    version: () => versionOf(executablePath),
    run: async (place) => inChromium(executablePath, await bundle(entry), { ...place, skip }),
  };
}

async function inChromium(executablePath: string, script: string, place: Place): Promise<Result[]> {
  const page = '<!doctype html><title>Smoke</title><script type="module" src="/page.js"></script>';
  // Another origin than the server's, so that CORS has its say.
  await using pages = await startServer({ '/': page, '/page.js': script });
  const browser = await browserType.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
  try {
    const tab = await browser.newPage();
    await tab.goto(pages.url);
    return await tab.evaluate(
      async (where) =>
        (globalThis as unknown as { runSuite: (place: Place) => Promise<Result[]> }).runSuite(where),
      place,
    );
  } finally {
    await browser.close();
  }
}

async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2023',
    logLevel: 'warning',
  });
  return outputFiles[0]?.text ?? '';
}

function installed(): string | undefined {
  const named = process.env['CHROMIUM'];
  if (named !== undefined) return named;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const onPath = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...onPath, ...applications, browserType.executablePath()].find(isExecutable);
}

/** Debian's package, where nobody minds: on a build machine, as root. */
function install(): boolean {
  if (process.env['CI'] !== 'true' || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get'))
    return false;
  try {
    execFileSync('apt-get', ['update'], { stdio: 'ignore' });
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    execFileSync('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], {
      stdio: 'ignore',
      env,
    });
    return true;
  } catch {
    return false;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
