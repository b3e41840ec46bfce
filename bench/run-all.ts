// `pnpm bench` runs every measurement, one after the other, in under ten minutes, and writes `results.json`, `RESULTS.md`
// and `docs/performance.md`. `--quick` makes tiny rounds, and writes to `node_modules/.cache/bench` instead. Names of
// measurements run only these, and write nothing; with `--seconds=420` they take so long each, and are written beside the
// others.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { filled } from './documents.ts';
import type { Results } from './documents.ts';
import { describeMachine, describeVersions } from './machine.ts';
import { measurementMarkdown } from './markdown.ts';
import type { Measurement } from './measurement.ts';
import { givenSeconds, quick } from './settings.ts';

const PROGRAMS = [
  'engine',
  'statistics',
  'retries',
  'waiting',
  'shared-signal',
  'long-run',
  'fetch',
  'axios',
  'undici',
  'import-cost',
  'stack-traces',
  'size',
];

const root = join(import.meta.dirname, '..');
const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const unknown = chosen.filter((name) => !PROGRAMS.includes(name));
if (givenSeconds !== undefined && chosen.length === 0)
  throw new Error('--seconds wants names of measurements');
if (unknown.length > 0) throw new Error(`no measurement is called ${unknown.join(', ')}`);

const secondsArgument = givenSeconds === undefined ? [] : [`--seconds=${givenSeconds}`];
const folder = mkdtempSync(join(tmpdir(), 'tenax-bench-'));
try {
  const began = performance.now();
  const [load = 0] = loadavg();
  if (load > 0.5 && !quick)
    console.error(`the machine is busy (load ${load.toFixed(1)}): intervals will be wide`);
  const measurements = (chosen.length > 0 ? chosen : PROGRAMS).map((name) => measure(name));
  const date = new Date().toISOString();
  const machine = describeMachine();
  if (chosen.length > 0) console.log(measurements.map(measurementMarkdown).join('\n\n'));
  if (givenSeconds !== undefined)
    write({ ...resultsBefore(), closer: { date, seconds: givenSeconds, machine, measurements } });
  if (chosen.length === 0) {
    const { closer } = resultsBefore();
    const minutes = (performance.now() - began) / 60_000;
    console.log(`${minutes.toFixed(1)} minutes`);
    write({
      date,
      quick,
      minutes,
      machine,
      versions: describeVersions(),
      measurements,
      ...(closer && { closer }),
    });
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** What was measured before. */
function resultsBefore(): Results {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'results.json'), 'utf8')) as Results;
}

/** In a process of its own, so that no measurement inherits another's heap. */
function measure(name: string): Measurement {
  const began = performance.now();
  process.stderr.write(`${name} `);
  const file = join(folder, `${name}.json`);
  const program = join(import.meta.dirname, `${name}.ts`);
  const { status } = spawnSync(
    process.execPath,
    [program, `--json=${file}`, ...(quick ? ['--quick'] : []), ...secondsArgument],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  if (status !== 0) throw new Error(`${name} failed`);
  process.stderr.write(` ${((performance.now() - began) / 1000).toFixed(0)} s\n`);
  return JSON.parse(readFileSync(file, 'utf8')) as Measurement;
}

function write(measured: Results): void {
  const documents = [join(import.meta.dirname, 'RESULTS.md'), join(root, 'docs', 'performance.md')];
  const target = (file: string): string => {
    if (!quick) return file;
    const cache = join(import.meta.dirname, 'node_modules', '.cache', 'bench');
    mkdirSync(cache, { recursive: true });
    return join(cache, basename(file));
  };
  const json = target(join(import.meta.dirname, 'results.json'));
  const text = JSON.stringify(measured, (_key, value: unknown) => rounded(value), 2);
  writeFileSync(json, text);
  // The documents show what the file holds, to the last digit.
  const results = JSON.parse(text) as Results;
  for (const file of documents) writeFileSync(target(file), filled(file, results));
  const written = [json, ...documents.map(target)];
  if (!quick)
    spawnSync(join(root, 'node_modules', '.bin', 'oxfmt'), written, { cwd: root, stdio: 'inherit' });
  console.log(`written: ${written.join(', ')}`);
}

/** More digits than a figure has say nothing. */
function rounded(value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
}
