// Runs the smoke suite in every runtime, against a real server on loopback: a line for each runtime.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

import { build } from 'esbuild';

import { type Place, type Result } from './cases.js';
import { chromium, findChromium } from './chromium.ts';
import { report, versionOf, type Runtime } from './report.ts';
import { startServer, unusedPort } from './server.ts';

const here = import.meta.dirname;
const modules = join(here, 'node_modules');
// The runtimes themselves, not the wrappers of `.bin`: killing a wrapper would leave the runtime behind.
const bun = join(modules, 'bun', 'bin', 'bun.exe');
const deno = join(modules, 'deno', process.platform === 'win32' ? 'deno.exe' : 'deno');
const { default: workerd } = createRequire(import.meta.url)('workerd') as { default: string };
const timeout = 120_000;

await using server = await startServer();
using folder = temporaryFolder();
const place: Place = { base: server.url, refused: `http://127.0.0.1:${await unusedPort()}/` };

const skip = { 'stream body': 'Chromium uploads streams over HTTP/2 and later only' };
const chromiumPath = findChromium();
const runtimes: readonly Runtime[] = [
  node('Node 22', join(modules, 'node-22', 'bin', 'node')),
  node('Node 24', process.execPath),
  node('Node 26', join(modules, 'node-26', 'bin', 'node')),
  commandLine('Bun', bun, ['run']),
  commandLine('Deno', deno, ['run', '--no-remote', '--node-modules-dir=manual', '--allow-net']),
  { name: 'workerd', version: () => versionOf(workerd), run: inWorkerd },
  ...(chromiumPath === undefined ? [] : [chromium(chromiumPath, join(here, 'page.js'), skip)]),
];

let failed = 0;
for (const runtime of runtimes) failed += await report(runtime, place);
if (chromiumPath === undefined) console.log('- skipped: Chromium (not installed)');
process.exitCode = failed === 0 ? 0 : 1;

function node(name: string, path: string): Runtime {
  return commandLine(name, path, []);
}

function commandLine(name: string, command: string, args: readonly string[]): Runtime {
  return {
    name,
    version: () => versionOf(command),
    run: async ({ base, refused }) =>
      JSON.parse(await output(command, [...args, join(here, 'command-line.js'), base, refused])) as Result[],
  };
}

async function inWorkerd(to: Place): Promise<Result[]> {
  await bundle('worker.js');
  const config = join(folder.path, 'worker.capnp');
  copyFileSync(join(here, 'worker.capnp'), config);
  const address = `127.0.0.1:${await unusedPort()}`;
  const worker = spawn(workerd, ['serve', config, `--socket-addr=http=${address}`], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  try {
    const query = new URLSearchParams({ base: to.base, refused: to.refused });
    return (await (await whenUp(`http://${address}/?${query}`)).json()) as Result[];
  } finally {
    worker.kill();
    if (worker.exitCode === null) await once(worker, 'exit');
  }
}

async function bundle(entry: string): Promise<void> {
  await build({
    entryPoints: [join(here, entry)],
    outfile: join(folder.path, entry),
    bundle: true,
    format: 'esm',
    target: 'es2023',
    logLevel: 'warning',
  });
}

/** The first answer of a server that is still starting. */
async function whenUp(url: string): Promise<Response> {
  const end = Date.now() + 15_000;
  for (;;) {
    try {
      return await fetch(url, { signal: AbortSignal.timeout(timeout) });
    } catch (error) {
      if (Date.now() > end) throw error;
      await sleep(50);
    }
  }
}

async function output(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, {
    cwd: here,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout,
    env: { ...process.env, DENO_DIR: join(modules, '.cache', 'deno'), DENO_NO_UPDATE_CHECK: '1' },
  });
  let text = '';
  let lastWord = performance.now();
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    lastWord = performance.now();
  });
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', reject).on('close', (...end) => resolve(end));
  });
  if (code !== 0) throw new Error(`ended with ${code ?? signal}: ${text}`);
  // The suite's last act is to print. A timer or a socket left behind would keep the process.
  if (performance.now() - lastWord > 5_000) throw new Error('the process went on after the suite had ended');
  return text;
}

function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'tenax-smoke-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
