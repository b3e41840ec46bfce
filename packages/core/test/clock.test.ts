import { AsyncLocalStorage } from 'node:async_hooks';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { systemClock, systemRandom } from '../src/clock.ts';
import { createRetryEngine } from '../src/engine.ts';

const LONGEST = 2 ** 31 - 1;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What is begun within `run` never hears of a promise. */
function holdingPromiseJobs(run: () => void): void {
  const { prototype } = Promise;
  const { then: original } = Object.getOwnPropertyDescriptors(prototype);
  const setThen = (property: PropertyDescriptor): void => {
    // oxlint-disable-next-line unicorn/no-thenable -- it is that of all promises
    Reflect.defineProperty(prototype, 'then', property);
  };
  setThen({ ...original, value: () => undefined });
  try {
    run();
  } finally {
    setThen(original);
  }
}

describe('a wait of the system clock', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  it('calls back once, when its time has come', () => {
    const callback = vi.fn<() => void>();
    systemClock.schedule(100, callback);
    vi.advanceTimersByTime(99);
    expect(callback).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(callback).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1000);
    expect(callback).toHaveBeenCalledTimes(1);
  });

  it('that is cancelled never calls back, and leaves no timer', () => {
    const callback = vi.fn<() => void>();
    const timer = systemClock.schedule(100, callback);
    timer.cancel();
    timer.cancel();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(1000);
    expect(callback).not.toHaveBeenCalled();
  });

  it('may be cancelled after it called back', () => {
    const timer = systemClock.schedule(100, () => undefined);
    vi.advanceTimersByTime(100);
    expect(() => {
      timer.cancel();
    }).not.toThrow();
  });

  it.each([
    ['just beyond the limit', LONGEST + 1],
    ['9,999,999 s, as a server once said', 9_999_999_000],
    ['a year', 365 * 86_400_000],
  ])('EDGE 9: of %s is kept, not fired at once', (_, delay) => {
    const callback = vi.fn<() => void>();
    systemClock.schedule(delay, callback);
    vi.advanceTimersByTime(delay - 1);
    expect(callback).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(callback).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('EDGE 9: no part of a long wait is longer than the platform takes', () => {
    const setTimeout = vi.spyOn(globalThis, 'setTimeout');
    systemClock.schedule(3 * LONGEST + 5, () => undefined);
    vi.advanceTimersByTime(3 * LONGEST + 5);
    expect(setTimeout.mock.calls.map(([, delay]) => delay)).toEqual([LONGEST, LONGEST, LONGEST, 5]);
  });

  it('EDGE 9: a long wait can be cancelled in any part of it', () => {
    const callback = vi.fn<() => void>();
    const timer = systemClock.schedule(2 * LONGEST, callback);
    vi.advanceTimersByTime(LONGEST + 1);
    timer.cancel();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(2 * LONGEST);
    expect(callback).not.toHaveBeenCalled();
  });
});

