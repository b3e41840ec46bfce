import { getEventListeners } from 'node:events';

import { describe, expect, it, vi } from 'vitest';

import { getRetryStatistics } from '../../src/attached-statistics.ts';
import type { AttemptContext } from '../../src/exchange.ts';
import type { RetryOptions } from '../../src/options.ts';
import { neverSettles, rejectionOf, virtualEngine } from '../virtual-engine.ts';

/** Runs a failing operation that is aborted after `at` ms, and says what came of it. */
async function abortAt(at: number, reason: unknown, options: RetryOptions = {}, operation?: () => unknown) {
  const { clock, engine } = virtualEngine(options);
  const controller = new AbortController();
  const send = vi.fn<() => unknown>(operation ?? (() => Promise.reject(new Error('again'))));
  clock.schedule(at, () => {
    controller.abort(reason);
  });
  const error = await rejectionOf(clock.run(engine.execute(send, { signal: controller.signal })));
  return { clock, controller, engine, error, send };
}

describe("the caller's abort before the first attempt", () => {
  it('EDGE 2: an already aborted signal sends nothing', async () => {
    const { engine } = virtualEngine();
    const send = vi.fn<() => unknown>();
    const reason = new Error('too late');
    const signal = AbortSignal.abort(reason);
    expect(await rejectionOf(engine.execute(send, { signal }))).toBe(reason);
    expect(send).not.toHaveBeenCalled();
    expect(getRetryStatistics(reason)).toMatchObject({
      result: 'aborted',
      reason: 'caller_aborted',
      attempts: [],
    });
    expect(engine.statistics.snapshot()).toMatchObject({ totalAttempts: 0, results: { aborted: 1 } });
  });
});

describe("the caller's abort during a wait", () => {
  it('EDGE 1: ends it at once, with the very reason, and frees timer and listener', async () => {
    const reason = new Error('enough');
    const { clock, controller, error } = await abortAt(50, reason);
    expect(error).toBe(reason);
    expect(clock.now()).toBe(50);
    expect(clock.pending).toBe(0);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('EDGE "abort during a wait must also stop the next attempt"', async () => {
    const { clock, send } = await abortAt(50, 'enough');
    await clock.advance(60_000);
    expect(send).toHaveBeenCalledTimes(1);
  });

  it('leaves the statistics of what was done until then', async () => {
    const { error } = await abortAt(50, new Error('enough'));
    expect(getRetryStatistics(error as Error)).toMatchObject({
      result: 'aborted',
      reason: 'caller_aborted',
      totalDelay: 50,
      totalTime: 50,
      attempts: [{ attemptNumber: 1, failureClass: 'transient', reason: 'transient_error' }],
    });
  });

  it('ends a wait of no length too', async () => {
    const { engine } = virtualEngine({ baseDelay: 0 });
    const controller = new AbortController();
    const send = vi.fn<() => Promise<never>>(() => Promise.reject(new Error('again')));
    const promise = engine.execute(send, { signal: controller.signal });
    await Promise.resolve();
    controller.abort('now');
    expect(await rejectionOf(promise)).toBe('now');
    expect(send).toHaveBeenCalledTimes(1);
  });
});

describe("the caller's abort during an attempt", () => {
  it('ends it at once, though the operation takes no notice', async () => {
    const { clock, error } = await abortAt(50, 'enough', {}, () => neverSettles());
    expect(error).toBe('enough');
    expect(clock.now()).toBe(50);
  });

  it('records the attempt as aborted', async () => {
    const { engine, error } = await abortAt(50, new Error('enough'), {}, () => neverSettles());
    expect(getRetryStatistics(error as Error)?.attempts).toMatchObject([
      { failureClass: 'aborted', reason: 'caller_aborted', responseTime: 50, success: false },
    ]);
    expect(engine.statistics.snapshot()).toMatchObject({
      totalAttempts: 1,
      failureClasses: { aborted: 1 },
      results: { aborted: 1 },
    });
  });

  it('ends it when the operation itself aborts and then throws or returns', async () => {
    for (const after of [() => 'value', () => Promise.reject(new Error('own'))]) {
      const { engine } = virtualEngine();
      const controller = new AbortController();
      const send = vi.fn<() => unknown>(() => {
        controller.abort('from within');
        return after();
      });
      expect(await rejectionOf(engine.execute<unknown>(send, { signal: controller.signal }))).toBe(
        'from within',
      );
      expect(send).toHaveBeenCalledTimes(1);
    }
  });

  it('ends it though somebody kept the event from us', async () => {
    const { engine } = virtualEngine();
    const controller = new AbortController();
    const send = vi.fn<() => Promise<never>>(
      () =>
        new Promise((_resolve, reject) => {
          setImmediate(reject, new Error('again'));
        }),
    );
    controller.signal.addEventListener('abort', (event) => {
      event.stopImmediatePropagation();
    });
    const promise = engine.execute(send, { signal: controller.signal });
    controller.abort('mine');
    expect(await rejectionOf(promise)).toBe('mine');
    expect(send).toHaveBeenCalledTimes(1);
  });

  it("gives the caller's reason, not what the operation made of it", async () => {
    const { engine } = virtualEngine();
    const controller = new AbortController();
    const promise = engine.execute(
      ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(new DOMException('The operation was aborted', 'AbortError'));
          });
        }),
      { signal: controller.signal },
    );
    controller.abort('mine');
    expect(await rejectionOf(promise)).toBe('mine');
  });
});

