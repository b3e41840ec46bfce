// What a figure depends on besides the code: the machine, and the versions of what is measured.
import { readFileSync } from 'node:fs';
import { arch, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memory: string;
  readonly system: string;
  readonly node: string;
  readonly v8: string;
}

export function describeMachine(): Machine {
  const all = cpus();
  return {
    processor: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    system: `${type()} ${release()} ${arch()}`,
    node: process.versions.node,
    v8: process.versions.v8,
  };
}

/** The versions of everything that is measured, as they are installed. */
export function describeVersions(): Readonly<Record<string, string>> {
  const manifest = readManifest('package.json');
  const names = Object.keys(manifest.dependencies ?? {}).filter((name) => !name.startsWith('@types/'));
  const versions = names.map(
    (name) => [name, readManifest(join('node_modules', name, 'package.json')).version] as const,
  );
  return Object.fromEntries([...versions, ['zod', zodVersion()]]);
}

function zodVersion(): string {
  return readManifest(join('..', 'packages', 'core', 'node_modules', 'zod', 'package.json')).version;
}

function readManifest(file: string): { version: string; dependencies?: Readonly<Record<string, string>> } {
  return JSON.parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as ReturnType<typeof readManifest>;
}