describe('a wait of 0 ms', () => {
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  it.each([0, -1, NaN])('%d yields to the event loop, and costs no timer', async (delay) => {
    const setTimeout = vi.spyOn(globalThis, 'setTimeout');
    const callback = vi.fn<() => void>();
    systemClock.schedule(delay, callback);
    await Promise.resolve();
    expect(callback).not.toHaveBeenCalled();
    await turn();
    expect(callback).toHaveBeenCalledTimes(1);
    expect(setTimeout).not.toHaveBeenCalled();
  });

  it('that is cancelled never calls back', async () => {
    const callback = vi.fn<() => void>();
    systemClock.schedule(0, callback).cancel();
    await turn();
    expect(callback).not.toHaveBeenCalled();
  });

  it('shares its turn with those that are begun in the same burst, each in its own asynchronous context', async () => {
    const setImmediate = vi.spyOn(globalThis, 'setImmediate');
    const context = new AsyncLocalStorage<number>();
    const seen: (number | undefined)[] = [];
    const begin = (count: number): void => {
      context.run(count, () => {
        systemClock.schedule(0, () => seen.push(context.getStore()));
      });
    };
    const failedToo = Promise.resolve().then(() => {
      begin(3);
    });
    begin(1);
    begin(2);
    await failedToo;
    expect(setImmediate).toHaveBeenCalledTimes(1);
    await turn();
    expect(seen).toEqual([1, 2, 3]);
  });

  it('takes the next turn where the burst is over', async () => {
    const order: string[] = [];
    systemClock.schedule(0, () => {
      order.push('first');
      systemClock.schedule(0, () => order.push('second'));
      setImmediate(() => order.push('turn after the first'));
    });
    await turn();
    expect(order).toEqual(['first']);
    await turn();
    expect(order).toEqual(['first', 'second', 'turn after the first']);
  });

  it('is not lost with one that fake timers forget, nor with those that go', async () => {
    vi.useFakeTimers({ toFake: ['setImmediate', 'clearImmediate', 'queueMicrotask'] });
    const [forgotten, lost, afterForgetting, afterFaking] = Array.from({ length: 4 }, () =>
      vi.fn<() => void>(),
    );
    try {
      systemClock.schedule(0, forgotten as () => void);
      await Promise.resolve();
      vi.clearAllTimers();
      systemClock.schedule(0, afterForgetting as () => void);
      await vi.runAllTimersAsync();
      systemClock.schedule(0, lost as () => void);
    } finally {
      vi.useRealTimers();
    }
    systemClock.schedule(0, afterFaking as () => void);
    await turn();
    const calls = [forgotten, lost, afterForgetting, afterFaking].map(
      (callback) => callback?.mock.calls.length,
    );
    expect(calls).toEqual([0, 0, 1, 1]);
  });

  it('is not lost with fake timers that go, where a timer makes the turn', async () => {
    vi.stubGlobal('setImmediate', undefined);
    vi.stubGlobal('MessageChannel', undefined);
    const callback = vi.fn<() => void>();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      systemClock.schedule(0, () => undefined);
    } finally {
      vi.useRealTimers();
    }
    systemClock.schedule(0, callback);
    await new Promise<void>((resolve) => {
      setTimeout(resolve, 0);
    });
    expect(callback).toHaveBeenCalledTimes(1);
  });

  it('is refused in the words of the platform where that allows no timer, as outside of a request to a worker', async () => {
    const refusal = new Error('Disallowed operation called within global scope');
    vi.stubGlobal('setImmediate', () => {
      throw refusal;
    });
    expect(() => systemClock.schedule(0, () => undefined)).toThrow(refusal);
    const engine = createRetryEngine({ baseDelay: 0 });
    const failing = (): Promise<never> => Promise.reject(new Error('failed'));
    await expect(engine.execute(failing)).rejects.toBe(refusal);
  });

  // As fakeAsync of zone.js does.
  it('is not lost with one whose promise jobs a test has held back', async () => {
    vi.useFakeTimers({ toFake: ['setImmediate', 'clearImmediate'] });
    const callback = vi.fn<() => void>();
    try {
      holdingPromiseJobs(() => systemClock.schedule(0, () => undefined));
      vi.clearAllTimers();
      await Promise.resolve();
      systemClock.schedule(0, callback);
      await vi.runAllTimersAsync();
    } finally {
      vi.useRealTimers();
    }
    expect(callback).toHaveBeenCalledTimes(1);
  });

  it('needs no setImmediate where there is a message port', async () => {
    vi.stubGlobal('setImmediate', undefined);
    const setTimeout = vi.spyOn(globalThis, 'setTimeout');
    await new Promise<void>((resolve) => {
      systemClock.schedule(0, resolve);
    });
    expect(setTimeout).not.toHaveBeenCalled();
  });

  it('is a timer of 0 ms where there is neither', async () => {
    vi.stubGlobal('setImmediate', undefined);
    vi.stubGlobal('MessageChannel', undefined);
    const setTimeout = vi.spyOn(globalThis, 'setTimeout');
    await new Promise<void>((resolve) => {
      systemClock.schedule(0, resolve);
    });
    expect(setTimeout.mock.calls.map(([, delay]) => delay)).toEqual([0]);
  });
});

describe('the time of the system clock', () => {
  afterEach(() => void vi.restoreAllMocks());

  it('EDGE 8: durations come from the monotonic clock, moments from the wall clock', () => {
    vi.spyOn(performance, 'now').mockReturnValue(5);
    vi.spyOn(Date, 'now').mockReturnValue(1_577_836_800_000);
    expect(systemClock.now()).toBe(5);
    expect(systemClock.epoch()).toBe(1_577_836_800_000);
  });

  it('is that of fake timers while there are any, and never jumps', () => {
    const before = systemClock.now();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const start = systemClock.now();
      expect(start).toBeGreaterThanOrEqual(before);
      vi.advanceTimersByTime(3_600_000);
      expect(systemClock.now()).toBeCloseTo(start + 3_600_000, 3);
    } finally {
      vi.useRealTimers();
    }
    expect(systemClock.now()).toBeGreaterThanOrEqual(before + 3_600_000);
  });

  // Platforms cut a delay off: what remains of 1000 ms would be 999 now and then.
  it('adds up exactly under fake timers', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const start = systemClock.now();
      for (let passed = 1000; passed < 2 ** 30; passed *= 2) {
        vi.advanceTimersByTime(passed - (systemClock.now() - start));
        expect(systemClock.now() - start).toBe(passed);
      }
    } finally {
      vi.useRealTimers();
    }
  });

  it("the system's random source is the platform's, and what a test puts in its place", () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.25);
    expect(systemRandom()).toBe(0.25);
  });
});
