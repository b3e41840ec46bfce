import { describe, expect, it } from 'vitest';

import { resolveHedge } from '../../src/guards/resolve-guards.ts';
import type { HedgeOptions } from '../../src/guards/guard-options.ts';
import { Hedging } from '../../src/guards/hedging.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import type { VirtualClock } from '../../src/testing/virtual-clock.ts';

const start = (options: HedgeOptions = {}): { hedging: Hedging; clock: VirtualClock } => {
  const clock = virtualClock();
  return { hedging: new Hedging(resolveHedge(options), clock), clock };
};

const respond = (hedging: Hedging, durations: readonly number[], now = 0): void => {
  for (const duration of durations) hedging.responded(duration, now);
};

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('when a hedge is worth it', () => {
  it.each([0, 75])('a number of ms holds from the first request on: %d', (delay) => {
    expect(start({ delay }).hedging.delay).toBe(delay);
  });

  it('a quantile is known after 20 responses, and not before', () => {
    const { hedging } = start();
    respond(hedging, upTo(19));
    expect(hedging.delay).toBeUndefined();
    respond(hedging, [20]);
    expect(hedging.delay).toBeGreaterThan(18);
    expect(hedging.delay).toBeLessThan(20);
  });

  it.each([
    ['p50', 500],
    ['p95', 950],
    ['p99', 990],
    ['p99.9', 999],
  ] as const)('%s of 1 to 1000 ms is about %d ms', (delay, expected) => {
    const { hedging } = start({ delay });
    // In no order.
    respond(
      hedging,
      upTo(1000).map((duration) => ((duration * 7) % 1000) + 1),
    );
    // What the last few responses add is looked up later.
    expect(Math.abs(hedging.delay! - expected) / expected).toBeLessThan(0.02);
  });

  it('follows a destination that becomes faster', () => {
    const { hedging } = start();
    respond(hedging, Array<number>(100).fill(1000), 0);
    respond(hedging, Array<number>(100).fill(10), 30_000);
    expect(hedging.delay).toBeGreaterThan(900);
    respond(hedging, Array<number>(100).fill(10), 60_000);
    expect(hedging.delay).toBeLessThan(11);
  });

  it('forgets what it saw before a pause', () => {
    const { hedging } = start();
    respond(hedging, Array<number>(100).fill(1000), 0);
    respond(hedging, Array<number>(100).fill(10), 3_600_000);
    expect(hedging.delay).toBeLessThan(11);
  });

  it('keeps what it knew while it knows too little of the present', () => {
    const { hedging } = start();
    respond(hedging, Array<number>(40).fill(100), 0);
    const known = hedging.delay;
    respond(hedging, [1], 31_000);
    respond(hedging, [1], 62_000);
    expect(hedging.delay).toBe(known);
  });
});

describe('how many hedges there may be', () => {
  it('one in twenty requests by default, and one beside each', () => {
    const { hedging } = start();
    expect(hedging.maxHedges).toBe(1);
    for (let count = 0; count < 19; count += 1) hedging.requested(0);
    expect(hedging.tryHedge()).toBe(false);
    hedging.requested(0);
    expect([hedging.tryHedge(), hedging.tryHedge()]).toEqual([true, false]);
    expect(hedging.state).toEqual({ delay: undefined, sent: 1, refused: 2 });
  });

  it.each([
    ['one for each', 1, 100],
    ['more than one for each', 2, 200],
    ['one in three', 1 / 3, 33],
    ['less than one', 0.009, 0],
  ])('maxExtraLoad: %s', (_, maxExtraLoad, allowed) => {
    const { hedging } = start({ maxExtraLoad });
    for (let count = 0; count < 100; count += 1) hedging.requested(0);
    let sent = 0;
    while (hedging.tryHedge()) sent += 1;
    expect(sent).toBe(allowed);
  });

  it('the requests of the last ten seconds count', async () => {
    const { clock, hedging } = start({ maxExtraLoad: 0.5 });
    hedging.requested(0);
    hedging.requested(0);
    await clock.advance(10_000);
    expect(hedging.tryHedge()).toBe(false);
    hedging.requested(10_000);
    hedging.requested(10_000);
    expect(hedging.tryHedge()).toBe(true);
  });

  it('maxHedges is as given', () => {
    expect(start({ maxHedges: 3 }).hedging.maxHedges).toBe(3);
  });
});
