// How large a bundle is, minified and gzipped, and what in it is how large.
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';
import type { Plugin } from 'esbuild';

const root = join(import.meta.dirname, '..');

export interface BundleOptions {
  /** The folder from whose dependencies the entry is resolved. @default packages/fetch-adapter */
  readonly folder?: string;
  /** Packages that are left out, with everything that they import. */
  readonly external?: readonly string[];
  /** Files of ours that are replaced by nothing. */
  readonly without?: RegExp;
  /** @default 'browser' */
  readonly platform?: 'browser' | 'node';
}

/**
 * Tenax as users bundle it. The engine imports its guards by name, so nobody can leave them out yet: "without guards" is
 * the bundle with their files empty, which tells what the rest weighs. The sum of `files` would not tell that, because
 * gzip finds in one file what it has seen in another.
 */
export const tenaxBundles = {
  'engine, without zod and guards': {
    code: "export { createRetryEngine } from '@tenax/core'",
    options: {
      external: ['zod'],
      without: /core\/src\/(?:guards\/|operation-guards|hedge|options\/guards-schema)/u,
    },
  },
  'engine, all guards, without zod': {
    code: "export { createRetryEngine } from '@tenax/core'",
    options: { external: ['zod'] },
  },
  'fetch adapter, complete': {
    code: "export { createRetryingFetch } from '@tenax/fetch-adapter'",
    options: {},
  },
} as const satisfies Readonly<Record<string, { code: string; options: BundleOptions }>>;

export interface BundleSize {
  readonly minified: number;
  readonly gzipped: number;
  /** What is measured. */
  readonly code: string;
  /** Minified bytes of each file, the largest first. */
  readonly files: readonly (readonly [file: string, bytes: number])[];
}

/** The size of a bundle of `code`, tree-shaken. Packages of ours are taken from their sources. */
export async function bundleSize(code: string, options: BundleOptions = {}): Promise<BundleSize> {
  const { external = [], folder = 'packages/fetch-adapter', platform = 'browser', without } = options;
  const { metafile, outputFiles } = await build({
    stdin: { contents: code, resolveDir: join(root, folder), loader: 'ts' },
    alias: {
      '@tenax/core': join(root, 'packages/core/src/index.ts'),
      '@tenax/fetch-adapter': join(root, 'packages/fetch-adapter/src/index.ts'),
    },
    plugins: without ? [emptied(without)] : [],
    external: [...external],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    target: 'es2023',
    platform,
    mainFields: ['module', 'main'],
    // A file that is empty exports nothing, which is what is wanted here.
    logLevel: 'error',
  });
  const contents = (outputFiles[0] as { contents: Uint8Array }).contents;
  const [output] = Object.values(metafile.outputs);
  const files = Object.entries(output?.inputs ?? {})
    .map(([file, { bytesInOutput }]) => [relative(root, join(process.cwd(), file)), bytesInOutput] as const)
    .toSorted(([, left], [, right]) => right - left);
  return {
    code: Buffer.from(contents).toString(),
    minified: contents.byteLength,
    gzipped: gzippedSize(contents),
    files,
  };
}

/** Bytes, as a server sends them that takes its time. */
export function gzippedSize(contents: string | Uint8Array): number {
  return gzipSync(contents, { level: 9 }).byteLength;
}

/** Files whose path matches become empty. */
function emptied(pattern: RegExp): Plugin {
  return {
    name: 'emptied',
    setup(bundle) {
      // esbuild itself knows the regular expressions of Go only.
      bundle.onLoad({ filter: /[.]ts$/ }, ({ path }) =>
        pattern.test(path) ? { contents: '', loader: 'empty' } : undefined,
      );
    },
  };
}
