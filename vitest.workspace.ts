// The test projects, one a package. Packages are tested from their sources, not from `dist`.
import { fileURLToPath } from 'node:url';

import { transform } from 'esbuild';
import { defineConfig, type Plugin } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(`packages/${path}`, import.meta.url));

const alias = [
  { find: /^@tenax\/core\/testing$/u, replacement: source('core/src/testing/index.ts') },
  { find: /^@tenax\/core$/u, replacement: source('core/src/index.ts') },
  { find: /^@tenax\/fetch-adapter$/u, replacement: source('fetch-adapter/src/index.ts') },
  { find: /^@tenax\/axios-adapter$/u, replacement: source('axios-adapter/src/index.ts') },
  { find: /^@tenax\/undici-dispatcher$/u, replacement: source('undici-dispatcher/src/index.ts') },
  { find: /^@tenax\/opentelemetry$/u, replacement: source('opentelemetry/src/index.ts') },
];

/** Vite's own compiler leaves standard decorators as they stand, and no Node knows them yet. */
const decorators: Plugin = {
  name: 'decorators',
  enforce: 'pre',
  async transform(code, id) {
    if (!id.endsWith('.ts') || !/^\s*@[a-z]/imu.test(code.replaceAll(/\/\*[^]*?\*\//gu, '')))
      return undefined;
    const { code: lowered, map } = await transform(code, {
      loader: 'ts',
      target: 'es2023',
      sourcefile: id,
      sourcemap: 'external',
    });
    return { code: lowered, map };
  },
};

const project = (name: string, root: string) => ({
  root,
  plugins: [decorators],
  resolve: { alias },
  // A test that hangs fails; one that starts processes on a busy machine does not.
  test: { name, include: ['test/**/*.test.ts'], environment: 'node', testTimeout: 20_000 },
});

/** The same tests, and the package itself, on another version of its client. */
const onVersion = (name: string, folder: string, client: string, version: string, exclude: string[] = []) => {
  const { test, ...rest } = project(name, `packages/${folder}`);
  const replacement = source(`${folder}/node_modules/${version}/index.js`);
  return {
    ...rest,
    resolve: { alias: [...alias, { find: new RegExp(`^${client}$`, 'u'), replacement }] },
    test: { ...test, exclude },
  };
};

export default defineConfig({
  test: {
    projects: [
      project('core', 'packages/core'),
      project('fetch-adapter', 'packages/fetch-adapter'),
      project('axios-adapter', 'packages/axios-adapter'),
      onVersion('axios-adapter-oldest', 'axios-adapter', 'axios', 'axios-oldest', [
        'test/coming-from-axios-retry*.test.ts',
      ]),
      project('undici-dispatcher', 'packages/undici-dispatcher'),
      onVersion('undici-dispatcher-7', 'undici-dispatcher', 'undici', 'undici-7'),
      onVersion('undici-dispatcher-oldest', 'undici-dispatcher', 'undici', 'undici-oldest'),
      project('opentelemetry', 'packages/opentelemetry'),
      project('scripts', 'scripts'),
      project('examples', 'examples'),
      project('experiments', 'bench/experiments'),
    ],
    coverage: {
      provider: 'v8',
      include: ['**/src/**/*.ts'],
      reporter: ['text-summary'],
      thresholds: { lines: 95, functions: 95, statements: 95, branches: 90 },
    },
  },
});
