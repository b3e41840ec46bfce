import { describe, expect, it } from 'vitest';

import { createPacer } from '../../src/guards/pacer.ts';
import type { Pacer } from '../../src/guards/pacer.ts';
import { readQuota } from '../../src/http/rate-limit.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import type { VirtualClock } from '../../src/testing/virtual-clock.ts';

const start = (): { pacer: Pacer; clock: VirtualClock } => {
  const clock = virtualClock();
  return { pacer: createPacer({}, { clock }), clock };
};

const takeAll = (pacer: Pacer): number => {
  let taken = 0;
  while (taken < 1000 && pacer.tryTake()) taken += 1;
  return taken;
};

describe('the quota that a server tells of', () => {
  it('half of it may be spent at once, and the rest is spread until the reset', async () => {
    const { clock, pacer } = start();
    pacer.responded(false, { remaining: 10, resetIn: 10_000 });
    expect(takeAll(pacer)).toBe(5);
    pacer.responded(false, { remaining: 5, resetIn: 10_000 });
    expect(pacer.state.rate).toBe(0.5);
    const granted: number[] = [];
    for (let count = 0; count < 5; count += 1) pacer.wait(() => granted.push(clock.now()));
    await clock.advance(10_000);
    expect(granted).toEqual([2000, 4000, 6000, 8000, 10_000]);
  });

  it('no more than it is sent until the reset, though the answers are late', async () => {
    const { clock, pacer } = start();
    pacer.responded(false, { remaining: 10, resetIn: 10_000 });
    let sent = 0;
    for (let time = 0; time < 9900; time += 100) {
      sent += takeAll(pacer);
      await clock.advance(100);
    }
    expect(sent).toBeLessThanOrEqual(10);
  });

  it('a server that counts down is never asked for more than it has', async () => {
    const { clock, pacer } = start();
    let remaining = 20;
    let refused = 0;
    pacer.responded(false, { remaining, resetIn: 10_000 });
    while (clock.now() < 9990) {
      while (pacer.tryTake()) {
        if (remaining === 0) refused += 1;
        else remaining -= 1;
        pacer.responded(false, { remaining, resetIn: 10_000 - clock.now() });
      }
      await clock.advance(10);
    }
    expect(refused).toBe(0);
    expect(remaining).toBeLessThanOrEqual(1);
  });

  it('with nothing left, requests wait for the reset', async () => {
    const { clock, pacer } = start();
    pacer.responded(false, { remaining: 0, resetIn: 3000 });
    expect(pacer.state.rate).toBe(0);
    expect(pacer.tryTake()).toBe(false);
    expect(pacer.estimate()).toBe(3000);
    const granted: number[] = [];
    for (const number of [1, 2, 3]) pacer.wait(() => granted.push(number));
    await clock.advance(2999);
    expect(granted).toEqual([]);
    await clock.advance(1);
    expect(granted).toEqual([1, 2, 3]);
    expect(clock.pending).toBe(0);
  });

  it('is forgotten after the reset', async () => {
    const { clock, pacer } = start();
    pacer.responded(false, { remaining: 1, resetIn: 2000 });
    expect(pacer.tryTake()).toBe(false);
    await clock.advance(2000);
    expect(pacer.state.rate).toBe(Infinity);
    expect(takeAll(pacer)).toBe(1000);
  });

  it('within its time it only shrinks, for answers overtake each other', () => {
    const { pacer } = start();
    pacer.responded(false, { remaining: 0, resetIn: 2000 });
    pacer.responded(false, { remaining: 5, resetIn: 2000 });
    expect(pacer.tryTake()).toBe(false);
    expect(pacer.estimate()).toBe(2000);
  });

  it('after the reset a larger one is believed', async () => {
    const { clock, pacer } = start();
    pacer.responded(false, { remaining: 0, resetIn: 2000 });
    await clock.advance(2000);
    pacer.responded(false, { remaining: 10, resetIn: 1000 });
    expect(takeAll(pacer)).toBe(5);
  });

  it('of a window before, told late, says nothing of this one', async () => {
    const { clock, pacer } = start();
    const answeredAt = clock.now();
    await clock.advance(1500);
    pacer.responded(false, { remaining: 0, resetIn: 30_000 });
    await clock.advance(500);
    pacer.responded(false, { remaining: 50, resetIn: 1000 }, answeredAt);
    expect(pacer.tryTake()).toBe(false);
    expect(pacer.estimate()).toBe(29_500);
  });

  it('a reset that is now says nothing', () => {
    const { pacer } = start();
    pacer.responded(false, { remaining: 0, resetIn: 0 });
    expect(pacer.state.rate).toBe(Infinity);
    expect(pacer.tryTake()).toBe(true);
  });

  it('and throttling both count: the longer wait does', () => {
    const { pacer } = start();
    pacer.responded(true, { remaining: 10, resetIn: 1000 });
    expect(pacer.estimate()).toBe(2000);
    pacer.responded(false, { remaining: 0, resetIn: 7000 });
    expect(pacer.estimate()).toBeGreaterThanOrEqual(1000);
  });

  it('a short one that is used up does not last as long as a long one that was heard of before', () => {
    const { pacer } = start();
    pacer.responded(false, { remaining: 1000, resetIn: 3_600_000 });
    pacer.responded(false, { remaining: 0, resetIn: 1000 });
    expect(pacer.estimate()).toBeLessThanOrEqual(4000);
  });

  it('a number that is too large for one asks for nothing, and lifts no other limit', () => {
    const { pacer } = start();
    pacer.responded(true);
    const headers = new Headers({ RateLimit: `"a";r=${'9'.repeat(400)};t=60` });
    pacer.responded(false, readQuota(headers, 0));
    expect(pacer.estimate()).toBe(2000);
    expect(pacer.tryTake()).toBe(false);
  });
});
