import { describe, expect, it, vi } from 'vitest';

import {
  createRetryEngine,
  getRetryStatistics,
  OperationTimeoutError,
  RetryConfigError,
} from '../../src/index.ts';
import { overridePolicy } from '../overridden-policy.ts';
import { neverSettles, rejectionOf, virtualEngine } from '../virtual-engine.ts';

describe('wrong options of a call', () => {
  it.each<[string, object]>([
    ['call.id', { id: 5 }],
    ['call.key', { key: Symbol.iterator }],
    ['call.method', { method: 5 }],
    ['call.signal', { signal: 'stop' }],
    ['call.maxAttempts', { maxAttempts: 5 }],
  ])('%s rejects by its name, and nothing is sent', async (path, call) => {
    const send = vi.fn<() => number>(() => 1);
    const error = await rejectionOf(createRetryEngine().execute(send, call));
    expect(error).toBeInstanceOf(RetryConfigError);
    expect(error).toMatchObject({ path });
    expect(send).not.toHaveBeenCalled();
  });
});

describe('defaults and the engine’s limits', () => {
  it('never collide with what one author gave', () => {
    expect(createRetryEngine({ maxDelay: 50 }).policy).toMatchObject({
      baseDelay: 50,
      throttledBaseDelay: 50,
      maxDelay: 50,
    });
  });

  it('an attempt takes no longer than an operation that is shorter for one call', async () => {
    const { clock, engine } = virtualEngine({ attemptTimeout: 5_000 });
    const sent = engine.execute(() => neverSettles(), { retry: { timeout: 300 } });
    expect(await rejectionOf(clock.run(sent))).toBeInstanceOf(OperationTimeoutError);
    expect(clock.now()).toBe(300);
  });

  it('a wait is no longer than the longest for one call, whatever its unit', () => {
    const policy = overridePolicy({ baseDelay: 500, throttledBaseDelay: 2000 }, { maxDelay: 300 });
    expect(policy).toMatchObject({ baseDelay: 300, throttledBaseDelay: 300, maxDelay: 300 });
    const own = (): unknown => overridePolicy({}, { throttledBaseDelay: 2000, maxDelay: 300 });
    expect(own).toThrow('throttledBaseDelay: given 2000, accepted: at most maxDelay, which is 300 ms');
  });
});

describe('an operation timeout', () => {
  it('has the last error as its cause', async () => {
    const { clock, engine } = virtualEngine({ timeout: 500 });
    const first = new Error('first');
    const sent = engine.execute(({ number }) => (number === 1 ? Promise.reject(first) : neverSettles()));
    expect(await rejectionOf(clock.run(sent))).toMatchObject({
      code: 'TENAX_OPERATION_TIMEOUT',
      cause: first,
    });
  });
});

describe('a key that is no string', () => {
  it.each<[string, () => unknown]>([
    ['a number', () => 5],
    ['a rejected promise', () => Promise.reject(new Error('late'))],
  ])('%s is reported, and the origin counts', async (_, key) => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const { clock, engine } = virtualEngine({ key: key as () => string });
    const result = {};
    await clock.run(engine.execute(() => result));
    expect(getRetryStatistics(result)?.key).toBe('');
    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockRestore();
  });
});

describe('headers that can not be read, on an error', () => {
  it.each<[string, object]>([
    ['that throw', { get: () => expect.fail('hands off') }],
    ['of numbers', new Map([['retry-after', 5]])],
  ])('%s are no hint, and the retry goes on', async (_, headers) => {
    const { clock, engine } = virtualEngine();
    const error = Object.assign(new Error('HTTP'), { response: { status: 503, headers } });
    const send = vi.fn<() => Promise<string>>().mockRejectedValueOnce(error).mockResolvedValue('done');
    expect(await clock.run(engine.execute(send))).toBe('done');
  });
});
