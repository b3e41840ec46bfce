import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { expect, it } from 'vitest';

const index = new URL('../src/index.ts', import.meta.url).href;

it('an import leaves the fetch of Node alone, which takes longer to load than the package', async () => {
  // In a process of its own, where nobody else has loaded it. Node keeps the list for its own tests.
  const program = `await import(${JSON.stringify(index)});
    console.log(process.moduleLoadList.filter((name) => name.includes('deps/undici')).length);`;
  const flags = ['--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, flags);
  expect(stdout.trim()).toBe('0');
});
