import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { describe, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('servers/load-program.ts', import.meta.url));

interface Report {
  readonly operations: number;
  readonly attempts: number;
  readonly unhandled: number;
  readonly resources: string[];
  readonly sockets: number;
  readonly listeners: number;
  readonly growth: number;
}

describe('10,000 requests, 100 at a time, against a server that fails 40 % of them', () => {
  // In a process of its own, to look at its whole heap and at what keeps it alive.
  const run = (): Promise<{ stdout: string }> =>
    promisify(execFile)(process.execPath, ['--expose-gc', PROGRAM]);

  it('leave nothing behind: no rejection, timer, listener or socket, and a flat heap', async () => {
    const report = JSON.parse((await run()).stdout) as Report;
    expect(report.operations).toBe(10_000);
    expect(report.attempts).toBeGreaterThan(14_000);
    expect(report).toMatchObject({ unhandled: 0, sockets: 0 });
    expect(report.resources.filter((name) => name === 'Timeout' || name === 'TCPSocketWrap')).toEqual([]);
    expect(report.listeners).toBe(0);
    // The second half of the requests leaves no more behind than noise.
    expect(report.growth).toBeLessThan(3_000_000);
  }, 60_000);
});
