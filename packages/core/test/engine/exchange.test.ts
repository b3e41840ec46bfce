import { describe, expect, it, vi } from 'vitest';

import { getRetryStatistics } from '../../src/attached-statistics.ts';
import type { Exchange } from '../../src/exchange.ts';
import type { RetryOptions } from '../../src/options.ts';
import type { FakeStep } from '../fake-exchange.ts';
import { FakeExchange } from '../fake-exchange.ts';
import { response } from '../operation-driver.ts';
import { deferred, neverSettles, rejectionOf, virtualEngine } from '../virtual-engine.ts';

describe('an exchange', () => {
  it('is told the policy before its first attempt, overrides included', async () => {
    const { engine } = virtualEngine({ maxAttempts: 5 });
    const order: unknown[] = [];
    await engine.run({
      call: { retry: { baseDelay: 7 } },
      begin: ({ baseDelay, maxAttempts }) => order.push({ baseDelay, maxAttempts }),
      send: () => order.push('send'),
    });
    expect(order).toEqual([{ baseDelay: 7, maxAttempts: 5 }, 'send']);
  });

  it('says by describe what came back; undefined is a success without words', async () => {
    const { clock, engine } = virtualEngine();
    const describeValue = vi
      .fn<NonNullable<Exchange<string>['describe']>>()
      .mockReturnValueOnce(response(503))
      .mockReturnValueOnce(undefined);
    const exchange: Exchange<string> = {
      call: {},
      send: ({ number }) => `value ${number}`,
      describe: describeValue,
    };
    await expect(clock.run(engine.run(exchange))).resolves.toBe('value 2');
    expect(describeValue.mock.calls).toEqual([['value 1'], ['value 2']]);
  });

  it.each<RetryOptions>([{}, { timeout: 100 }, { hooks: { onAttempt: () => undefined } }])(
    'makes by present what the caller gets, with %o',
    async (options) => {
      const { clock, engine } = virtualEngine(options);
      const exchange = { call: {}, send: () => 'value', present: (value: string) => `${value} presented` };
      await expect(clock.run(engine.run(exchange))).resolves.toBe('value presented');
    },
  );

  it('says by describeError what an error brings along', async () => {
    const { clock, engine } = virtualEngine({ throwOnExhausted: false });
    const shouldRetry = vi.fn<NonNullable<RetryOptions['shouldRetry']>>(() => undefined);
    const error = new Error('status 503');
    const outcome = { kind: 'error', error, response: response(503) } as const;
    const exchange: Exchange<never> = {
      call: { retry: { shouldRetry } },
      send: () => Promise.reject(error),
      describeError: () => outcome,
    };
    expect(await rejectionOf(clock.run(engine.run(exchange)))).toBe(error);
    expect(shouldRetry).toHaveBeenCalledWith(outcome, expect.anything());
  });

  it.each(['before', 'during'])(
    'gives by abortError what the caller gets for an abort %s an attempt, with statistics',
    async (moment) => {
      const { engine } = virtualEngine();
      const controller = new AbortController();
      const own = new Error('canceled');
      if (moment === 'before') controller.abort('stop');
      const reasons: unknown[] = [];
      const error = await rejectionOf(
        engine.run({
          call: { signal: controller.signal },
          send: () => {
            controller.abort('stop');
            return neverSettles();
          },
          abortError: (reason) => {
            reasons.push(reason);
            return own;
          },
        }),
      );
      expect(error).toBe(own);
      expect(reasons[0]).toBe('stop');
      expect(getRetryStatistics(own)).toMatchObject({ result: 'aborted', reason: 'caller_aborted' });
    },
  );

  it('whose describe throws fails with that error, as an attempt does', async () => {
    const { clock, engine } = virtualEngine({ throwOnExhausted: false });
    const error = new Error('no words');
    const exchange: Exchange<string> = {
      call: {},
      send: () => 'value',
      describe: () => {
        throw error;
      },
    };
    expect(await rejectionOf(clock.run(engine.run(exchange)))).toBe(error);
    expect(getRetryStatistics(error)?.attempts).toHaveLength(3);
  });

  it('says whether its body can be sent again when that is to be decided, not before', async () => {
    const { engine } = virtualEngine({ throwOnExhausted: false });
    const replayable = vi.fn<() => boolean>(() => false);
    const exchange = new FakeExchange([503]);
    Object.defineProperty(exchange, 'replayable', { get: replayable });
    const sent = vi.spyOn(exchange, 'send').mockImplementation((attempt) => {
      expect(replayable).not.toHaveBeenCalled();
      return FakeExchange.prototype.send.call(exchange, attempt);
    });
    const { status } = await engine.run(exchange);
    expect(status).toBe(503);
    expect(sent).toHaveBeenCalledTimes(1);
    expect(replayable).toHaveBeenCalledTimes(1);
  });

  it('that cannot be sent again ends with the reason in its statistics', async () => {
    const { engine } = virtualEngine({ throwOnExhausted: false });
    const end = await engine.run(new FakeExchange([503], { replayable: false }));
    expect(getRetryStatistics(end)).toMatchObject({
      result: 'non_retryable_error',
      reason: 'body_not_replayable',
      attempts: [{ status: 503, reason: 'body_not_replayable' }],
    });
  });
});

