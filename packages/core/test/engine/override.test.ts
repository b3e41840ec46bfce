import { describe, expect, it, vi } from 'vitest';

import { createRetryEngine } from '../../src/engine.ts';
import { RetryConfigError, RetryExhaustedError } from '../../src/errors.ts';
import type { CallOptions } from '../../src/exchange.ts';
import type { RetryOptions, RetryOverride } from '../../src/options.ts';
import { codedError, rejectionOf, virtualEngine } from '../virtual-engine.ts';

/** How often a failing operation is called, and how long that took. */
async function attemptsWith(
  options: RetryOptions,
  retry: RetryOverride | undefined,
  error: unknown = new Error('again'),
) {
  const { clock, engine } = virtualEngine(options);
  const send = vi.fn<() => Promise<never>>(() => Promise.reject(error));
  const ending = await rejectionOf(clock.run(engine.execute(send, { retry })));
  return { calls: send.mock.calls.length, ending, waited: clock.now() };
}

describe('options for one call', () => {
  it('EDGE 15: replace those of the engine, key by key', async () => {
    expect(await attemptsWith({ baseDelay: 10 }, { maxAttempts: 4 })).toMatchObject({ calls: 4, waited: 70 });
  });

  it("EDGE 15: `undefined` means as the engine's", async () => {
    const { calls } = await attemptsWith({ maxAttempts: 2 }, { maxAttempts: undefined });
    expect(calls).toBe(2);
  });

  it('EDGE 15: arrays replace', async () => {
    const options = { retryableErrors: [TypeError] };
    const first = await attemptsWith(options, { retryableErrors: [RangeError] }, new TypeError('mine'));
    expect(first.calls).toBe(1);
    const second = await attemptsWith(options, { retryableErrors: [RangeError] }, new RangeError('mine'));
    expect(second.calls).toBe(3);
  });

  it('EDGE 15: nested objects merge', async () => {
    const [onRetry, onGiveUp] = [vi.fn<() => void>(), vi.fn<() => void>()];
    const options: RetryOptions = { hooks: { onRetry }, errorCodes: { ONE: 'permanent' } };
    const override: RetryOptions = { hooks: { onGiveUp }, errorCodes: { TWO: 'permanent' } };
    expect((await attemptsWith(options, override, codedError('ONE'))).calls).toBe(1);
    expect((await attemptsWith(options, override, codedError('TWO'))).calls).toBe(1);
    await attemptsWith(options, override);
    expect(onRetry).toHaveBeenCalledTimes(2);
    expect(onGiveUp).toHaveBeenCalledTimes(3);
  });

  it('do not stay with the engine', async () => {
    const { clock, engine } = virtualEngine();
    const send = vi.fn<() => Promise<never>>(() => Promise.reject(new Error('again')));
    await rejectionOf(clock.run(engine.execute(send, { retry: { maxAttempts: 1 } })));
    await rejectionOf(clock.run(engine.execute(send)));
    expect(send).toHaveBeenCalledTimes(1 + 3);
    expect(engine.policy.maxAttempts).toBe(3);
  });

  it('are read once: the same object costs no second check', async () => {
    const { engine } = virtualEngine();
    const read = vi.fn<() => number>(() => 2);
    const retry = Object.defineProperty({}, 'maxAttempts', { get: read, enumerable: true }) as RetryOptions;
    await engine.execute(() => 'done', { retry });
    const reads = read.mock.calls.length;
    await engine.execute(() => 'done', { retry });
    expect(read).toHaveBeenCalledTimes(reads);
  });

  it.each<[unknown, string]>([
    [{ maxAttempts: 0 }, 'maxAttempts'],
    [{ attempts: 3 }, 'attempts'],
    [{ retryAfter: { maximum: 3 } }, 'retryAfter.maximum'],
    ['none', 'retry'],
    [true, 'retry'],
    [null, 'retry'],
    [[], ''],
  ])('when wrong (%j) send nothing and reject with the path', async (retry, path) => {
    const { engine } = virtualEngine();
    const send = vi.fn<() => unknown>();
    const error = await rejectionOf(engine.execute(send, { retry } as CallOptions));
    expect(error).toBeInstanceOf(RetryConfigError);
    expect((error as RetryConfigError).path).toBe(path);
    expect(send).not.toHaveBeenCalled();
  });

  it("are checked together with the engine's", async () => {
    const { engine } = virtualEngine({ timeout: 1000 });
    const error = await rejectionOf(engine.execute(() => 1, { retry: { attemptTimeout: 2000 } }));
    expect(error).toMatchObject({ code: 'TENAX_CONFIG', path: 'attemptTimeout' });
  });
});

describe('retry: false', () => {
  it('is a single attempt with its own end', async () => {
    const error = new Error('again');
    expect(await attemptsWith({}, false, error)).toEqual({ calls: 1, ending: error, waited: 0 });
  });

  it('keeps the timeouts', async () => {
    const { clock, engine } = virtualEngine({ attemptTimeout: 50 });
    const error = await rejectionOf(
      clock.run(engine.execute(() => new Promise(() => undefined), { retry: false })),
    );
    expect(error).toMatchObject({ code: 'TENAX_ATTEMPT_TIMEOUT' });
  });
});

describe('maxAttempts: 1', () => {
  it('sends once, and ends as exhausted', async () => {
    const error = new Error('again');
    const { calls, ending } = await attemptsWith({ maxAttempts: 1 }, undefined, error);
    expect(calls).toBe(1);
    expect(ending).toBeInstanceOf(RetryExhaustedError);
    expect(ending).toMatchObject({
      cause: error,
      message: 'Gave up after 1 attempt, the last ended with Error',
    });
  });
});

describe('a call that makes no sense', () => {
  it.each<[string, unknown, unknown, string]>([
    ['no function', 'fetch', undefined, 'operation'],
    ['an unknown option', () => 1, { maxAttempts: 3 }, 'call.maxAttempts'],
    ['options that are no object', () => 1, 5, 'call'],
    ['null for options', () => 1, null, 'call'],
    ['a controller for a signal', () => 1, { signal: new AbortController() }, 'call.signal'],
    ['null for a signal', () => 1, { signal: null }, 'call.signal'],
  ])('%s is a RetryConfigError that says so, as a rejection', async (_what, operation, call, path) => {
    const engine = createRetryEngine();
    const error = await rejectionOf(engine.execute(operation as () => unknown, call as CallOptions));
    expect(error).toBeInstanceOf(RetryConfigError);
    expect((error as RetryConfigError).path).toBe(path);
    expect(engine.statistics.snapshot().totalOperations).toBe(0);
  });

  it('EDGE "lives in a closure, never in the caller\'s options": options that parallel calls share stay as they were', async () => {
    const { clock, engine } = virtualEngine();
    const call = Object.freeze({ retry: Object.freeze({ maxAttempts: 2 }), method: 'get' });
    const sends = [1, 2, 3].map(() => vi.fn<() => Promise<never>>(() => Promise.reject(new Error('again'))));
    await Promise.all(sends.map((send) => rejectionOf(clock.run(engine.execute(send, call)))));
    expect(sends.map((send) => send.mock.calls.length)).toEqual([2, 2, 2]);
  });
});
