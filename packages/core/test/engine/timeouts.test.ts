import { AsyncLocalStorage } from 'node:async_hooks';

import { describe, expect, it, vi } from 'vitest';

import { getRetryStatistics } from '../../src/attached-statistics.ts';
import { AttemptTimeoutError, OperationTimeoutError, RetryExhaustedError } from '../../src/errors.ts';
import type { AttemptContext } from '../../src/exchange.ts';
import type { RetryOptions } from '../../src/options.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import { neverSettles, rejectionOf, virtualEngine } from '../virtual-engine.ts';

describe('an attempt timeout', () => {
  it('ends an attempt that takes longer, and the next one may succeed', async () => {
    const { clock, engine } = virtualEngine({ attemptTimeout: 50 });
    const send = vi.fn<(attempt: AttemptContext) => string | Promise<string>>((attempt) =>
      attempt.number === 1 ? neverSettles<string>() : 'done',
    );
    const result = await clock.run(engine.execute(send));
    expect(result).toBe('done');
    expect(clock.now()).toBe(150);
    expect(clock.pending).toBe(0);
  });

  it.each<RetryOptions>([{}, { hooks: { onAttempt: () => undefined } }])(
    'is followed by an attempt in the asynchronous context of its own operation, whoever else waits, with %o',
    async (options) => {
      const { clock, engine } = virtualEngine({ attemptTimeout: 50, ...options });
      const store = new AsyncLocalStorage<string>();
      const seen: [string, number, string | undefined][] = [];
      const operations = ['one', 'two', 'three'].map((name) =>
        store.run(name, () =>
          engine.execute(async ({ number }) => {
            seen.push([name, number, store.getStore()]);
            return number === 1 ? neverSettles() : name;
          }),
        ),
      );
      await clock.run(Promise.all(operations));
      expect(seen).toHaveLength(6);
      for (const [name, , context] of seen) expect(context).toBe(name);
    },
  );

  it('is an error and a class of its own', async () => {
    const { clock, engine } = virtualEngine({ attemptTimeout: 50, maxAttempts: 2 });
    const error = await rejectionOf(clock.run(engine.execute(() => neverSettles())));
    expect(error).toBeInstanceOf(RetryExhaustedError);
    const { cause } = error as RetryExhaustedError;
    expect(cause).toBeInstanceOf(AttemptTimeoutError);
    expect(cause).toMatchObject({ code: 'TENAX_ATTEMPT_TIMEOUT', message: expect.stringContaining('50 ms') });
    expect(getRetryStatistics(error as Error)?.attempts).toMatchObject([
      { failureClass: 'timeout', reason: 'attempt_timeout', responseTime: 50 },
      { failureClass: 'timeout', reason: 'attempts_exhausted', responseTime: 50 },
    ]);
  });

  it("aborts the attempt's signal with that error", async () => {
    const { clock, engine } = virtualEngine({ attemptTimeout: 50, maxAttempts: 1, throwOnExhausted: false });
    let signal: AbortSignal | undefined;
    const error = await rejectionOf(
      clock.run(
        engine.execute((attempt) => {
          signal = attempt.signal;
          return neverSettles();
        }),
      ),
    );
    expect(signal?.reason).toBe(error);
    expect(error).toBeInstanceOf(AttemptTimeoutError);
  });

  it('EDGE "an attempt timeout\'s signal reused": gives each attempt a fresh signal', async () => {
    const { clock, engine } = virtualEngine({ attemptTimeout: 50 });
    const aborted: boolean[] = [];
    const signals = new Set<AbortSignal>();
    await rejectionOf(
      clock.run(
        engine.execute(({ signal }) => {
          aborted.push(signal.aborted);
          signals.add(signal);
          return neverSettles();
        }),
      ),
    );
    expect(aborted).toEqual([false, false, false]);
    expect(signals.size).toBe(3);
  });

  it('does not count against an attempt that ended in time', async () => {
    const { clock, engine } = virtualEngine({ attemptTimeout: 50 });
    let signal: AbortSignal | undefined;
    await clock.run(
      engine.execute((attempt) => {
        signal = attempt.signal;
        return 'done';
      }),
    );
    await clock.advance(1000);
    expect(signal?.aborted).toBe(false);
  });

  it('of a POST is not retried: it may have been processed', async () => {
    const { clock, engine } = virtualEngine({ attemptTimeout: 50 });
    const send = vi.fn<() => Promise<never>>(() => neverSettles());
    const error = await rejectionOf(clock.run(engine.execute(send, { method: 'post' })));
    expect(error).toBeInstanceOf(AttemptTimeoutError);
    expect(send).toHaveBeenCalledTimes(1);
  });
});

