import { AsyncLocalStorage } from 'node:async_hooks';

import { afterEach, describe, expect, it, vi } from 'vitest';

import { systemClock } from '../src/clock.ts';
import type { Clock, Timer } from '../src/clock.ts';
import { createRetryEngine } from '../src/engine.ts';
import { Deadlines } from '../src/deadlines.ts';
import { virtualClock } from '../src/testing/virtual-clock.ts';
import { runNode } from './node-program.ts';
import { neverSettles, rejectionOf } from './virtual-engine.ts';

/** Deadlines of 100 ms, and the names of those that passed. */
const make = (clock: Clock) => {
  const passed: string[] = [];
  const deadlines = new Deadlines(clock, 100, 'late');
  const add = (name: string) =>
    deadlines.add({ timeIsUp: (kind) => void passed.push(`${name} ${kind}`) }, clock.now());
  return { add, passed };
};

describe('deadlines of one length', () => {
  it('pass in their order, each at its own time', async () => {
    const clock = virtualClock();
    const { add, passed } = make(clock);
    add('one');
    await clock.advance(40);
    add('two');
    await clock.advance(59);
    expect(passed).toEqual([]);
    await clock.advance(1);
    expect(passed).toEqual(['one late']);
    await clock.advance(39);
    expect(passed).toEqual(['one late']);
    await clock.advance(1);
    expect(passed).toEqual(['one late', 'two late']);
    expect(clock.pending).toBe(0);
  });

  it('pass in the asynchronous context that each was set in', async () => {
    const clock = virtualClock();
    const store = new AsyncLocalStorage<string>();
    const passed: (string | undefined)[] = [];
    const deadlines = new Deadlines(clock, 100, 'late');
    for (const name of ['one', 'two']) {
      store.run(name, () => {
        deadlines.add({ timeIsUp: () => void passed.push(store.getStore()) }, clock.now());
      });
    }
    await clock.advance(100);
    expect(passed).toEqual(['one', 'two']);
  });

  it('take one timer, however many they are', () => {
    const clock = virtualClock();
    const { add } = make(clock);
    for (let count = 0; count < 1000; count += 1) add(String(count));
    expect(clock.pending).toBe(1);
  });

  it('that are met do not pass, and leave no timer', async () => {
    const clock = virtualClock();
    const { add, passed } = make(clock);
    const [first, second] = [add('one'), add('two')];
    first.cancel();
    first.cancel();
    expect(clock.pending).toBe(1);
    second.cancel();
    expect(clock.pending).toBe(0);
    await clock.advance(200);
    expect(passed).toEqual([]);
  });

  it('that are set after the first was met have their whole time', async () => {
    const clock = virtualClock();
    const { add, passed } = make(clock);
    const first = add('one');
    await clock.advance(60);
    add('two');
    first.cancel();
    await clock.advance(99);
    expect(passed).toEqual([]);
    await clock.advance(1);
    expect(passed).toEqual(['two late']);
  });

  it('may be set by one that passes', async () => {
    const clock = virtualClock();
    const passed: number[] = [];
    const deadlines = new Deadlines(clock, 100, 'late');
    const again = {
      timeIsUp: () => {
        if (passed.push(clock.now()) < 3) deadlines.add(again, clock.now());
      },
    };
    deadlines.add(again, clock.now());
    await clock.advance(1000);
    expect(passed).toEqual([100, 200, 300]);
    expect(clock.pending).toBe(0);
  });

  it('EDGE 8: pass when their timer fires, even where the clock stands still', () => {
    const timers: (() => void)[] = [];
    const clock: Clock = {
      now: () => 0,
      epoch: () => 0,
      schedule: (_, callback) => {
        timers.push(callback);
        return { cancel: () => undefined };
      },
    };
    const { add, passed } = make(clock);
    add('one');
    timers[0]?.();
    expect(passed).toEqual(['one late']);
  });

  it('EDGE 8: have their whole time after the clock was set back', async () => {
    const virtual = virtualClock();
    let offset = 0;
    const { add, passed } = make({
      now: () => virtual.now() + offset,
      epoch: () => virtual.epoch(),
      schedule: (delay, callback) => virtual.schedule(delay, callback),
    });
    add('one');
    offset = -3_600_000;
    await virtual.advance(40);
    add('two');
    await virtual.advance(60);
    expect(passed).toEqual(['one late']);
    await virtual.advance(39);
    expect(passed).toEqual(['one late']);
    await virtual.advance(1);
    expect(passed).toEqual(['one late', 'two late']);
    expect(virtual.pending).toBe(0);
  });
});

