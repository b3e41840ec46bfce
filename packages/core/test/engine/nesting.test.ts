import { describe, expect, it, vi } from 'vitest';

import { RetryExhaustedError } from '../../src/errors.ts';
import type { RetryOptions } from '../../src/options.ts';
import type { CallOptions } from '../../src/exchange.ts';
import { FakeExchange } from '../fake-exchange.ts';
import type { FakeResponse } from '../fake-exchange.ts';
import { response } from '../operation-driver.ts';
import { codedError, neverSettles, rejectionOf, virtualEngine } from '../virtual-engine.ts';

/** An engine inside an engine, over one clock. */
function nested(inner: RetryOptions = {}) {
  const { clock, engine: outer } = virtualEngine();
  return { clock, outer, inner: virtualEngine({ clock, ...inner }).engine };
}

describe('EDGE 14: nested retries multiply', () => {
  it('not when the inner operation ended exhausted by an error: 3 × 3 is not 9', async () => {
    const { clock, inner, outer } = nested();
    const send = vi.fn<() => Promise<never>>(() => Promise.reject(codedError('ECONNRESET')));
    const error = await rejectionOf(clock.run(outer.execute(() => inner.execute(send))));
    expect(send).toHaveBeenCalledTimes(3);
    expect(error).toBeInstanceOf(RetryExhaustedError);
    expect(outer.statistics.snapshot()).toMatchObject({
      totalAttempts: 1,
      results: { non_retryable_error: 1 },
    });
  });

  it('not when it ended exhausted by a response', async () => {
    const { clock, inner, outer } = nested();
    const exchanges: FakeExchange[] = [];
    const operation = () => {
      const exchange = new FakeExchange([503, 503, 503]);
      exchanges.push(exchange);
      return inner.run(exchange);
    };
    expect(await rejectionOf(clock.run(outer.execute(operation)))).toBeInstanceOf(RetryExhaustedError);
    expect(exchanges).toHaveLength(1);
  });

  it('not when its timeout ended it', async () => {
    const { clock, inner, outer } = nested({ timeout: 50 });
    const send = vi.fn<() => Promise<never>>(() => neverSettles());
    const error = await rejectionOf(clock.run(outer.execute(() => inner.execute(send))));
    expect(error).toMatchObject({ code: 'TENAX_OPERATION_TIMEOUT' });
    expect(send).toHaveBeenCalledTimes(1);
  });

  it('when the user asks for it', async () => {
    const { clock, inner, outer } = nested();
    const send = vi.fn<() => Promise<never>>(() => Promise.reject(new Error('again')));
    const retry = { retryableErrors: [RetryExhaustedError] };
    await rejectionOf(clock.run(outer.execute(() => inner.execute(send), { retry })));
    expect(send).toHaveBeenCalledTimes(9);
  });

  it('leaves the retries to the outer one when the inner makes a single attempt', async () => {
    const { clock, inner, outer } = nested();
    const send = vi.fn<() => Promise<never>>(() => Promise.reject(new Error('again')));
    await rejectionOf(clock.run(outer.execute(() => inner.execute(send, { retry: false }))));
    expect(send).toHaveBeenCalledTimes(3);
  });

  it('the same with an engine that makes single attempts', async () => {
    const { clock, inner, outer } = nested({ maxAttempts: 1 });
    const send = vi.fn<() => Promise<never>>(() => Promise.reject(codedError('ECONNRESET')));
    await rejectionOf(clock.run(outer.execute(() => inner.execute(send))));
    expect(send).toHaveBeenCalledTimes(3);
  });

  it.each([codedError('ECONNRESET'), new Error('again')])(
    'the same when somebody has wrapped the error of a single attempt: %s',
    async (failure) => {
      const { clock, inner, outer } = nested({ maxAttempts: 1 });
      const send = vi.fn<() => Promise<never>>(() => Promise.reject(failure));
      const operation = () =>
        inner.execute(send).catch((cause: unknown) => {
          throw new Error('users could not be read', { cause });
        });
      await rejectionOf(clock.run(outer.execute(operation)));
      expect(send).toHaveBeenCalledTimes(3);
    },
  );

  it('not when the inner ended with its last error itself', async () => {
    const { clock, inner, outer } = nested({ throwOnExhausted: false });
    const error = new Error('again');
    const send = vi.fn<() => Promise<never>>(() => Promise.reject(error));
    expect(await rejectionOf(clock.run(outer.execute(() => inner.execute(send))))).toBe(error);
    expect(send).toHaveBeenCalledTimes(3);
  });

  it('not when somebody has wrapped the error that it ended with', async () => {
    const { clock, inner, outer } = nested({ throwOnExhausted: false });
    const send = vi.fn<() => Promise<never>>(() => Promise.reject(codedError('ECONNRESET')));
    const operation = () =>
      inner.execute(send).catch((cause: unknown) => {
        throw new TypeError('fetch failed', { cause });
      });
    expect(await rejectionOf(clock.run(outer.execute(operation)))).toBeInstanceOf(TypeError);
    expect(send).toHaveBeenCalledTimes(3);
  });

  it.each([
    Object.defineProperty(new Error('again'), 'cause', {
      get() {
        throw new Error('hidden');
      },
    }),
    Object.assign(new Error('again'), { cause: 'a text' }),
  ])('as usual when there is nothing to be seen behind its error: %s', async (failure) => {
    const { clock, outer } = nested();
    const send = vi.fn<() => Promise<never>>(() => Promise.reject(failure));
    await rejectionOf(clock.run(outer.execute(send)));
    expect(send).toHaveBeenCalledTimes(3);
  });

  it.each([200, 404, 503])(
    'as usual with an answer as the cause of its error, unless that was given up: %d',
    async (status) => {
      const { clock, inner, outer } = nested({ throwOnExhausted: false });
      let asked = 0;
      const operation = async () => {
        asked += 1;
        throw new Error('not ready', { cause: await inner.run(new FakeExchange([status, status, status])) });
      };
      await rejectionOf(clock.run(outer.execute(operation)));
      expect(asked).toBe(status === 503 ? 1 : 3);
    },
  );

  it.each([
    ['thrown as it is', (answer: object) => answer],
    ['the cause of an error', (cause: object) => new Error('failed', { cause })],
  ])('not when its answer, %s, was not to be retried for its method or its body', async (_, errorOf) => {
    for (const given of [{ call: { method: 'POST' } }, { replayable: false }]) {
      const { clock, inner, outer } = nested({ throwOnExhausted: false });
      const send = vi.fn<() => Promise<never>>(async () => {
        throw errorOf(await inner.run(new FakeExchange([503, 503, 503], given)));
      });
      await rejectionOf(clock.run(outer.execute(send)));
      expect(send).toHaveBeenCalledTimes(1);
    }
  });

  it('not when it refused to retry the error that its client has put a response into', async () => {
    const { clock, inner, outer } = nested();
    const error = Object.assign(new Error('503'), { response: { status: 503 } });
    let asked = 0;
    const operation = () => {
      asked += 1;
      const exchange = new FakeExchange([error], { call: { method: 'POST' } });
      return inner.run(
        Object.assign(exchange, {
          describeError: () => ({ kind: 'error', error, response: response(503) }) as const,
        }),
      );
    };
    expect(await rejectionOf(clock.run(outer.execute(operation)))).toBe(error);
    expect(asked).toBe(1);
  });

  it.each<[string, RetryOptions, CallOptions, number]>([
    ['not when the inner gave up on a response', {}, { method: 'GET' }, 1],
    ['as usual with a response that the inner took for an answer', {}, { method: 'POST' }, 3],
    ['as usual with the response of an inner single attempt', { maxAttempts: 1 }, { method: 'GET' }, 3],
  ])('%s', async (_, options, call, sent) => {
    const { clock, inner, outer } = nested({ throwOnExhausted: false, ...options });
    const send = vi.fn<() => Promise<FakeResponse>>(() =>
      inner.run(new FakeExchange([503, 503, 503], { call })),
    );
    await Promise.allSettled([clock.run(outer.run(Object.assign(new FakeExchange([]), { send })))]);
    expect(send).toHaveBeenCalledTimes(sent);
  });

  it('as usual when the inner was only aborted, by the timeout of an attempt of the outer one', async () => {
    const { clock, inner, outer } = nested();
    const send = vi.fn<() => Promise<never>>(() => neverSettles());
    const call = { retry: { attemptTimeout: 50 } };
    await rejectionOf(clock.run(outer.execute(({ signal }) => inner.execute(send, { signal }), call)));
    expect(send).toHaveBeenCalledTimes(3);
  });

  it('not when it refused to retry what is thrown and is no Error', async () => {
    const { clock, inner, outer } = nested({ shouldRetry: () => false });
    const failure = { code: 'ECONNRESET' };
    const send = vi.fn<() => Promise<never>>(() => Promise.reject(failure));
    expect(await rejectionOf(clock.run(outer.execute(() => inner.execute(send))))).toBe(failure);
    expect(send).toHaveBeenCalledTimes(1);
  });

  it('as usual when an operation before it ended with the very same error', async () => {
    const { clock, inner, outer } = nested({ throwOnExhausted: false });
    const error = new Error('the only one of its kind');
    const send = vi.fn<() => Promise<never>>(() => Promise.reject(error));
    await rejectionOf(clock.run(inner.execute(send)));
    await clock.advance(1);
    await rejectionOf(clock.run(outer.execute(send)));
    expect(send).toHaveBeenCalledTimes(6);
  });
});
