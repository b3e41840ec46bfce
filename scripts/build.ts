// Builds the projects that are named, or all: declarations by the compiler, JavaScript as bundles. A bundle is imported
// several times faster than the many files of the sources. A type error does not keep the bundles from being written, so
// that the other checks have something to check.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { build } from 'esbuild';

import { bundleOptions } from './package-bundle.ts';

interface SourceMap {
  sources: string[];
  sourcesContent: (string | null)[];
}

const root = join(import.meta.dirname, '..');
const packages = readdirSync(join(root, 'packages'))
  .map((name) => `packages/${name}`)
  .filter((folder) => existsSync(join(root, folder, 'package.json')));
const projects = process.argv.slice(2);

const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const { status } = spawnSync(process.execPath, [compiler, '-b', ...projects], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
const chosen = projects.length > 0 ? packages.filter((folder) => projects.includes(folder)) : packages;
await Promise.all(chosen.map((folder) => bundle(join(root, folder))));

async function bundle(home: string): Promise<void> {
  const { outputFiles } = await build({ ...bundleOptions(home), write: false });
  for (const { path, text } of outputFiles) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, path.endsWith('.map') ? withShippedSources(text) : text);
  }
  removeOthers(join(home, 'dist'), new Set(outputFiles.map(({ path }) => path)));
}

/** Our sources are beside the bundle, in the package. Those of others are not, so the map itself holds them. */
function withShippedSources(text: string): string {
  const map = JSON.parse(text) as SourceMap;
  const { sources, sourcesContent } = map;
  map.sourcesContent = sourcesContent.map((content, index) =>
    sources[index]?.includes('/node_modules/') ? content : null,
  );
  map.sources = sources.map((source) => source.replace(/^.*\/node_modules\//u, 'node_modules/'));
  return JSON.stringify(map);
}

/** JavaScript of an earlier build that is no part of this one. What else is there belongs to the compiler. */
function removeOthers(folder: string, written: ReadonlySet<string>): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name);
    if (/[.]js(?:[.]map)?$/u.test(name) && !written.has(path)) rmSync(path);
  }
}
