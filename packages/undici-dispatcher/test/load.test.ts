import * as undici from 'undici';
import { describe, expect, it } from 'vitest';

import { expectNothingLeft, reportOf } from '../../core/test/load/load-report.ts';
import type { LoadReport } from '../../core/test/load/run-load.ts';

const PROGRAM = new URL('servers/load-program.ts', import.meta.url);

interface Report extends LoadReport {
  readonly answers: { readonly right: number; readonly wrong: number; readonly failed: number };
}

// A process of its own takes the undici that the package has installed, which is 8.
describe.skipIf(!('Dispatcher1Wrapper' in undici))(
  '10,000 requests, 100 at a time, against a server that fails 40 % of them',
  () => {
    it.each(['request', 'fetch'])(
      'leave nothing behind through %s: no rejection, timer, listener or socket, and a flat heap',
      async (client) => {
        const report = await reportOf<Report>(PROGRAM, client);
        expectNothingLeft(report);
        const { failed, right, wrong } = report.answers;
        expect(right + failed).toBe(10_000);
        expect(wrong).toBe(0);
        // Three attempts that fail four times out of ten.
        expect(right).toBeGreaterThan(9_000);
        expect(report.attempts).toBeGreaterThan(14_000);
        expect(report.listeners).toBe(0);
      },
      120_000,
    );
  },
);
