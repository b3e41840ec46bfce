// The layer rules refuse what they must: each case is a small tree of files, cruised with the project's own rules.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { cruise, type ICruiseResult } from 'dependency-cruiser';
import { describe, expect, test } from 'vitest';

import config from '../../.dependency-cruiser.mjs';

/** The names of the rules that a tree of files breaks. */
async function broken(files: Readonly<Record<string, string>>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tenax-layers-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const ruleSet = { forbidden: config.forbidden ?? [] };
    const { output } = await cruise(['packages'], {
      ...config.options,
      ruleSet,
      validate: true,
      baseDir: folder,
    });
    const { violations } = (output as ICruiseResult).summary;
    return [...new Set(violations.map(({ rule }) => rule.name))].toSorted();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const core = (files: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([path, text]) => [`packages/core/src/${path}`, text]));

const value = 'export const value: number = 1;\n';

describe('inside core', () => {
  test('imports downwards and on the same floor are allowed', async () => {
    expect(
      await broken(
        core({
          'clock.ts': value,
          'outcome.ts': `export { value } from './clock.ts';\n`,
          'http/classify.ts': `export { value } from '../outcome.ts';\n`,
          'options.ts': `export { value } from './http/classify.ts';\n`,
          'operation.ts': `export { value } from './options.ts';\n`,
          'engine.ts': `export { value } from './operation.ts';\n`,
          'index.ts': `export { value } from './engine.ts';\n`,
        }),
      ),
    ).toEqual([]);
  });

  test.each([
    ['clock.ts', 'options.ts', 'core-words-imports-upwards'],
    ['clock.ts', 'engine.ts', 'core-words-imports-upwards'],
    ['backoff/fixed.ts', 'operation.ts', 'core-policy-imports-upwards'],
    ['statistics/aggregate.ts', 'engine.ts', 'core-policy-imports-upwards'],
    ['operation.ts', 'retry.ts', 'core-decision-imports-upwards'],
    ['engine.ts', 'index.ts', 'core-driver-imports-upwards'],
    ['engine.ts', 'testing/index.ts', 'core-driver-imports-upwards'],
  ])('%s may not import %s', async (from, to, rule) => {
    const path = from.includes('/') ? `../${to}` : `./${to}`;
    expect(await broken(core({ [from]: `export { value } from '${path}';\n`, [to]: value }))).toEqual([rule]);
  });

  test('a type counts as an import', async () => {
    const files = {
      'clock.ts': `import type { value } from './engine.ts';\nexport type Value = typeof value;\n`,
      'engine.ts': value,
    };
    expect(await broken(core(files))).toEqual(['core-words-imports-upwards']);
  });

  test('a circle is refused', async () => {
    const files = {
      'clock.ts': `import './events.ts';\n${value}`,
      'events.ts': `import type { value } from './clock.ts';\nexport type Value = typeof value;\n`,
    };
    expect(await broken(core(files))).toEqual(['no-circle']);
  });

  test('a file without a floor is refused, whether it imports, is imported, or stands alone', async () => {
    expect(
      await broken(core({ 'clock.ts': value, 'utils.ts': `export { value } from './clock.ts';\n` })),
    ).toEqual(['core-no-floor']);
    expect(
      await broken(core({ 'clock.ts': `export { value } from './utils.ts';\n`, 'utils.ts': value })),
    ).toContain('core-no-floor-imported');
    expect(await broken(core({ 'utils.ts': value }))).toEqual(['core-no-floor-alone']);
  });

  test('testing copies no state into its bundle', async () => {
    const files = { 'clock.ts': value, 'errors.ts': value };
    expect(
      await broken(core({ ...files, 'testing/index.ts': `export { value } from '../clock.ts';\n` })),
    ).toEqual([]);
    expect(
      await broken(core({ ...files, 'testing/index.ts': `export { value } from '../errors.ts';\n` })),
    ).toEqual(['core-testing-copies-state']);
    expect(
      await broken(core({ ...files, 'testing/index.ts': `export type { Value } from '../errors.ts';\n` })),
    ).toEqual([]);
  });

  test('only zod comes from outside', async () => {
    expect(await broken(core({ 'clock.ts': `import 'node:fs';\n${value}` }))).toEqual([
      'core-imports-zod-only',
    ]);
  });

  test('an import that leads nowhere is refused', async () => {
    expect(await broken(core({ 'clock.ts': `export { value } from './events.ts';\n` }))).toContain(
      'not-found',
    );
  });
});

describe('an adapter', () => {
  const built = { 'packages/core/dist/index.js': value, ...core({ 'clock.ts': value }) };

  test('may import its own files and the built core', async () => {
    expect(
      await broken({
        ...built,
        'packages/fetch-adapter/src/index.ts': `export * from './body.ts';\nexport * from '../../core/dist/index.js';\n`,
        'packages/fetch-adapter/src/body.ts': value,
      }),
    ).toEqual([]);
  });

  test.each([
    ['fetch-adapter', '../../axios-adapter/src/index.ts'],
    ['fetch-adapter', '../../core/src/clock.ts'],
    ['axios-adapter', '../../fetch-adapter/src/index.ts'],
    ['undici-dispatcher', '../../core/src/clock.ts'],
    ['opentelemetry', '../../core/src/clock.ts'],
    ['opentelemetry', '../../fetch-adapter/src/index.ts'],
  ])('%s may not import %s', async (adapter, path) => {
    const files: Record<string, string> = {
      ...built,
      'packages/axios-adapter/src/index.ts': value,
      'packages/fetch-adapter/src/index.ts': value,
    };
    files[`packages/${adapter}/src/index.ts`] = `export { value } from '${path}';\n`;
    expect(await broken(files)).toEqual([`${adapter}-imports`]);
  });
});
