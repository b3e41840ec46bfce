import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect } from 'vitest';

import type { LoadReport } from './run-load.ts';

/** Runs a program that prints a report: in a process of its own, to look at its whole heap and at what keeps it alive. */
export async function reportOf<Report extends LoadReport>(
  program: URL,
  ...args: readonly string[]
): Promise<Report> {
  const flags = ['--expose-gc', fileURLToPath(program), ...args];
  const { stdout } = await promisify(execFile)(process.execPath, flags);
  return JSON.parse(stdout) as Report;
}

/** No rejection, timer or socket is left of the requests, nor anything in the heap. */
export function expectNothingLeft(report: LoadReport): void {
  expect(report).toMatchObject({ unhandled: 0, sockets: 0 });
  expect(report.resources.filter((name) => name === 'Timeout' || name === 'TCPSocketWrap')).toEqual([]);
  // The second half of the requests leaves no more behind than noise.
  expect(report.growth).toBeLessThan(3_000_000);
}
