// A runtime that runs a smoke suite, and the lines that say how it went.
import { execFileSync } from 'node:child_process';

import { type Place, type Result } from './cases.js';

export interface Runtime {
  readonly name: string;
  readonly version: () => string;
  readonly run: (place: Place) => Promise<Result[]>;
}

/** Prints the runtime's line, and what failed or was skipped; gives the number of failures. */
export async function report({ name, version, run }: Runtime, place: Place): Promise<number> {
  let results: Result[];
  try {
    results = await run(place);
  } catch (error) {
    results = [
      { name: 'start', outcome: 'failed', detail: error instanceof Error ? error.message : String(error) },
    ];
  }
  const count = (outcome: Result['outcome']): number =>
    results.filter((result) => result.outcome === outcome).length;
  const counts = `${count('passed')} passed, ${count('failed')} failed`;
  console.log(`${count('failed') === 0 ? '✓' : '✗'} ${name} (${version()}): ${counts}`);
  for (const { name: title, outcome, detail } of results) {
    if (outcome !== 'passed') console.log(`    ${outcome}: ${title}: ${detail ?? ''}`);
  }
  return count('failed');
}

/** The version that a program names when it is asked for it. */
export function versionOf(command: string): string {
  const text = execFileSync(command, ['--version'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return /\d[\d.-]*\d/u.exec(text)?.[0] ?? text.trim();
}