describe('a total timeout', () => {
  it('ends an attempt', async () => {
    const { clock, engine } = virtualEngine({ timeout: 500 });
    const error = await rejectionOf(clock.run(engine.execute(() => neverSettles())));
    expect(error).toBeInstanceOf(OperationTimeoutError);
    expect(error).toMatchObject({
      code: 'TENAX_OPERATION_TIMEOUT',
      message: expect.stringContaining('500 ms'),
    });
    expect(clock.now()).toBe(500);
    expect(clock.pending).toBe(0);
    expect((error as OperationTimeoutError).statistics).toMatchObject({
      result: 'timeout',
      reason: 'operation_timeout',
      attempts: [{ failureClass: 'timeout', reason: 'operation_timeout' }],
    });
  });

  it("aborts the attempt's signal with its error", async () => {
    const { clock, engine } = virtualEngine({ timeout: 500 });
    let signal: AbortSignal | undefined;
    const error = await rejectionOf(
      clock.run(
        engine.execute((attempt) => {
          signal = attempt.signal;
          return neverSettles();
        }),
      ),
    );
    expect(signal?.reason).toBe(error);
  });

  it('EDGE 6: no wait is begun that could not end in time', async () => {
    const { clock, engine } = virtualEngine({ timeout: 250, baseDelay: 200 });
    const last = new Error('again');
    const send = vi.fn<() => Promise<never>>(() => Promise.reject(last));
    const error = await rejectionOf(clock.run(engine.execute(send)));
    expect(send).toHaveBeenCalledTimes(2);
    expect(clock.now()).toBe(200);
    expect(error).toBeInstanceOf(OperationTimeoutError);
    expect(error).toMatchObject({
      cause: last,
      statistics: { reason: 'wait_exceeds_timeout', result: 'timeout' },
    });
  });

  it("gives the client's own error at such an end when throwOnExhausted is off", async () => {
    const { clock, engine } = virtualEngine({ timeout: 50, throwOnExhausted: false });
    const last = new Error('again');
    expect(await rejectionOf(clock.run(engine.execute(() => Promise.reject(last))))).toBe(last);
    expect(clock.now()).toBe(0);
  });

  it('bounds a shouldRetry and a beforeRetry that never settle', async () => {
    for (const options of [
      { shouldRetry: () => neverSettles<boolean>() },
      { hooks: { beforeRetry: () => neverSettles<undefined>() } },
    ]) {
      const { clock, engine } = virtualEngine({ timeout: 500, ...options });
      const error = await rejectionOf(clock.run(engine.execute(() => Promise.reject(new Error('again')))));
      expect(error).toBeInstanceOf(OperationTimeoutError);
      expect(clock.now()).toBe(500);
      expect(clock.pending).toBe(0);
    }
  });

  it('is told to every attempt as the time that remains', async () => {
    const { clock, engine } = virtualEngine({ timeout: 1000 });
    const remaining: number[] = [];
    await rejectionOf(
      clock.run(
        engine.execute((attempt) => {
          remaining.push(attempt.remaining);
          throw new Error('again');
        }),
      ),
    );
    expect(remaining).toEqual([1000, 900, 700]);
  });

  it('lets the attempt timeout go first, and goes first when less than that remains', async () => {
    const { clock, engine } = virtualEngine({ timeout: 500, attemptTimeout: 300 });
    const error = await rejectionOf(clock.run(engine.execute(() => neverSettles())));
    expect(error).toBeInstanceOf(OperationTimeoutError);
    expect(clock.now()).toBe(500);
    expect((error as OperationTimeoutError).statistics?.attempts).toMatchObject([
      { reason: 'attempt_timeout', responseTime: 300 },
      { reason: 'operation_timeout', responseTime: 100, delayBefore: 100 },
    ]);
  });

  it('and an abort: the first of them counts', async () => {
    const { clock, engine } = virtualEngine({ timeout: 500 });
    const controller = new AbortController();
    const promise = engine.execute(() => neverSettles(), { signal: controller.signal });
    clock.schedule(500, () => {
      controller.abort('too late');
    });
    expect(await rejectionOf(clock.run(promise))).toBeInstanceOf(OperationTimeoutError);
  });

  it('lets attempts be without end', async () => {
    const { clock, engine } = virtualEngine({ maxAttempts: Infinity, timeout: 10_000, maxDelay: 100 });
    const send = vi.fn<() => Promise<never>>(() => Promise.reject(new Error('again')));
    await rejectionOf(clock.run(engine.execute(send)));
    expect(send).toHaveBeenCalledTimes(100);
  });

  it('is not the end of an operation that ends in time', async () => {
    const { clock, engine } = virtualEngine({ timeout: 500 });
    await expect(clock.run(engine.execute(() => 'done'))).resolves.toBe('done');
    expect(clock.pending).toBe(0);
  });
});

