import { join } from 'node:path';

import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

import { bundleOptions } from '../package-bundle.ts';

const core = join(import.meta.dirname, '..', '..', 'packages', 'core');

/** What is left of the published bundle of core in the bundle of a user. */
async function usersBundle(code: string): Promise<string> {
  const { outputFiles: published } = await build({ ...bundleOptions(core), sourcemap: false, write: false });
  const [index] = published.filter(({ path }) => path === join(core, 'dist', 'index.js'));
  const { outputFiles } = await build({
    stdin: { contents: `${index?.text}`.replace(/^export \{[^}]*\};/mu, code) },
    bundle: true,
    format: 'esm',
    target: 'es2023',
    write: false,
  });
  return String(outputFiles[0]?.text);
}

describe('what a user does not use of core is no part of their bundle', () => {
  it('the classes that only some adapters use', async () => {
    const bundle = await usersBundle('export { createRetryEngine };');
    const classes = ['LiveStatistics', 'ReplayableStream', 'PromisedExchange'];
    expect(classes.filter((name) => bundle.includes(name))).toEqual(['PromisedExchange']);
  });
});
