import { describe, expect, it, vi } from 'vitest';

import { virtualClock } from '../../src/testing/virtual-clock.ts';
import { neverSettles, rejectionOf } from '../virtual-engine.ts';

describe('a virtual clock', () => {
  it('stands still until it is moved', async () => {
    const clock = virtualClock();
    expect(clock.now()).toBe(0);
    await clock.advance(1500);
    expect(clock.now()).toBe(1500);
  });

  it('starts its wall clock at a known time, or where it is told to', async () => {
    expect(virtualClock().epoch()).toBe(Date.UTC(2020, 0, 1));
    const clock = virtualClock({ epoch: 1000 });
    await clock.advance(5);
    expect(clock.epoch()).toBe(1005);
  });

  it('EDGE 8: lets the wall clock jump without the monotonic one', () => {
    const clock = virtualClock({ epoch: 1000 });
    clock.jump(-400);
    expect(clock.epoch()).toBe(600);
    expect(clock.now()).toBe(0);
  });

  it('fires what falls due, in the order of time and then of scheduling', async () => {
    const clock = virtualClock();
    const fired: string[] = [];
    for (const [delay, name] of [
      [20, 'b'],
      [10, 'a'],
      [20, 'c'],
      [30, 'never'],
    ] as const) {
      clock.schedule(delay, () => fired.push(`${name}@${clock.now()}`));
    }
    await clock.advance(20);
    expect(fired).toEqual(['a@10', 'b@20', 'c@20']);
    expect(clock.pending).toBe(1);
  });

  it('lets promises settle between two timers', async () => {
    const clock = virtualClock();
    const order: string[] = [];
    clock.schedule(10, () => void Promise.resolve().then(() => order.push('promise of the first')));
    clock.schedule(10, () => order.push('second'));
    await clock.advance(10);
    expect(order).toEqual(['promise of the first', 'second']);
  });

  it('fires a timer that a timer set within the same advance', async () => {
    const clock = virtualClock();
    const late = vi.fn<() => void>();
    clock.schedule(10, () => clock.schedule(10, late));
    await clock.advance(20);
    expect(late).toHaveBeenCalledOnce();
    expect(clock.now()).toBe(20);
  });

  it('fires a delay of 0 or less without moving', async () => {
    const clock = virtualClock();
    const now = vi.fn<() => void>();
    clock.schedule(0, now);
    clock.schedule(-5, now);
    expect(now).not.toHaveBeenCalled();
    await clock.advance(0);
    expect(now).toHaveBeenCalledTimes(2);
    expect(clock.now()).toBe(0);
  });

  it('takes a timer back, twice if need be', async () => {
    const clock = virtualClock();
    const never = vi.fn<() => void>();
    const timer = clock.schedule(10, never);
    timer.cancel();
    timer.cancel();
    expect(clock.pending).toBe(0);
    await clock.advance(100);
    expect(never).not.toHaveBeenCalled();
  });

  it('counts the timers that are pending', async () => {
    const clock = virtualClock();
    clock.schedule(10, () => undefined);
    clock.schedule(20, () => undefined);
    expect(clock.pending).toBe(2);
    await clock.advance(10);
    expect(clock.pending).toBe(1);
  });
});

describe('running a promise on a virtual clock', () => {
  it('moves from timer to timer, no further than it must', async () => {
    const clock = virtualClock();
    const promise = new Promise<string>((resolve) => {
      clock.schedule(3_600_000, () => {
        resolve('an hour later');
      });
    });
    clock.schedule(7_200_000, () => undefined);
    await expect(clock.run(promise)).resolves.toBe('an hour later');
    expect(clock.now()).toBe(3_600_000);
    expect(clock.pending).toBe(1);
  });

  it('never goes back for somebody who advances it meanwhile', async () => {
    const clock = virtualClock();
    const run = clock.run(new Promise<void>((resolve) => void clock.schedule(100, resolve)));
    await Promise.all([clock.advance(10), run]);
    expect(clock.now()).toBe(100);
  });

  it('gives the error of a promise that is rejected', async () => {
    const error = new Error('own');
    expect(await rejectionOf(virtualClock().run(Promise.reject(error)))).toBe(error);
  });

  it('says so when nothing could settle the promise any more', async () => {
    const error = await rejectionOf(virtualClock().run(neverSettles()));
    expect(error).toMatchObject({
      message: expect.stringContaining('no timer of the virtual clock is left'),
    });
  });

  it('waits some turns for work that needs no timer', async () => {
    const work = new Promise<string>((resolve) => {
      setImmediate(() => {
        setImmediate(resolve, 'done');
      });
    });
    await expect(virtualClock().run(work)).resolves.toBe('done');
  });
});
