// What `npm start` and `npm test` run on a machine that has only Node 20 and npm:
// install with the pinned pnpm when needed, build, then hand over to the pinned Node.
// Everything said here goes to stderr, so that stdout belongs to the program that follows.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const windows = process.platform === 'win32';
const bin = join(root, 'node_modules', '.bin');
const node = join(root, 'node_modules', 'node', 'bin', windows ? 'node.exe' : 'node');
const stamp = join(root, 'node_modules', '.bootstrap');

const [task, ...rest] = process.argv.slice(2);
// The demo needs only the packages; the check begins with a build of everything.
const tasks = {
  start: {
    script: 'examples/demo/main.ts',
    build: [
      'packages/core',
      'packages/fetch-adapter',
      'packages/axios-adapter',
      'packages/undici-dispatcher',
    ],
  },
  test: { script: 'scripts/check.ts', build: undefined },
};
const chosen = Object.hasOwn(tasks, task ?? '') ? tasks[/** @type {keyof typeof tasks} */ (task)] : undefined;
if (chosen === undefined) {
  process.stderr.write('usage: node scripts/bootstrap.mjs start|test [arguments]\n');
  process.exit(2);
}

install();
if (chosen.build !== undefined) {
  must(join(root, 'scripts', 'build.ts'), chosen.build);
}
run(chosen.script, rest);

function install() {
  const wanted = fingerprint();
  if (existsSync(node) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  say(`installing the dependencies with ${packageManager}`);
  const done = spawnSync(
    windows ? 'npx.cmd' : 'npx',
    ['-y', packageManager, 'install', '--frozen-lockfile', '--reporter=append-only'],
    // CI: pnpm asks no questions.
    { cwd: root, shell: windows, stdio: ['ignore', 2, 2], env: { ...process.env, CI: 'true' } },
  );
  if (done.status !== 0) fail('the installation failed', done);
  writeFileSync(stamp, wanted);
}

/** What the installation depends on: the lockfile, the manifests and the machine. */
function fingerprint() {
  const members = readdirSync(join(root, 'packages')).map((name) => `packages/${name}`);
  const files = [
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    ...[
      '.',
      ...members,
      'packages/fetch-adapter/smoke',
      'packages/axios-adapter/smoke',
      'examples',
      'bench',
    ].map((folder) => `${folder}/package.json`),
  ].filter((file) => existsSync(join(root, file)));
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

/**
 * @param {string} script
 * @param {string[]} args
 */
function must(script, args) {
  const done = spawnSync(node, [script, ...args], { cwd: root, stdio: ['ignore', 2, 2] });
  if (done.status !== 0) fail('the build failed', done);
}

/**
 * @param {string} script
 * @param {string[]} args
 */
function run(script, args) {
  const child = spawn(node, [join(root, script), ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` },
  });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the child as well; it shall not hear it twice.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => fail(error.message));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  });
}

/**
 * @param {string} message
 * @param {{ error?: Error, status?: number | null }} [done]
 */
function fail(message, done) {
  say(done?.error === undefined ? message : `${message}: ${done.error.message}`);
  process.exit(done?.status ?? 1);
}

/** @param {string} message */
function say(message) {
  process.stderr.write(`tenax: ${message}\n`);
}
