// How the JavaScript of a package becomes a bundle: what goes in, and what stays an import.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { BuildOptions } from 'esbuild';

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/**
 * What esbuild needs to know to bundle what the package in `home` exports. Its dependencies stay imports; of a
 * devDependency, what is used becomes a part of the bundle.
 */
export function bundleOptions(home: string): BuildOptions {
  const { dependencies, exports, peerDependencies } = JSON.parse(
    readFileSync(join(home, 'package.json'), 'utf8'),
  ) as Manifest;
  return {
    absWorkingDir: home,
    entryPoints: entryPoints(exports),
    outbase: 'src',
    outdir: 'dist',
    external: ['node:*', ...Object.keys({ ...dependencies, ...peerDependencies })],
    bundle: true,
    // Each entry by itself: to load a file that two of them share takes longer than what it holds.
    splitting: false,
    format: 'esm',
    platform: 'neutral',
    target: 'es2023',
    sourcemap: 'linked',
    logLevel: 'warning',
  };
}

/** `./dist/testing/index.js` is made of `src/testing/index.ts`. */
function entryPoints(exports: Manifest['exports']): string[] {
  return Object.values(exports).flatMap((target) => {
    const path = typeof target === 'string' ? target : target.default;
    return path.endsWith('.js') ? [path.replace('./dist/', 'src/').replace(/js$/u, 'ts')] : [];
  });
}
