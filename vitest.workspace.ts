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
  test: { name, include: ['test/**/*.test.ts'], environment: 'node' },
});

/** The same tests, and the package itself, on the oldest axios that it supports. */
const onOldestAxios = () => {
  const { test, ...rest } = project('axios-adapter-oldest', 'packages/axios-adapter');
  const oldest = source('axios-adapter/node_modules/axios-oldest/index.js');
  return {
    ...rest,
    resolve: { alias: [...alias, { find: /^axios$/u, replacement: oldest }] },
    test: { ...test, exclude: ['test/coming-from-axios-retry*.test.ts'] },
  };
};

export default defineConfig({
  test: {
    projects: [
      project('core', 'packages/core'),
      project('fetch-adapter', 'packages/fetch-adapter'),
      project('axios-adapter', 'packages/axios-adapter'),
      onOldestAxios(),
      project('scripts', 'scripts'),
      project('examples', 'examples'),
    ],
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      reporter: ['text-summary'],
      thresholds: { lines: 95, functions: 95, statements: 95, branches: 90 },
    },
  },
});
