import { describe, expect, it, vi } from 'vitest';

import { getRetryStatistics } from '../src/attached-statistics.ts';
import { systemClock } from '../src/clock.ts';
import type { Clock, Timer } from '../src/clock.ts';
import { RetryConfigError, RetryExhaustedError } from '../src/errors.ts';
import type { RetryOptions } from '../src/options.ts';
import { retry, retryable, withRetry } from '../src/retry.ts';
import { scriptedOperation } from '../src/testing/scripted-operation.ts';
import { rejectionOf } from './virtual-engine.ts';

const quick: RetryOptions = { baseDelay: 0 };

describe('retry', () => {
  it('calls an operation until it succeeds', async () => {
    const operation = scriptedOperation<string>([new Error('1'), new Error('2'), 'done']);
    await expect(retry(operation, quick)).resolves.toBe('done');
    expect(operation.calls).toBe(3);
  });

  it('works without options', async () => {
    await expect(retry(() => 'done')).resolves.toBe('done');
    await expect(retry(() => 'again')).resolves.toBe('again');
  });

  it('gives up as the options say', async () => {
    const operation = vi.fn<() => Promise<never>>(() => Promise.reject(new Error('again')));
    expect(await rejectionOf(retry(operation, { ...quick, maxAttempts: 2 }))).toBeInstanceOf(
      RetryExhaustedError,
    );
    expect(operation).toHaveBeenCalledTimes(2);
  });

  it('takes the options of a call: id, signal', async () => {
    const result = await retry(() => ({}), quick, { id: 'mine' });
    expect(getRetryStatistics(result)?.id).toBe('mine');
    expect(await rejectionOf(retry(() => 1, quick, { signal: AbortSignal.abort('stop') }))).toBe('stop');
  });

  it('leaves no timer behind, not even one that would let the process end', async () => {
    const pending = new Set<Timer>();
    const schedule: Clock['schedule'] = (delay, callback) => {
      const platform = systemClock.schedule(delay, () => {
        pending.delete(timer);
        callback();
      });
      const timer: Timer = {
        cancel: () => {
          pending.delete(timer);
          platform.cancel();
        },
        unref: () => undefined,
        ref: () => undefined,
      };
      pending.add(timer);
      return timer;
    };
    const clock: Clock = { ...systemClock, schedule };
    await retry(() => 'done', { timeout: 60_000, clock });
    await retry(() => 'done', { attemptTimeout: 60_000, clock });
    const operation = scriptedOperation([new Error('1'), new Error('2'), 'done']);
    await retry(operation, { ...quick, attemptTimeout: 30_000, timeout: 60_000, clock });
    expect(pending.size).toBe(0);
  });

  it('rejects for wrong options, and does not throw', async () => {
    const promise = retry(() => 1, { maxAttempts: -1 });
    expect(await rejectionOf(promise)).toBeInstanceOf(RetryConfigError);
  });
});

describe('withRetry', () => {
  it('is the same function, retried: with its parameters and its `this`', async () => {
    let calls = 0;
    async function load(this: { base: string }, name: string, count: number) {
      calls += 1;
      if (calls < 3) throw new Error('again');
      return Promise.resolve(`${this.base}/${name}/${count}`);
    }
    const loader = { base: 'root', load: withRetry(load, quick) };
    await expect(loader.load('a', 1)).resolves.toBe('root/a/1');
    expect(calls).toBe(3);
  });

  it('keeps its name and length', () => {
    const wrapped = withRetry(async function loadUser(_id: string, _depth: number) {
      return Promise.resolve();
    });
    expect(wrapped.name).toBe('loadUser');
    expect(wrapped).toHaveLength(2);
    expect(Object.keys(wrapped)).toEqual([]);
  });

  it('makes a function that throws at once one that rejects', async () => {
    const wrapped = withRetry((): number => {
      throw new TypeError('fault');
    });
    expect(await rejectionOf(wrapped())).toBeInstanceOf(TypeError);
  });

  it('keeps parallel calls apart', async () => {
    const seen = new Map<string, number>();
    const wrapped = withRetry((name: string) => {
      seen.set(name, (seen.get(name) ?? 0) + 1);
      if (seen.get(name) === 1) throw new Error('once');
      return name;
    }, quick);
    await expect(Promise.all(['a', 'b', 'c'].map((name) => wrapped(name)))).resolves.toEqual(['a', 'b', 'c']);
    expect([...seen.values()]).toEqual([2, 2, 2]);
  });

  it('refuses wrong options, and what is no function, at once', () => {
    expect(() => withRetry(() => 1, { maxAttempts: 0 })).toThrow(RetryConfigError);
    expect(() => withRetry('fetch' as unknown as () => void)).toThrow(RetryConfigError);
  });
});

function defineWrongly(): unknown {
  return class {
    @retryable({ maxAttempts: 0 })
    async load(): Promise<void> {
      return Promise.resolve();
    }
  };
}

describe('@retryable', () => {
  class Store {
    static opened = 0;
    readonly #name: string;
    calls = 0;

    constructor(name: string) {
      this.#name = name;
    }

    @retryable({ ...quick, maxAttempts: 3 })
    async load(id: string): Promise<string> {
      this.calls += 1;
      if (this.calls < 3) throw new Error('again');
      return Promise.resolve(`${this.#name}:${id}`);
    }

    @retryable(quick)
    static async open(): Promise<number> {
      Store.opened += 1;
      if (Store.opened < 2) throw new Error('again');
      return Promise.resolve(Store.opened);
    }

    @retryable()
    async #secret(): Promise<string> {
      return Promise.resolve(this.#name);
    }

    reveal(): Promise<string> {
      return this.#secret();
    }
  }

  it('retries a method, with its instance', async () => {
    const [first, second] = [new Store('first'), new Store('second')];
    await expect(Promise.all([first.load('1'), second.load('2')])).resolves.toEqual(['first:1', 'second:2']);
    expect([first.calls, second.calls]).toEqual([3, 3]);
  });

  it('retries static and private methods', async () => {
    await expect(Store.open()).resolves.toBe(2);
    await expect(new Store('mine').reveal()).resolves.toBe('mine');
  });

  it("keeps the method's name and length, on the prototype", () => {
    const { enumerable, value } = Object.getOwnPropertyDescriptor(Store.prototype, 'load')!;
    expect([value.name, value.length, enumerable]).toEqual(['load', 1, false]);
    expect(Object.keys(new Store('x'))).not.toContain('load');
  });

  it('refuses wrong options when the class is defined', () => {
    expect(defineWrongly).toThrow(RetryConfigError);
  });

  it('says so when it stands without its parentheses: the method would be taken for the options', () => {
    const bare = retryable as unknown as (...parameters: unknown[]) => unknown;
    expect(() => bare(() => 1, { kind: 'method', name: 'load' })).toThrow(/in parentheses: @retryable\(\)/);
  });

  it('says so when it is used on what is no method, or with the decorators of old TypeScript', () => {
    const decorate = retryable() as unknown as (...parameters: unknown[]) => unknown;
    expect(() => decorate(undefined, { kind: 'field', name: 'x' })).toThrow(RetryConfigError);
    expect(() => decorate({}, 'load', {})).toThrow(/TC39 decorators/);
    expect(() => decorate({})).toThrow(RetryConfigError);
  });
});
