import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createPacer } from '../../src/guards/pacer.ts';
import type { Pacer } from '../../src/guards/pacer.ts';
import type { PacerOptions } from '../../src/guards/guard-options.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import type { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { refusalOf } from '../refusal.ts';

/** A pacer, its time, and how many timers it has made. */
const start = (options?: PacerOptions): { pacer: Pacer; clock: VirtualClock; timers: () => number } => {
  const clock = virtualClock();
  let made = 0;
  const counting = {
    now: () => clock.now(),
    epoch: () => clock.epoch(),
    schedule: (delay: number, callback: () => void) => {
      made += 1;
      expect(delay).toBeGreaterThanOrEqual(1);
      return clock.schedule(delay, callback);
    },
  };
  return { pacer: createPacer(options, { clock: counting }), clock, timers: () => made };
};

/** A pacer that was throttled at so many responses per second. */
const throttledAt = async (perSecond: number): Promise<ReturnType<typeof start>> => {
  const started = start();
  const { clock, pacer } = started;
  for (let seconds = 0; seconds < 4; seconds += 0.5) {
    for (let count = 0; count < perSecond / 2; count += 1) pacer.responded(false);
    await clock.advance(500);
  }
  pacer.responded(true);
  return started;
};

describe('a pacer that was never throttled', () => {
  it('lets everything through at once, without a timer', () => {
    const { pacer, timers } = start();
    for (let count = 0; count < 1000; count += 1) {
      expect(pacer.estimate()).toBe(0);
      expect(pacer.tryTake()).toBe(true);
      pacer.responded(false);
    }
    expect(pacer.state).toMatchObject({ rate: Infinity, queued: 0 });
    expect(timers()).toBe(0);
  });
});

describe('a pacer that was throttled', () => {
  it('lets seven tenths of the measured rate through', async () => {
    const { pacer } = await throttledAt(40);
    const { measuredRate, rate } = pacer.state;
    expect(measuredRate).toBeGreaterThan(30);
    expect(rate).toBeCloseTo(measuredRate * 0.7, 6);
  });

  it('sends no slower after a night with little to send', async () => {
    const { clock, pacer } = await throttledAt(40);
    const { rate } = pacer.state;
    for (let hour = 0; hour < 8; hour += 1) {
      await clock.advance(3_600_000);
      pacer.responded(false);
    }
    expect(pacer.state.measuredRate).toBeLessThan(0.001);
    expect(pacer.state.rate).toBeGreaterThanOrEqual(rate);
  });

  it('starts without tokens, and never stays below the smallest rate', () => {
    const { pacer } = start();
    pacer.responded(true);
    expect(pacer.state.rate).toBe(0.5);
    expect(pacer.tryTake()).toBe(false);
    expect(pacer.estimate()).toBe(2000);
    const faster = start({ minRate: 10 }).pacer;
    faster.responded(true);
    expect(faster.estimate()).toBe(100);
  });

  it('lets those that wait through in their order, evenly, with one timer for each', async () => {
    const { clock, pacer, timers } = start({ minRate: 10 });
    pacer.responded(true);
    const granted: (readonly [number, number])[] = [];
    for (let number = 1; number <= 5; number += 1) pacer.wait(() => granted.push([number, clock.now()]));
    expect(pacer.state.queued).toBe(5);
    expect(pacer.estimate()).toBe(600);
    await clock.advance(1000);
    expect(granted).toEqual([1, 2, 3, 4, 5].map((number) => [number, number * 100]));
    expect(timers()).toBe(5);
    expect(clock.pending).toBe(0);
  });

  it('whoever comes later does not overtake', async () => {
    const { clock, pacer } = start({ minRate: 10 });
    pacer.responded(true);
    await clock.advance(50);
    pacer.wait(() => undefined);
    await clock.advance(49);
    expect(pacer.tryTake(clock.now() + 1)).toBe(false);
    await clock.advance(1);
    expect(pacer.state.queued).toBe(0);
    expect(pacer.tryTake()).toBe(false);
  });

  it('a wait under a millisecond is not spun through', async () => {
    const { clock, pacer, timers } = start({ minRate: 5000 });
    pacer.responded(true);
    let granted = 0;
    for (let number = 0; number < 500; number += 1) pacer.wait(() => (granted += 1));
    await clock.advance(200);
    expect(granted).toBe(500);
    expect(timers()).toBeLessThanOrEqual(110);
  });

  it('has no more turns saved up than one second of its rate', async () => {
    const { clock, pacer } = start({ minRate: 10 });
    pacer.responded(true);
    await clock.advance(60_000);
    let taken = 0;
    while (pacer.tryTake()) taken += 1;
    expect(taken).toBe(10);
  });

  it('recovers when nothing is throttled any more', async () => {
    const { clock, pacer } = await throttledAt(40);
    const slow = pacer.state.rate;
    for (let seconds = 0; seconds < 10; seconds += 0.5) {
      await clock.advance(500);
      for (let count = 0; count < 20; count += 1) pacer.responded(false);
    }
    expect(pacer.state.rate).toBeGreaterThan(slow / 0.7);
  });
});

