// Runs the cases of global.test.ts in the Node that it is started with, and prints what became of each.
import { globalCases } from './global-cases.ts';

/** So that a case that never ends is known by its name. */
async function bounded(run: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((_, reject) => {
    timer = setTimeout(reject, 10_000, new Error('it never ended'));
  });
  try {
    await Promise.race([run(), late]);
  } finally {
    clearTimeout(timer);
  }
}

const results: Record<string, string> = {};
for (const [name, run] of Object.entries(globalCases)) {
  try {
    await bounded(run);
    results[name] = 'holds';
  } catch (error) {
    results[name] = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}
console.log(JSON.stringify(results));
