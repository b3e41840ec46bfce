// What an import costs, and what an adapter loads of the clients. Each import has a process of its own.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { build } from 'esbuild';

import { bundleOptions } from '../scripts/package-bundle.ts';
import { estimate, exact, median } from './figures.ts';
import type { Figure } from './figures.ts';
import { roleOf } from './measurement.ts';
import type { Row } from './measurement.ts';
import { publish } from './publish.ts';
import { quick } from './settings.ts';

const SETS = quick ? 1 : 5;
const ROUNDS = quick ? 1 : 4;
const BARE = 'an empty module';
const CORE = 'Tenax, @tenax/core';
const CORE_WITHOUT_ZOD = 'Tenax, @tenax/core without zod';
/** ms that core adds. */
const GOAL = 8;

/** Prints the ms of an import. The import itself is compiled before. */
const TIMED = `
const target = process.argv[1];
const start = performance.now();
await import(target);
console.log(performance.now() - start);
`;

/** Prints what an import loaded: ES modules, CommonJS modules, and Node's own copy of undici. */
const LISTED = `
import { registerHooks } from 'node:module';
const urls = new Set();
const isBuiltInLoaded = () => process.moduleLoadList.some((name) => name.includes('deps/undici'));
const before = isBuiltInLoaded();
registerHooks({ load(url, context, next) { urls.add(url); return next(url, context); } });
await import(process.argv[1]);
const builtIn = !before && isBuiltInLoaded();
console.log(JSON.stringify({ urls: [...urls], builtIn }));
`;

interface Listing {
  readonly urls: readonly string[];
  readonly builtIn: boolean;
}

interface Target {
  readonly specifier: string;
  /** From where it is resolved. @default bench */
  readonly folder?: string;
}

const folder = mkdtempSync(join(tmpdir(), 'tenax-import-'));
const empty = join(folder, 'empty.mjs');
writeFileSync(empty, '');

const targets: Readonly<Record<string, Target>> = {
  [BARE]: { specifier: pathToFileURL(empty).href },
  [`${BARE} again`]: { specifier: pathToFileURL(empty).href },
  [CORE]: { specifier: '@tenax/core' },
  [CORE_WITHOUT_ZOD]: { specifier: '@tenax/core', folder },
  'Tenax, @tenax/fetch-adapter': { specifier: '@tenax/fetch-adapter' },
  'p-retry': { specifier: 'p-retry' },
  cockatiel: { specifier: 'cockatiel' },
  '@smithy/util-retry': { specifier: '@smithy/util-retry' },
  opossum: { specifier: 'opossum' },
  effect: { specifier: 'effect' },
  ky: { specifier: 'ky' },
};
const listed = {
  [CORE]: '@tenax/core',
  'Tenax, @tenax/fetch-adapter': '@tenax/fetch-adapter',
  'Tenax, @tenax/axios-adapter': '@tenax/axios-adapter',
  'axios itself': 'axios',
  'Tenax, @tenax/undici-dispatcher': '@tenax/undici-dispatcher',
  'undici itself': 'undici',
};

try {
  await bundleWithoutZod(join(folder, 'node_modules', '@tenax', 'core'));
  const sets = Array.from({ length: SETS }, (_, set) => measureSet(set));
  const figure = (name: string, relate: (own: number, base: number) => number, base = BARE): Figure =>
    estimate(
      sets.map((times) => {
        const other = times.get(base) ?? [];
        const own = times.get(name) ?? [];
        return median(own.map((time, round) => relate(time, other[round] as number)));
      }),
    );
  const ofZod: Row = {
    name: 'Tenax, of this zod',
    role: 'tenax',
    cells: [undefined, undefined, figure(CORE, (own, without) => own - without, CORE_WITHOUT_ZOD)],
  };
  publish({
    name: 'import-cost',
    title: 'Import cost',
    method: [
      'ms from `await import(…)` to its end, in a new process of Node each time, with the files in the cache of the operating system. Tenax is the compiled package.',
      "The part of zod, of which core contains what it uses, is what the import takes longer than that of the same bundle without zod. The schemas are made when the first options are checked, which is not in these figures. An adapter loads its own client, which an application that uses it has loaded before, and never another's. Node's own undici is what the first call of the built-in fetch loads.",
    ],
    tables: [
      {
        title: 'import',
        sets: SETS,
        columns: [
          { name: 'import', unit: 'ms', digits: 1 },
          { name: 'ratio to an empty module', digits: 1 },
          { name: 'added', unit: 'ms', digits: 1, better: 'lower', goal: GOAL },
        ],
        rows: Object.keys(targets).map((name): Row => {
          if (name === CORE_WITHOUT_ZOD) return ofZod;
          const cells = [
            figure(name, (own) => own),
            ...(name === BARE
              ? [undefined, undefined]
              : [figure(name, (own, bare) => own / bare), figure(name, (own, bare) => own - bare)]),
          ];
          return { name, role: roleOf(name, BARE), cells };
        }),
      },
      {
        title: 'what an import loads',
        columns: ['modules', 'zod', 'axios', 'undici', "Node's own undici"].map((name) => ({
          name,
          digits: 0,
        })),
        rows: Object.entries(listed).map(([name, specifier]) => {
          const { builtIn, urls } = run(LISTED, { specifier }) as Listing;
          const isLoaded = (module: string): string =>
            yes(urls.some((url) => url.includes(`/node_modules/${module}/`)));
          const cells = [
            exact(urls.length),
            isLoaded('zod'),
            isLoaded('axios'),
            isLoaded('undici'),
            yes(builtIn),
          ];
          return { name, role: roleOf(name, BARE), cells };
        }),
      },
    ],
  });
} finally {
  rmSync(folder, { recursive: true });
}

/** Core as it is published, with nothing in the place of zod: no import needs it, only a check of options does. */
async function bundleWithoutZod(home: string): Promise<void> {
  const core = join(import.meta.dirname, '..', 'packages', 'core');
  const options = bundleOptions(core);
  await build({ ...options, outdir: join(home, 'dist'), alias: { 'zod/mini': empty }, logLevel: 'error' });
  copyFileSync(join(core, 'package.json'), join(home, 'package.json'));
}

function measureSet(set: number): Map<string, number[]> {
  const times = new Map<string, number[]>(Object.keys(targets).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    const names = Object.keys(targets);
    const shift = (set * ROUNDS + round) % names.length;
    for (const name of [...names.slice(shift), ...names.slice(0, shift)]) {
      times.get(name)?.push(run(TIMED, targets[name] as Target) as number);
    }
  }
  return times;
}

function run(program: string, { folder: from = '.', specifier }: Target): unknown {
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program, specifier], {
    cwd: resolve(import.meta.dirname, from),
    encoding: 'utf8',
  });
  return JSON.parse(output);
}

function yes(is: boolean): string {
  return is ? 'yes' : 'no';
}