describe('EDGE 8: a clock that jumps', () => {
  it('changes no duration', async () => {
    const { clock, engine } = virtualEngine({ timeout: 1000 });
    const result = {};
    const promise = engine.execute((attempt) => {
      clock.jump(attempt.number === 1 ? -3_600_000 : 7_200_000);
      if (attempt.number < 3) throw new Error('again');
      return result;
    });
    await clock.run(promise);
    expect(getRetryStatistics(result)).toMatchObject({ totalTime: 300, totalDelay: 300 });
    expect(clock.now()).toBe(300);
  });

  it('makes no duration negative, not even where the monotonic one is set back', async () => {
    const virtual = virtualClock();
    let offset = 0;
    const { engine } = virtualEngine({
      clock: {
        now: () => virtual.now() + offset,
        epoch: () => virtual.epoch(),
        schedule: (delay, callback) => virtual.schedule(delay, callback),
      },
    });
    const setBack = (): void => {
      offset -= 1000;
    };
    const result = {};
    const atOnce = {};
    const promise = engine.execute((attempt) => {
      setBack();
      // And during the wait that follows.
      virtual.schedule(50, setBack);
      if (attempt.number < 3) throw new Error('again');
      return result;
    });
    await virtual.run(promise);
    await virtual.run(
      engine.execute(() => {
        setBack();
        return atOnce;
      }),
    );
    for (const ended of [result, atOnce]) {
      const { attempts = [], totalDelay, totalTime } = getRetryStatistics(ended) ?? {};
      const times = attempts.flatMap(({ delayBefore, responseTime }) => [delayBefore, responseTime]);
      expect(Math.min(...times, totalDelay ?? -1, totalTime ?? -1)).toBe(0);
      expect(attempts.every(({ endTime, startTime }) => endTime >= startTime)).toBe(true);
    }
    const { averageRetryTime, performanceImpact, retryPatterns } = engine.statistics.snapshot();
    expect([averageRetryTime, performanceImpact.totalRetryOverhead]).toEqual([0, 0]);
    expect(retryPatterns.map(({ averageResponseTime }) => averageResponseTime)).toEqual([0, 0, 0]);
  });
});
