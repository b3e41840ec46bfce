import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';

import { OperationSums } from '../../src/statistics/operation-sums.ts';
import { lengthOfLastMinute, RecentSums } from '../../src/statistics/recent-sums.ts';

const succeedAt = (sums: RecentSums, ...times: number[]): void => {
  for (const time of times) {
    sums.attemptEnded(1, 5, undefined, time);
    sums.operationEnded('success', 1, 0, time);
  }
};

const counts = (sums: RecentSums, now: number): { total: number; lastMinute: number } => {
  const total = new OperationSums();
  const lastMinute = new OperationSums();
  sums.addTo(total, lastMinute, now);
  return { total: total.results.success, lastMinute: lastMinute.results.success };
};

describe('the last minute', () => {
  it.each([
    ['has all that ended within it', [100_000, 130_000, 155_000], 155_000, 3],
    ['forgets what is more than a minute old', [100_000, 130_000, 155_000], 165_000, 2],
    ['forgets by slices of ten seconds', [100_000, 109_999, 110_000], 160_000, 1],
    ['is empty when nothing has ended for a minute', [100_000], 1_000_000, 0],
    ['still has a slice that nothing followed', [100_000], 155_000, 1],
  ])('%s', (_, times, now, expected) => {
    const sums = new RecentSums();
    succeedAt(sums, ...times);
    expect(counts(sums, now)).toEqual({ total: times.length, lastMinute: expected });
  });

  it('is 50 to 60 s long', () => {
    expect(lengthOfLastMinute(100_000)).toBe(50_000);
    expect(lengthOfLastMinute(109_999)).toBe(59_999);
  });

  it('has what ended after a clock was set back', () => {
    const sums = new RecentSums();
    succeedAt(sums, 100_000, 20_000);
    expect(counts(sums, 100_500)).toEqual({ total: 2, lastMinute: 2 });
  });

  it('a look ahead forgets nothing: it only looks', () => {
    const sums = new RecentSums();
    succeedAt(sums, 100_000);
    counts(sums, 1_000_000);
    expect(counts(sums, 100_500)).toEqual({ total: 1, lastMinute: 1 });
  });
});

describe('the sums of a destination', () => {
  it('lose nothing, whatever the gaps', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 60 }), (gaps) => {
        const sums = new RecentSums();
        let now = 0;
        const times = gaps.map((gap) => (now += gap));
        succeedAt(sums, ...times);
        const oldest = now - lengthOfLastMinute(now);
        expect(counts(sums, now)).toEqual({
          total: times.length,
          lastMinute: times.filter((time) => time >= oldest).length,
        });
      }),
    );
  });

  it('of a forgotten destination are taken over, in the slices where they belong', () => {
    const [kept, forgotten] = [new RecentSums(), new RecentSums()];
    succeedAt(kept, 100_000, 150_000);
    succeedAt(forgotten, 20_000, 105_000, 145_000);
    kept.absorb(forgotten, 150_000);
    expect(counts(kept, 150_000)).toEqual({ total: 5, lastMinute: 4 });
    expect(counts(kept, 161_000)).toEqual({ total: 5, lastMinute: 2 });
  });

  it('stay small when one destination after the other is forgotten', () => {
    const forgotten = new RecentSums();
    for (let minute = 0; minute < 1000; minute += 1) {
      const sums = new RecentSums();
      succeedAt(sums, minute * 60_000);
      forgotten.absorb(sums, minute * 60_000);
    }
    const add = vi.spyOn(OperationSums.prototype, 'add');
    expect(counts(forgotten, 60_000_000)).toEqual({ total: 1000, lastMinute: 0 });
    // The older sums, and those of six slices at the most.
    expect(add.mock.calls.length).toBeLessThanOrEqual(7);
    add.mockRestore();
  });
});
