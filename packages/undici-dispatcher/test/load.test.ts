import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import * as undici from 'undici';
import { describe, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('servers/load-program.ts', import.meta.url));

interface Report {
  readonly answers: { readonly right: number; readonly wrong: number; readonly failed: number };
  readonly attempts: number;
  readonly unhandled: number;
  readonly resources: string[];
  readonly sockets: number;
  readonly listeners: number;
  readonly growth: number;
}

// A process of its own takes the undici that the package has installed, which is 8.
describe.skipIf(!('Dispatcher1Wrapper' in undici))(
  '10,000 requests, 100 at a time, against a server that fails 40 % of them',
  () => {
    // In a process of its own, to look at its whole heap and at what keeps it alive.
    const run = async (client: string): Promise<Report> => {
      const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', PROGRAM, client]);
      return JSON.parse(stdout) as Report;
    };

    it.each(['request', 'fetch'])(
      'leave nothing behind through %s: no rejection, timer, listener or socket, and a flat heap',
      async (client) => {
        const report = await run(client);
        const { failed, right, wrong } = report.answers;
        expect(right + failed).toBe(10_000);
        expect(wrong).toBe(0);
        // Three attempts that fail four times out of ten.
        expect(right).toBeGreaterThan(9_000);
        expect(report.attempts).toBeGreaterThan(14_000);
        expect(report).toMatchObject({ unhandled: 0, sockets: 0, listeners: 0 });
        expect(report.resources.filter((name) => name === 'Timeout' || name === 'TCPSocketWrap')).toEqual([]);
        // The second half of the requests leaves no more behind than noise.
        expect(report.growth).toBeLessThan(3_000_000);
      },
      120_000,
    );
  },
);
