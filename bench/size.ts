// How large the bundles are, of Tenax and of its peers, each as its documentation imports it.
import { bundleSize, gzippedSize, tenaxBundles } from '../scripts/bundle-size.ts';
import type { BundleOptions } from '../scripts/bundle-size.ts';
import { bundleTexts } from './bundle-texts.ts';
import { exact } from './figures.ts';
import type { Row } from './measurement.ts';
import { publish } from './publish.ts';

const GOALS: Readonly<Record<keyof typeof tenaxBundles, number>> = {
  'engine, without zod and guards': 3_500,
  'engine, all guards, without zod': 7_000,
  'fetch adapter, complete': 16_000,
};

const PEERS: Readonly<Record<string, { code: string; options?: BundleOptions }>> = {
  'p-retry': { code: "export { default } from 'p-retry'" },
  'cockatiel, retry alone': { code: "export { ExponentialBackoff, handleAll, retry } from 'cockatiel'" },
  'cockatiel, retry, breaker, timeout, bulkhead': {
    code: "export { bulkhead, circuitBreaker, ExponentialBackoff, handleAll, retry, SamplingBreaker, timeout, wrap } from 'cockatiel'",
  },
  '@smithy/util-retry': { code: "export { StandardRetryStrategy } from '@smithy/util-retry'" },
  opossum: { code: "export { default } from 'opossum'", options: { platform: 'node' } },
  'async-retry': { code: "export { default } from 'async-retry'" },
  'exponential-backoff': { code: "export { backOff } from 'exponential-backoff'" },
  effect: {
    code: "import { Effect, Schedule } from 'effect'; export const { retry, runPromise, timeout, tryPromise } = Effect; export const { exponential } = Schedule",
  },
  'fetch-retry': { code: "export { default } from 'fetch-retry'" },
  ky: { code: "export { default } from 'ky'" },
  ofetch: { code: "export { ofetch } from 'ofetch'" },
  'wretch with its retry middleware': {
    code: "export { default } from 'wretch'; export { retry } from 'wretch/middlewares'",
  },
};

const GUARDS = tenaxBundles['engine, without zod and guards'].options;
/** What the engine is made of, each bundled alone from its sources: what two of them use counts in both. */
const PARTS: Readonly<Record<string, { files: readonly string[]; options?: BundleOptions }>> = {
  'classes of failures, hints of servers': { files: ['http/classify', 'http/hint'] },
  'the decision: with these, backoff and records': { files: ['operation'] },
  'options and their checks': { files: ['policy'], options: GUARDS },
  'aggregate statistics': { files: ['statistics/aggregate'] },
  'error classes': { files: ['errors'] },
};

/** Programs of `minimal/` that do the least of what a bundle does. */
const MINIMAL: Readonly<Record<keyof typeof tenaxBundles, string>> = {
  'engine, without zod and guards': "export * from './minimal/retries.ts'",
  'engine, all guards, without zod':
    "export * from './minimal/retries.ts'; export * from './minimal/guards.ts'",
  'fetch adapter, complete': "export * from './minimal/fetch.ts'",
};

const bundles = await Promise.all(
  Object.entries(tenaxBundles).map(async ([name, { code, options }]) => ({
    name,
    goal: GOALS[name as keyof typeof tenaxBundles],
    ...(await bundleSize(code, options)),
  })),
);
const own = bundles.map(({ goal, gzipped, minified, name }): Row => {
  const cells = [exact(minified), exact(gzipped), exact(goal), gzipped <= goal ? 'yes' : 'no'];
  return { name: `Tenax: ${name}`, role: 'tenax', cells };
});
const least = await Promise.all(
  bundles.map(async ({ code, goal, gzipped, name }): Promise<Row> => {
    const texts = bundleTexts(code);
    const minimal = await bundleSize(MINIMAL[name as keyof typeof tenaxBundles], { folder: 'bench' });
    const together = gzippedSize(minimal.code + texts);
    const cells = [minimal.gzipped, gzippedSize(texts), together, goal, gzipped].map(exact);
    return { name, role: 'tenax', cells };
  }),
);
const others = await Promise.all(
  Object.entries(PEERS).map(async ([name, { code, options }]): Promise<Row> => {
    const { gzipped, minified } = await bundleSize(code, { folder: 'bench', ...options });
    return { name, role: 'peer', cells: [exact(minified), exact(gzipped), undefined, undefined] };
  }),
);
const parts = await Promise.all(
  Object.entries(PARTS).map(async ([name, { files, options = {} }]): Promise<Row> => {
    const code = files.map((file) => `export * from './src/${file}.ts';`).join('');
    const { gzipped, minified } = await bundleSize(code, {
      external: ['zod'],
      folder: 'packages/core',
      ...options,
    });
    return { name, role: 'tenax', cells: [exact(minified), exact(gzipped)] };
  }),
);

publish({
  name: 'size',
  title: 'Bundle size',
  method: [
    'Bundled by esbuild from what an application would import, tree-shaken and minified, then gzipped at level 9.',
    "Tenax' engine cannot leave its guards out, so the first row is its bundle with their files made empty. zod is the part of zod/mini that the options need.",
    'The last table is what no bundle can go below: the programs of `bench/minimal/`, which do the least of what DESIGN names, handle no edge case, check nothing but what zod checks for fetch, and explain nothing; the texts and patterns of Tenax (codes of errors, names of options, messages), each once, without any code; and both in one.',
    "The modules of Node that opossum needs are not in its figure; the others need none. @smithy/util-retry has no loop of its own. `node scripts/check-size.ts --files` lists the largest files of Tenax' bundles.",
  ],
  tables: [
    {
      title: 'bundle',
      columns: [
        { name: 'minified', unit: 'B', digits: 0 },
        { name: 'gzipped', unit: 'B', digits: 0, better: 'lower' },
        { name: 'goal', unit: 'B', digits: 0 },
        { name: 'met', digits: 0 },
      ],
      rows: [...own, ...others],
    },
    {
      title: 'part of the engine, alone',
      columns: [
        { name: 'minified', unit: 'B', digits: 0 },
        { name: 'gzipped', unit: 'B', digits: 0 },
      ],
      rows: parts,
    },
    {
      title: 'the least, gzipped',
      columns: [
        { name: 'minimal program', unit: 'B', digits: 0 },
        { name: 'what Tenax says', unit: 'B', digits: 0 },
        { name: 'both', unit: 'B', digits: 0 },
        { name: 'goal', unit: 'B', digits: 0 },
        { name: 'Tenax', unit: 'B', digits: 0 },
      ],
      rows: least,
    },
  ],
});
