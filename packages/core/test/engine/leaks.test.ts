import { getEventListeners } from 'node:events';

import { describe, expect, it, vi } from 'vitest';

import { getRetryStatistics } from '../../src/attached-statistics.ts';
import type { AttemptContext, CallOptions } from '../../src/exchange.ts';
import type { RetryOptions } from '../../src/options.ts';
import { collectGarbage } from '../garbage.ts';
import { neverSettles, rejectionOf, virtualEngine } from '../virtual-engine.ts';

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

describe('EDGE 4: one signal that 1,000 operations share', () => {
  const OPERATIONS = 1000;
  const warned = vi.fn<(warning: Error) => void>();

  const runAll = async (options: RetryOptions, operation: (attempt: AttemptContext) => Promise<unknown>) => {
    warned.mockClear();
    process.on('warning', warned);
    const controller = new AbortController();
    const { clock, engine } = virtualEngine({ budget: false, ...options });
    const settled = Promise.allSettled(
      Array.from({ length: OPERATIONS }, () => engine.execute(operation, { signal: controller.signal })),
    );
    await clock.advance(0);
    const during = listeners(controller.signal);
    return { clock, controller, during, settled };
  };
  const finish = async (): Promise<void> => {
    // Node emits its warnings in a later turn.
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', warned);
    expect(warned).not.toHaveBeenCalled();
  };

  it.each<[string, RetryOptions]>([
    ['without a bound', {}],
    ['with timeouts', { timeout: 10_000, attemptTimeout: 1000 }],
  ])(
    'carries one listener while they run and wait, and none when they have succeeded, %s',
    async (_how, options) => {
      const { clock, controller, during, settled } = await runAll(options, (attempt) => {
        expect(attempt.signal.aborted).toBe(false);
        return attempt.number === 1 ? Promise.reject(new Error('once')) : Promise.resolve('done');
      });
      expect(during).toBe(1);
      const results = await clock.run(settled);
      expect(results.every(({ status }) => status === 'fulfilled')).toBe(true);
      expect(listeners(controller.signal)).toBe(0);
      expect(clock.pending).toBe(0);
      await finish();
    },
  );

  it.each<[string, (attempt: AttemptContext) => Promise<unknown>]>([
    ['attempts', () => neverSettles()],
    ['waits', () => Promise.reject(new Error('again'))],
  ])('ends all their %s at its abort, and carries no listener then', async (_what, operation) => {
    const { clock, controller, during, settled } = await runAll({ timeout: 10_000 }, operation);
    expect(during).toBe(1);
    controller.abort('stop');
    expect(listeners(controller.signal)).toBe(0);
    const results = await settled;
    expect(results.every((result) => result.status === 'rejected' && result.reason === 'stop')).toBe(true);
    expect(clock.pending).toBe(0);
    await finish();
  });

  it('carries none after operations that ended in any other way', async () => {
    const { signal } = new AbortController();
    const endings: [RetryOptions, () => unknown][] = [
      [{}, () => Promise.reject(new TypeError('fault'))],
      [{}, () => Promise.reject(new Error('again'))],
      [{ timeout: 50 }, () => neverSettles()],
      [{ attemptTimeout: 50 }, () => neverSettles()],
      [{ timeout: 10 }, () => Promise.reject(new Error('again'))],
      [{ shouldRetry: () => false }, () => Promise.reject(new Error('again'))],
    ];
    for (const [options, operation] of endings) {
      const { clock, engine } = virtualEngine({ budget: false, ...options });
      await rejectionOf(clock.run(engine.execute(operation, { signal })));
      expect(listeners(signal)).toBe(0);
      expect(clock.pending).toBe(0);
    }
  });
});

describe('an abort', () => {
  it('settles the operation within the same turn of the event loop', async () => {
    const { clock, engine } = virtualEngine({ timeout: 10_000, attemptTimeout: 5000 });
    for (const operation of [() => neverSettles(), () => Promise.reject(new Error('again'))]) {
      const controller = new AbortController();
      let settled = false;
      const promise = engine.execute(operation, { signal: controller.signal }).catch(() => {
        settled = true;
      });
      await clock.advance(10);
      controller.abort();
      await new Promise((resolve) => {
        process.nextTick(resolve);
      });
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      expect(settled).toBe(true);
      await promise;
    }
  });
});

describe('memory', () => {
  it('EDGE 12: a hundred attempts keep no more than the last of their errors', async () => {
    const { clock, engine } = virtualEngine({ maxAttempts: 101, throwOnExhausted: false });
    const bodies: WeakRef<object>[] = [];
    const promise = engine.execute(() => {
      const body = { bytes: new Uint8Array(1024) };
      bodies.push(new WeakRef(body));
      throw Object.assign(new Error('again'), { body });
    });
    promise.catch(() => undefined);
    while (bodies.length < 100) await clock.advance(20_000);
    const alive = (): number => bodies.filter((body) => body.deref() !== undefined).length;
    await collectGarbage(() => alive() <= 2);
    expect(alive()).toBeLessThanOrEqual(2);
    await rejectionOf(clock.run(promise));
  });

  it('EDGE 12: a result keeps none of the errors before it', async () => {
    const { clock, engine } = virtualEngine();
    const errors: WeakRef<Error>[] = [];
    const ending = engine.execute(({ number }) => {
      if (number > 1) return Promise.resolve({});
      const error = new Error('once');
      errors.push(new WeakRef(error));
      return Promise.reject(error);
    });
    const result = await clock.run(ending);
    const alive = (): number => errors.filter((error) => error.deref()).length;
    await collectGarbage(() => alive() === 0);
    expect(alive()).toBe(0);
    expect(getRetryStatistics(result)?.attempts).toHaveLength(2);
  });

  it('EDGE "`AbortSignal.any` on a long-lived signal leaks": attempts of a long-lived signal are not kept', async () => {
    const { engine } = virtualEngine({ attemptTimeout: 1000 });
    const call: CallOptions = { signal: new AbortController().signal };
    const signals: WeakRef<AbortSignal>[] = [];
    for (let number = 0; number < 200; number += 1) {
      await engine.execute(({ signal }) => void signals.push(new WeakRef(signal)), call);
    }
    const alive = (): number => signals.filter((signal) => signal.deref() !== undefined).length;
    await collectGarbage(() => alive() <= 2);
    expect(alive()).toBeLessThanOrEqual(2);
  });
});
