import { afterEach, describe, expect, it, vi } from 'vitest';

import { keepAbortable, signalOf } from '../../src/attempt.ts';
import type { AttemptContext } from '../../src/exchange.ts';
import type { RetryOptions } from '../../src/options.ts';
import type { CallOptions } from '../../src/exchange.ts';
import { neverSettles, rejectionOf, virtualEngine } from '../virtual-engine.ts';

async function firstAttempt(options: RetryOptions, call: CallOptions = {}): Promise<AttemptContext> {
  const { clock, engine } = virtualEngine(options);
  let context: AttemptContext | undefined;
  await clock.run(
    engine.execute((attempt) => {
      context = attempt;
    }, call),
  );
  return context!;
}

afterEach(() => {
  vi.unstubAllGlobals();
});

const countControllers = (): (() => number) => {
  let made = 0;
  const Native = AbortController;
  vi.stubGlobal(
    'AbortController',
    class extends Native {
      constructor() {
        super();
        made += 1;
      }
    },
  );
  return () => made;
};

describe("an attempt's signal", () => {
  it("is the caller's own when nothing else bounds the attempt", async () => {
    const { signal } = new AbortController();
    const context = await firstAttempt({}, { signal });
    expect(context.signal).toBe(signal);
    expect(signalOf(context)).toBe(signal);
  });

  it.each([{ attemptTimeout: 50 }, { timeout: 50 }])('is its own with %o', async (options) => {
    const { signal } = new AbortController();
    const context = await firstAttempt(options, { signal });
    expect(context.signal).not.toBe(signal);
    expect(context.signal).toBe(context.signal);
    expect(signalOf(context)).toBe(context.signal);
  });

  it('exists without any bound too, for who reads it, and never aborts', async () => {
    const context = await firstAttempt({});
    expect(signalOf(context)).toBeUndefined();
    expect(context.signal).toBeInstanceOf(AbortSignal);
    expect(context.signal.aborted).toBe(false);
  });

  it('is made when it is first read, not before', async () => {
    const made = countControllers();
    const context = await firstAttempt({ timeout: 50, attemptTimeout: 20 });
    expect(made()).toBe(0);
    expect(context.signal).toBe(context.signal);
    expect(made()).toBe(1);
  });

  it('is aborted already when it is read after the attempt was abandoned', async () => {
    const { clock, engine } = virtualEngine({ attemptTimeout: 50, maxAttempts: 1, throwOnExhausted: false });
    let context: AttemptContext | undefined;
    const promise = engine.execute((attempt) => {
      context = attempt;
      return neverSettles();
    });
    const error = await rejectionOf(clock.run(promise));
    expect(context?.signal.reason).toBe(error);
  });

  it("follows the caller's with the very reason", async () => {
    const { clock, engine } = virtualEngine({ timeout: 5000 });
    const controller = new AbortController();
    let signal: AbortSignal | undefined;
    const promise = engine.execute(
      (attempt) => {
        signal = attempt.signal;
        return neverSettles();
      },
      { signal: controller.signal },
    );
    controller.abort('mine');
    await rejectionOf(clock.run(promise));
    expect(signal?.reason).toBe('mine');
  });

  it('of an attempt that failed by itself stays as it was', async () => {
    const { clock, engine } = virtualEngine({ attemptTimeout: 50 });
    const signals: AbortSignal[] = [];
    await rejectionOf(
      clock.run(
        engine.execute((attempt) => {
          signals.push(attempt.signal);
          throw new Error('again');
        }),
      ),
    );
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, false]);
  });
});

/** How many turns of the microtasks an operation takes that succeeds at once. */
async function turnsOf(options: RetryOptions): Promise<number> {
  const state = { settled: false };
  void virtualEngine(options)
    .engine.execute(() => 'done')
    .then(() => {
      state.settled = true;
    });
  let turns = 0;
  for (; !state.settled; turns += 1) await Promise.resolve();
  return turns;
}

describe("an attempt's context, in a log of JSON", () => {
  it('is its number and how the attempt before ended, not the operation, which goes in circles', async () => {
    const { clock, engine } = virtualEngine({ baseDelay: 0, attemptTimeout: 1000, retryableErrors: [Error] });
    const logged: unknown[] = [];
    await clock.run(
      engine.execute((attempt) => {
        logged.push(JSON.parse(JSON.stringify(attempt)));
        if (attempt.number === 1) throw new Error('not yet');
      }),
    );
    expect(logged).toEqual([{ number: 1 }, { number: 2, previous: { kind: 'error', error: {} } }]);
  });
});

describe('what a request that succeeds at once pays for', () => {
  it('is no timer and no AbortController', async () => {
    const made = countControllers();
    const { clock, engine } = virtualEngine();
    const schedule = vi.spyOn(clock, 'schedule');
    const { signal } = new AbortController();
    const before = made();
    await engine.execute(() => 'done');
    await engine.execute(async () => Promise.resolve('done'), { signal });
    expect(schedule).not.toHaveBeenCalled();
    expect(made()).toBe(before);
  });

  it('is no more turns of microtasks than a bounded one needs', async () => {
    expect(await turnsOf({})).toBeLessThanOrEqual(await turnsOf({ timeout: 50 }));
  });

  it('is no Headers object', async () => {
    expect((await firstAttempt({}, { method: 'POST' })).headers).toBeUndefined();
  });
});

const open = async (options: RetryOptions) => {
  const controller = new AbortController();
  const { clock, engine } = virtualEngine(options);
  const opened = {};
  let signal: AbortSignal | undefined;
  await clock.run(
    engine.execute(
      (attempt) => {
        signal = attempt.signal;
        keepAbortable(attempt, opened);
        return opened;
      },
      { signal: controller.signal },
    ),
  );
  return { clock, controller, opened, signal: signal! };
};

describe('what an attempt opened, after the attempt', () => {
  it("still ends with the caller's signal, when an adapter asks for it", async () => {
    const { controller, opened, signal } = await open({ attemptTimeout: 50 });
    controller.abort('mine');
    expect(signal.reason).toBe('mine');
    expect(opened).toEqual({});
  });

  it('does not end with a timeout of ours', async () => {
    const { clock, opened, signal } = await open({ attemptTimeout: 50, timeout: 60 });
    await clock.advance(1000);
    expect(signal.aborted).toBe(false);
    expect(opened).toEqual({});
  });

  it('ends at once when the caller has aborted already', async () => {
    const { clock, engine } = virtualEngine({ attemptTimeout: 50 });
    const controller = new AbortController();
    let reasonAtOnce: unknown;
    const promise = engine.execute(
      (attempt) => {
        const { signal } = attempt;
        controller.abort('mine');
        keepAbortable(attempt, {});
        reasonAtOnce = signal.reason;
      },
      { signal: controller.signal },
    );
    expect(await rejectionOf(clock.run(promise))).toBe('mine');
    expect(reasonAtOnce).toBe('mine');
  });

  it('leaves a context that is not of ours as it is', () => {
    const { signal } = new AbortController();
    const context: AttemptContext = { number: 1, signal, remaining: 5, headers: undefined };
    expect(() => {
      keepAbortable(context, {});
    }).not.toThrow();
    expect(signalOf(context)).toBe(signal);
  });
});