describe('those that give up', () => {
  it('leave no timer, and their turn goes to the next', async () => {
    const { clock, pacer } = start({ minRate: 10 });
    pacer.responded(true);
    const granted: string[] = [];
    const first = pacer.wait(() => granted.push('first'));
    const second = pacer.wait(() => granted.push('second'));
    const third = pacer.wait(() => granted.push('third'));
    first.cancel();
    await clock.advance(100);
    expect(granted).toEqual(['second']);
    second.cancel();
    expect(clock.pending).toBe(1);
    third.cancel();
    third.cancel();
    expect(clock.pending).toBe(0);
    await clock.advance(10_000);
    expect(granted).toEqual(['second']);
  });
});

describe('responses that come while others wait', () => {
  it('change the wait to what is now known', async () => {
    const { clock, pacer } = start({ minRate: 0.1 });
    pacer.responded(true);
    let grantedAt: number | undefined;
    pacer.wait(() => (grantedAt = clock.now()));
    for (let count = 0; count < 50; count += 1) {
      await clock.advance(100);
      pacer.responded(false);
    }
    expect(grantedAt).toBeLessThan(5000);
    expect(clock.pending).toBe(0);
  });

  it('never keep a waiter whose turn has come from being let through', async () => {
    const { clock, pacer } = start({ minRate: 1000 });
    pacer.responded(true);
    let granted = false;
    pacer.wait(() => (granted = true));
    for (let count = 0; count < 40; count += 1) {
      await clock.advance(0.5);
      pacer.responded(false);
    }
    expect(granted).toBe(true);
  });
});

describe('whatever the responses and the waiters do', () => {
  it('turns are granted in order, nobody waits for ever, and no timer is left', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('wait' as const) }),
      fc.record({ kind: fc.constant('cancel' as const), which: fc.nat(30) }),
      fc.record({ kind: fc.constant('respond' as const), throttled: fc.boolean() }),
      fc.record({ kind: fc.constant('pass' as const), time: fc.integer({ min: 2, max: 3000 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const { clock, pacer } = start({ minRate: 1 });
        const granted: number[] = [];
        const waits: { cancel(): void }[] = [];
        const cancelled = new Set<number>();
        for (const one of steps) {
          if (one.kind === 'wait') {
            const id = waits.length;
            waits.push(pacer.wait(() => granted.push(id)));
          } else if (one.kind === 'cancel' && one.which < waits.length) {
            waits[one.which]?.cancel();
            if (!granted.includes(one.which)) cancelled.add(one.which);
          } else if (one.kind === 'respond') {
            pacer.responded(one.throttled);
          } else if (one.kind === 'pass') {
            await clock.advance(one.time);
          }
          expect(pacer.estimate()).toBeGreaterThanOrEqual(0);
        }
        await clock.advance(60_000);
        const expected = waits.map((_, id) => id).filter((id) => !cancelled.has(id));
        expect(granted).toEqual(expected);
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 25 },
    );
  });
});

describe('a pacer of its own is refused as the option is', () => {
  it.each([
    ['pacer.minRate', '0', { minRate: 0 }],
    ['pacer.rate', '1', { rate: 1 }],
    ['pacer', 'null', null],
  ])('%s: %s', (path, given, options) => {
    expect(refusalOf(() => createPacer(options as PacerOptions))).toMatchObject({ path, given });
  });
});