describe('release', () => {
  interface Ending {
    readonly what: string;
    readonly steps: readonly FakeStep[];
    readonly options?: RetryOptions;
    readonly abortAt?: number;
    readonly given?: ConstructorParameters<typeof FakeExchange>[1];
  }
  const stuck = neverSettles();
  const endings: Ending[] = [
    { what: 'a success', steps: [200] },
    { what: 'a success after retries', steps: [503, new Error('again'), 200] },
    { what: 'a status that is not retried', steps: [404] },
    { what: 'the last response', steps: [503, 503, 503], options: { throwOnExhausted: false } },
    {
      what: 'the last error',
      steps: [new Error('1'), new Error('2'), new Error('3')],
      options: { throwOnExhausted: false },
    },
    { what: 'RetryExhaustedError', steps: [503, 503, 503] },
    { what: 'an error that is not retried', steps: [new TypeError('fault')] },
    { what: 'a body that is gone', steps: [503], given: { replayable: false } },
    { what: 'a hint that is too long', steps: [[503, { 'retry-after': '3600' }]] },
    { what: 'an attempt timeout', steps: [stuck], options: { attemptTimeout: 5, maxAttempts: 1 } },
    { what: 'a total timeout in an attempt', steps: [stuck], options: { timeout: 5 } },
    { what: 'a wait too long for the timeout', steps: [503], options: { timeout: 50 } },
    { what: 'an abort in an attempt', steps: [stuck], abortAt: 5 },
    { what: 'an abort in a wait', steps: [503], abortAt: 5 },
    {
      what: 'an abort in shouldRetry',
      steps: [503],
      abortAt: 5,
      options: { shouldRetry: () => neverSettles() },
    },
    {
      what: 'an abort in beforeRetry',
      steps: [503],
      abortAt: 150,
      options: { hooks: { beforeRetry: () => neverSettles() } },
    },
    {
      what: 'an abort before the first attempt',
      steps: [],
      given: { call: { signal: AbortSignal.abort() } },
    },
  ];

  it.each(endings)('is called once at the end with what the caller gets: $what', async (ending) => {
    const { clock, engine } = virtualEngine(ending.options);
    const controller = new AbortController();
    const exchange = new FakeExchange(ending.steps, ending.given ?? { call: { signal: controller.signal } });
    if (ending.abortAt !== undefined) {
      clock.schedule(ending.abortAt, () => {
        controller.abort('stop');
      });
    }
    let expected: unknown[];
    try {
      await clock.run(engine.run(exchange));
      expected = [];
    } catch (reason) {
      expected = [{ reason }];
    }
    expect(exchange.release.mock.calls).toEqual([expected]);
    expect(exchange.release.mock.calls[0]?.[0]?.reason).toBe((expected[0] as { reason?: unknown })?.reason);
    expect(clock.pending).toBe(0);
    expect(engine.statistics.snapshot().totalOperations).toBe(1);
  });

  it('comes where the operation could not even begin', async () => {
    const { engine } = virtualEngine();
    const call = { retry: { maxAttempts: 0 } };
    const exchange = new FakeExchange([], { call });
    const reason = await rejectionOf(engine.run(exchange));
    expect(reason).toMatchObject({ code: 'TENAX_CONFIG' });
    expect(exchange.release).toHaveBeenCalledExactlyOnceWith({ reason });
  });

  it('comes after the last attempt, when nothing will follow', async () => {
    const { clock, engine } = virtualEngine();
    const exchange = new FakeExchange([503, 200]);
    const last = deferred<{ status: number; headers: Record<string, string> }>();
    vi.spyOn(exchange, 'send')
      .mockImplementationOnce(() => ({ status: 503, headers: {} }))
      .mockReturnValueOnce(last.promise);
    const promise = engine.run(exchange);
    await clock.advance(1000);
    expect(exchange.release).not.toHaveBeenCalled();
    last.resolve({ status: 200, headers: {} });
    await promise;
    expect(exchange.release).toHaveBeenCalledTimes(1);
  });
});