describe('deadlines of the system clock', () => {
  afterEach(() => void vi.useRealTimers());

  // A timer is kept after the last deadline was met: it is the other timers' then.
  it('pass under fake timers, whatever timer was kept before them', () => {
    const { add, passed } = make(systemClock);
    add('met').cancel();
    vi.useFakeTimers();
    add('one');
    vi.advanceTimersByTime(60);
    add('two');
    vi.advanceTimersByTime(60);
    expect(passed).toEqual(['one late']);
    vi.advanceTimersByTime(60);
    expect(passed).toEqual(['one late', 'two late']);
  });

  it('pass under fake timers that were cleared since the last one was met', () => {
    vi.useFakeTimers();
    const { add, passed } = make(systemClock);
    add('met').cancel();
    expect(vi.getTimerCount()).toBe(0);
    vi.clearAllTimers();
    add('one');
    vi.advanceTimersByTime(100);
    expect(passed).toEqual(['one late']);
  });

  it('pass after fake timers, whatever these have left behind', async () => {
    vi.useFakeTimers();
    const deadlines = new Deadlines(systemClock, 1, 'late');
    deadlines.add({ timeIsUp: () => undefined }, systemClock.now());
    vi.useRealTimers();
    const passed = new Promise((resolve) => {
      deadlines.add({ timeIsUp: resolve }, systemClock.now());
    });
    expect(await passed).toBe('late');
  });
});

describe('timers that change while deadlines are set', () => {
  afterEach(() => void vi.useRealTimers());

  it('leave none behind that keeps the process alive', () => {
    const awake = new Set<Timer>();
    const schedule = (): Timer => {
      const timer = {
        cancel: () => void awake.delete(timer),
        unref: () => void awake.delete(timer),
        ref: () => void awake.add(timer),
      };
      return (timer.ref(), timer);
    };
    const { add } = make({ now: () => 0, epoch: () => 0, schedule });
    const set = [add('one')];
    vi.useFakeTimers();
    set.push(add('two'));
    vi.useRealTimers();
    set.push(add('three'));
    expect(awake.size).toBe(1);
    for (const deadline of set) deadline.cancel();
    expect(awake.size).toBe(0);
  });

  it('do not add up, where the ones before pass too', () => {
    const callbacks: (() => void)[] = [];
    const schedule = (_: number, callback: () => void): Timer => {
      callbacks.push(callback);
      return { cancel: () => undefined, unref: () => undefined };
    };
    let now = 0;
    const { add, passed } = make({ now: () => now, epoch: () => 0, schedule });
    add('one');
    vi.useFakeTimers();
    now = 50;
    add('two');
    now = 100;
    callbacks[0]?.();
    expect(passed).toEqual(['one late']);
    expect(callbacks).toHaveLength(2);
  });
});

describe('an engine with timeouts', () => {
  it('has one timer for a thousand attempts, and none when they have ended', async () => {
    const clock = virtualClock();
    const engine = createRetryEngine({ clock, attemptTimeout: 50, timeout: 100, maxAttempts: 1 });
    const all = Array.from({ length: 1000 }, () => rejectionOf(engine.execute(() => neverSettles())));
    expect(clock.pending).toBe(1);
    await clock.advance(50);
    const codes = (await Promise.all(all)).map((error) => (error as { code: string }).code);
    expect(new Set(codes)).toEqual(new Set(['TENAX_EXHAUSTED']));
    expect(clock.pending).toBe(0);
  });

  it('keeps a process alive while an attempt is under way, and not after it', async () => {
    const end = await runNode(`
      const engine = core.createRetryEngine({ attemptTimeout: 40, maxAttempts: 1, throwOnExhausted: false });
      await engine.execute(() => 1);
      await engine.execute(() => new Promise(() => undefined)).catch((error) => console.log(error.code));
      await engine.execute(() => 2);
    `);
    expect(end).toEqual({ code: 0, output: 'TENAX_ATTEMPT_TIMEOUT', errors: '' });
  });
});
