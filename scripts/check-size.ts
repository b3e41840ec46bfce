// Fails when a bundle of Tenax is larger than its budget, and says which files are the largest. With --files it lists
// them in any case.
import { bundleSize, tenaxBundles } from './bundle-size.ts';

/**
 * Bytes, minified and gzipped. The goals are 3,500, 7,000 and 16,000; until they are reached, a budget is what the bundle
 * weighs today, rounded up, so that it does not grow unseen. Lower it with every gain.
 */
const BUDGETS: Readonly<Record<keyof typeof tenaxBundles, number>> = {
  'engine, without zod and guards': 22_130,
  'engine, all guards, without zod': 29_950,
  'fetch adapter, complete': 41_160,
};
const LARGEST = 20;

for (const [name, { code, options }] of Object.entries(tenaxBundles)) {
  const budget = BUDGETS[name as keyof typeof tenaxBundles];
  const { files, gzipped, minified } = await bundleSize(code, options);
  const isOver = gzipped > budget;
  console.log(
    `${isOver ? '✗' : '✓'} ${name}: ${bytes(gzipped)} gzipped of at most ${bytes(budget)}, ${bytes(minified)} minified`,
  );
  if (isOver || process.argv.includes('--files')) {
    for (const [file, size] of files.slice(0, LARGEST))
      console.log(`    ${bytes(size).padStart(8)}  ${file}`);
  }
  if (isOver) process.exitCode = 1;
}

function bytes(count: number): string {
  return `${count.toLocaleString('en')} B`;
}
