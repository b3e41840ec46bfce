import { afterEach, describe, expect, it, vi } from 'vitest';

import type { Discarding } from '../../src/exchange.ts';
import type { RetryOptions } from '../../src/options.ts';
import type { FakeStep } from '../fake-exchange.ts';
import { FakeExchange } from '../fake-exchange.ts';
import { deferred, neverSettles, rejectionOf, virtualEngine } from '../virtual-engine.ts';

function discarding(finished: PromiseLike<unknown>) {
  const cancel = vi.fn<() => void>();
  return { finished, cancel } satisfies Discarding;
}

function start(finished: PromiseLike<unknown>, options: RetryOptions = {}, steps: FakeStep[] = [503, 200]) {
  const { clock, engine } = virtualEngine(options);
  const controller = new AbortController();
  const exchange = new FakeExchange(steps, { call: { signal: controller.signal } });
  const ending = discarding(finished);
  exchange.discard.mockReturnValue(ending);
  return { cancel: ending.cancel, clock, controller, exchange, promise: engine.run(exchange) };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('the response before a retry', () => {
  it('is discarded at once, while the wait runs', async () => {
    const { clock, exchange, promise } = start(Promise.resolve());
    await clock.advance(0);
    expect(exchange.discard).toHaveBeenCalledExactlyOnceWith({ status: 503, headers: {} });
    await clock.run(promise);
    expect(clock.now()).toBe(100);
    expect(exchange.discard).toHaveBeenCalledTimes(1);
  });

  it('holds the retry back until its connection is free', async () => {
    const { promise: finished, resolve } = deferred<undefined>();
    const { cancel, clock, exchange, promise } = start(finished);
    await clock.advance(700);
    expect(exchange.attempts).toHaveLength(1);
    resolve(undefined);
    await clock.run(promise);
    expect(exchange.attempts).toHaveLength(2);
    expect(cancel).not.toHaveBeenCalled();
    expect(clock.pending).toBe(0);
  });

  it('that does not end within a second loses its connection', async () => {
    const { cancel, clock, promise } = start(neverSettles());
    await clock.run(promise);
    expect(cancel).toHaveBeenCalledTimes(1);
    expect(clock.now()).toBe(1000);
    expect(clock.pending).toBe(0);
  });

  it('that breaks off is as good as ended', async () => {
    const { cancel, clock, promise } = start(Promise.reject(new Error('reset')));
    await clock.run(promise);
    expect(clock.now()).toBe(100);
    expect(cancel).not.toHaveBeenCalled();
  });

  it.each<RetryOptions>([{}, { circuitBreaker: {} }])(
    'is cancelled by an abort, and leaves no timer, though its end never comes, with %o',
    async (options) => {
      for (const abortAt of [50, 500]) {
        const { cancel, clock, controller, promise } = start(neverSettles(), options);
        clock.schedule(abortAt, () => {
          controller.abort('stop');
        });
        expect(await rejectionOf(clock.run(promise))).toBe('stop');
        expect(clock.now()).toBe(abortAt);
        expect(clock.pending).toBe(0);
        expect(cancel).toHaveBeenCalledTimes(1);
      }
    },
  );

  it('is cancelled by the total timeout, which bounds this too', async () => {
    const { cancel, clock, promise } = start(neverSettles(), { timeout: 400 });
    expect(await rejectionOf(clock.run(promise))).toMatchObject({ code: 'TENAX_OPERATION_TIMEOUT' });
    expect(clock.now()).toBe(400);
    expect(clock.pending).toBe(0);
    expect(cancel).toHaveBeenCalledTimes(1);
  });

  it('is left alone when it is what the caller gets', async () => {
    for (const steps of [[200], [404]]) {
      const { exchange, promise } = start(Promise.resolve(), {}, steps);
      await promise;
      expect(exchange.discard).not.toHaveBeenCalled();
    }
    const { exchange, promise } = start(Promise.resolve(), { maxAttempts: 1 }, [503]);
    await rejectionOf(promise);
    expect(exchange.discard).not.toHaveBeenCalled();
  });
});

describe('the response inside an error', () => {
  it('is discarded too when it comes after the attempt was given up', async () => {
    const { clock, engine } = virtualEngine({ attemptTimeout: 50, maxAttempts: 1 });
    const late = deferred<never>();
    const discardError = vi.fn<(error: unknown) => undefined>();
    await rejectionOf(clock.run(engine.run({ call: {}, send: () => late.promise, discardError })));
    const error = new Error('status 503');
    late.reject(error);
    await clock.advance(0);
    expect(discardError).toHaveBeenCalledExactlyOnceWith(error);
  });

  it('is discarded in the same way', async () => {
    const { clock, engine } = virtualEngine();
    const error = new Error('status 503');
    const discardError = vi.fn<(error: unknown) => Discarding>(() => discarding(Promise.resolve()));
    await clock.run(
      engine.run({
        call: {},
        send: ({ number }) => {
          if (number === 1) throw error;
          return 'done';
        },
        discardError,
      }),
    );
    expect(discardError).toHaveBeenCalledExactlyOnceWith(error);
  });
});