describe("the caller's reason", () => {
  const frozen = Object.freeze({ why: 'frozen' });
  const symbol = Symbol('why');
  it.each([['a string'], [0], [null], [false], [symbol], [frozen], [new TypeError('an error')], [() => 1]])(
    'EDGE "an abort reason may be any value": %s comes back as it is',
    async (reason) => {
      for (const operation of [undefined, () => neverSettles()]) {
        const { error } = await abortAt(50, reason, {}, operation);
        expect(error).toBe(reason);
      }
    },
  );

  it("is the platform's AbortError after abort(undefined)", async () => {
    const { controller, error } = await abortAt(50, undefined);
    expect(error).toBe(controller.signal.reason);
    expect(error).toMatchObject({ name: 'AbortError' });
  });

  it('is not retried, whatever error it is and whatever the policy says', async () => {
    const reason = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    const policy = { retryableErrors: [Error], shouldRetry: () => true };
    const { error, send } = await abortAt(50, reason, policy, () => neverSettles());
    expect(error).toBe(reason);
    expect(send).toHaveBeenCalledTimes(1);
  });
});

describe("a timeout of the caller's own", () => {
  it('EDGE 5: AbortSignal.timeout ends the operation, and is not retried', async () => {
    const { engine } = virtualEngine();
    const signal = AbortSignal.timeout(1);
    const send = vi.fn<(attempt: AttemptContext) => Promise<unknown>>(
      (attempt) =>
        new Promise((_resolve, reject) => {
          attempt.signal.addEventListener('abort', () => {
            reject(attempt.signal.reason as Error);
          });
        }),
    );
    const error = await rejectionOf(engine.execute(send, { signal }));
    expect(error).toBe(signal.reason);
    expect(error).toMatchObject({ name: 'TimeoutError' });
    expect(send).toHaveBeenCalledTimes(1);
    expect(getRetryStatistics(error as Error)).toMatchObject({ result: 'aborted', reason: 'caller_aborted' });
  });

  it("EDGE 5: a TimeoutError of the operation's own is retried", async () => {
    const { clock, engine } = virtualEngine();
    const send = vi
      .fn<() => Promise<string>>()
      .mockRejectedValueOnce(new DOMException('slow', 'TimeoutError'))
      .mockResolvedValueOnce('done');
    const { signal } = new AbortController();
    await expect(clock.run(engine.execute(send, { signal }))).resolves.toBe('done');
  });

  it('EDGE 5: an AbortError of somebody else is not retried, and is no abort of the caller', async () => {
    const { engine } = virtualEngine();
    const error = new DOMException('a socket was closed', 'AbortError');
    const send = vi.fn<() => Promise<never>>(() => Promise.reject(error));
    expect(await rejectionOf(engine.execute(send))).toBe(error);
    expect(send).toHaveBeenCalledTimes(1);
    expect(getRetryStatistics(error)).toMatchObject({ result: 'aborted', reason: 'attempt_aborted' });
  });
});
