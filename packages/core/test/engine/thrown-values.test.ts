import { runInNewContext } from 'node:vm';

import { describe, expect, it, vi } from 'vitest';

import { getRetryStatistics } from '../../src/attached-statistics.ts';
import { RetryExhaustedError } from '../../src/errors.ts';
import type { AttemptContext } from '../../src/exchange.ts';
import { thenable } from '../faulty-callbacks.ts';
import { codedError, rejectionOf, virtualEngine } from '../virtual-engine.ts';

const refuse = (): never => {
  throw new Error('do not look');
};
const hostile = new Proxy({}, { get: refuse, getPrototypeOf: refuse, has: refuse, isExtensible: refuse });
const revoked = (() => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
})();
const cyclic = new Error('round');
cyclic.cause = cyclic;
const withGetter = Object.defineProperty(new Error('own'), 'code', { get: refuse });
const foreign = runInNewContext('new Error("from another realm")') as unknown;

const VALUES: [what: string, value: unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['a string', 'oops'],
  ['an empty string', ''],
  ['a number', 404],
  ['a symbol', Symbol('oops')],
  ['a bigint', 1n],
  ['a function', () => 1],
  ['a frozen error', Object.freeze(new Error('frozen'))],
  ['a frozen object', Object.freeze({})],
  ['an object without a prototype', Object.create(null)],
  ['an error of another realm', foreign],
  ['an error that is its own cause', cyclic],
  ['an error with a getter that throws', withGetter],
  ['a proxy that throws when it is looked at', hostile],
  ['a revoked proxy', revoked],
];

describe('EDGE 11: an operation that throws', () => {
  it.each(VALUES)('%s is retried, and its value is the cause in the end', async (_what, value) => {
    const { clock, engine } = virtualEngine();
    let calls = 0;
    const send = (): never => {
      calls += 1;
      throw value;
    };
    const error = await rejectionOf(clock.run(engine.execute(send)));
    expect(calls).toBe(3);
    expect(error).toBeInstanceOf(RetryExhaustedError);
    expect((error as RetryExhaustedError).cause === value).toBe(true);
    expect((error as RetryExhaustedError).statistics?.attempts).toHaveLength(3);
  });

  it.each(VALUES)('%s gives that very value when throwOnExhausted is off', async (_what, value) => {
    const { clock, engine } = virtualEngine({ throwOnExhausted: false, timeout: 60_000 });
    // Held in an array: a promise would look for a `then` on some of these.
    const caught: unknown[] = [];
    await clock.run(
      engine
        .execute(() => {
          throw value;
        })
        .catch((error: unknown) => {
          caught.push(error);
        }),
    );
    expect(caught).toHaveLength(1);
    expect(caught[0] === value).toBe(true);
    const statistics = Object(value) === value ? getRetryStatistics(value as object) : undefined;
    expect(statistics?.attempts.length ?? 3).toBe(3);
    expect(clock.pending).toBe(0);
  });
});

describe('an operation may', () => {
  it('return a value at once, or a promise, or any thenable', async () => {
    const { engine } = virtualEngine({ timeout: 1000 });
    await expect(engine.execute(() => 'sync')).resolves.toBe('sync');
    await expect(engine.execute(() => Promise.resolve('async'))).resolves.toBe('async');
    await expect(
      engine.execute<string>(() =>
        thenable((resolve) => {
          resolve('late');
        }),
      ),
    ).resolves.toBe('late');
    await expect(engine.execute(() => undefined)).resolves.toBeUndefined();
  });

  it('throw at once, which becomes a rejection and is retried', async () => {
    const { clock, engine } = virtualEngine();
    const send = vi.fn<(attempt: AttemptContext) => string>((attempt) => {
      if (attempt.number === 1) throw new Error('again');
      return 'done';
    });
    const promise = engine.execute(send);
    await expect(clock.run(promise)).resolves.toBe('done');
  });

  it('fail for good, and its own error comes back', async () => {
    const { engine } = virtualEngine();
    const error = new TypeError('x is not a function');
    const send = vi.fn<() => Promise<never>>(() => Promise.reject(error));
    expect(await rejectionOf(engine.execute(send))).toBe(error);
    expect(send).toHaveBeenCalledTimes(1);
    expect(getRetryStatistics(error)).toMatchObject({
      result: 'non_retryable_error',
      reason: 'permanent_failure',
    });
  });

  it('see what came before: its number, and how the last attempt ended', async () => {
    const { clock, engine } = virtualEngine();
    const [first, second] = [new Error('first'), new Error('second')];
    const seen: unknown[] = [];
    await clock.run(
      engine.execute((attempt) => {
        seen.push([attempt.number, attempt.previous]);
        if (attempt.number < 3) throw attempt.number === 1 ? first : second;
      }),
    );
    expect(seen).toEqual([
      [1, undefined],
      [2, { kind: 'error', error: first }],
      [3, { kind: 'error', error: second }],
    ]);
  });

  it('is called without a `this`', async () => {
    const { engine } = virtualEngine();
    const self = await engine.execute(function (this: unknown) {
      return this;
    });
    expect(self).toBeUndefined();
  });
});

describe('EDGE 12: the last error', () => {
  it('is the real one, with its stack', async () => {
    const { clock, engine } = virtualEngine();
    const errors = [codedError('ECONNRESET'), codedError('ETIMEDOUT'), codedError('EPIPE')];
    const stack = errors[2]!.stack;
    const error = await rejectionOf(
      clock.run(engine.execute(({ number }) => Promise.reject(errors[number - 1]!))),
    );
    expect((error as Error).cause).toBe(errors[2]);
    expect(((error as Error).cause as Error).stack).toBe(stack);
    expect((error as Error).message).toBe('Gave up after 3 attempts, the last ended with EPIPE');
  });
});
