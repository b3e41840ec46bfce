// Every check of the project, in order: `npm test` runs this. A failed check does not keep the others from running.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const report = join(root, 'node_modules', '.cache', 'vitest.json');

interface Check {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Shows the output as it comes, not only after a failure. */
  readonly live?: true;
}

const node = process.execPath;
const checks: readonly Check[] = [
  { name: 'types and bundles', command: node, args: ['scripts/build.ts'] },
  { name: 'lint', command: 'oxlint', args: [] },
  { name: 'format', command: 'oxfmt', args: ['--check'] },
  {
    name: 'layers',
    command: 'depcruise',
    args: [
      '--config',
      '.dependency-cruiser.mjs',
      'packages/core/src',
      'packages/fetch-adapter/src',
      'packages/axios-adapter/src',
      'packages/undici-dispatcher/src',
      'packages/opentelemetry/src',
    ],
  },
  { name: 'unused code', command: 'knip', args: [] },
  { name: 'generated files', command: node, args: ['scripts/generate-schema.ts', '--check'] },
  { name: 'packages', command: node, args: ['scripts/check-packages.ts'] },
  { name: 'bundle sizes', command: node, args: ['scripts/check-size.ts'] },
  { name: 'runtimes', command: node, args: ['packages/fetch-adapter/smoke/run.ts'], live: true },
  { name: 'runtimes, axios', command: node, args: ['packages/axios-adapter/smoke/run.ts'], live: true },
];
const tests: Check = {
  name: 'tests',
  command: 'vitest',
  args: [
    'run',
    '--config',
    'vitest.workspace.ts',
    '--coverage',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ],
  live: true,
};

mkdirSync(join(root, 'node_modules', '.cache'), { recursive: true });
rmSync(report, { force: true });

const failed = checks.filter((check) => !passes(check)).map(({ name }) => name);
const testsPassed = passes(tests);
const counts = countTests();
// A run without a failed test can still fail, by its coverage for one.
if (!testsPassed && counts.failed === 0) failed.push(tests.name);

console.log(
  failed.length === 0
    ? `\n${checks.length} checks and ${counts.passed} tests passed`
    : `\nfailed checks: ${failed.join(', ')}`,
);
console.log(
  `${checks.length - failed.filter((name) => name !== tests.name).length + counts.passed} passed, ${failed.length + counts.failed} failed`,
);
process.exitCode = failed.length === 0 && testsPassed ? 0 : 1;

function passes({ name, command, args, live }: Check): boolean {
  const start = performance.now();
  if (live) console.log(`… ${name}`);
  const done = spawnSync(command, args, {
    cwd: root,
    stdio: live ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: {
      ...process.env,
      ...(process.stdout.isTTY ? {} : { NO_COLOR: '1' }),
      PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env['PATH'] ?? ''}`,
    },
  });
  const ok = done.status === 0;
  console.log(`${ok ? '✓' : '✗'} ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  if (!ok) console.log([done.error?.message, done.stdout, done.stderr].filter(Boolean).join('\n'));
  return ok;
}

function countTests(): { passed: number; failed: number } {
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8')) as Record<
      string,
      number
    >;
    return { passed: numPassedTests ?? 0, failed: numFailedTests ?? 0 };
  } catch {
    return { passed: 0, failed: 0 };
  }
}
