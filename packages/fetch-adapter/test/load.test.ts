import { describe, expect, it } from 'vitest';

import { expectNothingLeft, reportOf } from '../../core/test/load/load-report.ts';

const PROGRAM = new URL('servers/load-program.ts', import.meta.url);

describe('10,000 requests, 100 at a time, against a server that fails 60 % of them', () => {
  it('leave nothing behind: no rejection, timer, listener or socket, and a flat heap', async () => {
    const report = await reportOf(PROGRAM);
    expectNothingLeft(report);
    expect(report.operations).toBe(10_000);
    expect(report.attempts).toBeGreaterThan(18_000);
    expect(report.listeners).toBeLessThanOrEqual(1);
  }, 120_000);
});
