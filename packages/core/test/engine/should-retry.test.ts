import { afterEach, describe, expect, it, vi } from 'vitest';

import { getRetryStatistics } from '../../src/attached-statistics.ts';
import type { RetryOptions } from '../../src/options.ts';
import { FAULTS } from '../faulty-callbacks.ts';
import { FakeExchange } from '../fake-exchange.ts';
import { deferred, neverSettles, rejectionOf, virtualEngine } from '../virtual-engine.ts';

type ShouldRetry = NonNullable<RetryOptions['shouldRetry']>;

afterEach(() => {
  vi.restoreAllMocks();
});

/** How many attempts a script leads to. */
async function attemptsOf(shouldRetry: ShouldRetry, steps: ConstructorParameters<typeof FakeExchange>[0]) {
  const { clock, engine } = virtualEngine({ shouldRetry, throwOnExhausted: false });
  const exchange = new FakeExchange(steps);
  const end = await clock.run(
    engine.run(exchange).then(
      ({ status }) => status,
      (error: unknown) => error,
    ),
  );
  return { attempts: exchange.attempts.length, end, exchange };
}

describe('shouldRetry', () => {
  it.each<[string, ShouldRetry]>([
    ['at once', () => true],
    ['as a promise', () => Promise.resolve(true)],
  ])('makes a success a failure worth a retry, %s', async (_how, shouldRetry) => {
    expect(await attemptsOf(shouldRetry, [200, 200, 200])).toMatchObject({ attempts: 3, end: 200 });
  });

  it.each<[string, ShouldRetry]>([
    ['at once', () => false],
    ['as a promise', () => Promise.resolve(false)],
  ])('ends a failure that would be retried, %s', async (_how, shouldRetry) => {
    expect(await attemptsOf(shouldRetry, [503, 200])).toMatchObject({ attempts: 1, end: 503 });
  });

  it('may refuse an abort that retryableErrors names', async () => {
    const aborted = new DOMException('a timeout of its own', 'AbortError');
    const isAbort = (error: unknown): boolean => error === aborted;
    const { clock, engine } = virtualEngine({ retryableErrors: [isAbort], shouldRetry: () => false });
    const send = vi.fn<() => Promise<never>>(() => Promise.reject(aborted));
    expect(await rejectionOf(clock.run(engine.execute(send)))).toBe(aborted);
    expect(send).toHaveBeenCalledTimes(1);
  });

  it('leaves the built-in verdict when it returns undefined', async () => {
    expect(await attemptsOf(() => undefined, [503, 404])).toMatchObject({ attempts: 2, end: 404 });
  });

  it('leaves a success a success when it returns false', async () => {
    const { engine } = virtualEngine({ shouldRetry: () => false });
    const result = {};
    expect(await engine.execute(() => result)).toBe(result);
    expect(getRetryStatistics(result)).toMatchObject({ result: 'success' });
  });

  it('retries what the built-in verdict would not: a permanent error, a POST', async () => {
    const { clock, engine } = virtualEngine({ shouldRetry: () => true });
    const send = vi.fn<() => Promise<never>>(() => Promise.reject(new TypeError('fault')));
    const error = await rejectionOf(clock.run(engine.execute(send, { method: 'POST' })));
    expect(send).toHaveBeenCalledTimes(3);
    expect(getRetryStatistics(error as Error)?.attempts[0]).toMatchObject({
      reason: 'should_retry',
      failureClass: 'permanent',
    });
  });

  it('EDGE "the cap on attempts always wins": never lifts maxAttempts, a timeout or the replay rule', async () => {
    const { clock, engine } = virtualEngine({ shouldRetry: () => true, timeout: 250, maxAttempts: 2 });
    const send = vi.fn<() => string>(() => 'value');
    await rejectionOf(clock.run(engine.execute(send)));
    expect(send).toHaveBeenCalledTimes(2);
    await rejectionOf(clock.run(engine.execute(send, { retry: { maxAttempts: 9 } })));
    expect(send).toHaveBeenCalledTimes(2 + 2);
    const exchange = new FakeExchange([503], { replayable: false });
    await rejectionOf(engine.run(exchange));
    expect(exchange.attempts).toHaveLength(1);
  });

  it('is told the outcome, the attempt, the request and the built-in verdict', async () => {
    const shouldRetry = vi.fn<ShouldRetry>(() => undefined);
    const { clock, engine } = virtualEngine({ shouldRetry, timeout: 1000 });
    await clock.run(engine.run(new FakeExchange([503, 200])));
    const [first, second] = shouldRetry.mock.calls;
    expect(first).toMatchObject([
      { kind: 'response', status: 503 },
      {
        attemptNumber: 1,
        request: { method: 'GET', url: 'https://a.example/path?secret=1', hasIdempotencyKey: false },
        failureClass: 'transient',
        retryable: true,
        remaining: 1000,
      },
    ]);
    expect(second).toMatchObject([
      { status: 200 },
      { attemptNumber: 2, failureClass: undefined, retryable: false, remaining: 900 },
    ]);
  });

  it('is told a value of a function as it is', async () => {
    const shouldRetry = vi.fn<ShouldRetry>(() => undefined);
    const { engine } = virtualEngine({ shouldRetry });
    await engine.execute(() => 42);
    expect(shouldRetry.mock.calls[0]?.[0]).toEqual({ kind: 'value', value: 42 });
  });

  it.each<[string, RetryOptions]>([
    ['of its caller', {}],
    ['of its time', { timeout: 5000 }],
    ['of its time, with an attempt that may have company', { timeout: 5000, hedge: { delay: 9000 } }],
  ])(
    'leaves the attempt its answer and its time, where the end %s comes while it thinks',
    async (_of, options) => {
      const { clock, engine } = virtualEngine({ shouldRetry: () => neverSettles(), ...options });
      const controller = new AbortController();
      clock.schedule(5000, () => {
        controller.abort(new Error('stop'));
      });
      const answer = deferred<{ status: number; headers: Record<string, string> }>();
      clock.schedule(20, () => {
        answer.resolve({ status: 503, headers: {} });
      });
      const call = { method: 'GET', signal: controller.signal };
      const error = await rejectionOf(clock.run(engine.run(new FakeExchange([answer.promise], { call }))));
      expect(getRetryStatistics(error as Error)).toMatchObject({
        totalTime: 5000,
        attempts: [{ status: 503, responseTime: 20, success: false }],
      });
      expect(engine.statistics.snapshot().retryPatterns).toMatchObject([
        { count: 1, averageResponseTime: 20 },
      ]);
    },
  );

  it('is not asked about an abort', async () => {
    const shouldRetry = vi.fn<ShouldRetry>(() => true);
    const { engine } = virtualEngine({ shouldRetry });
    const controller = new AbortController();
    const promise = engine.execute(() => new Promise(() => undefined), { signal: controller.signal });
    controller.abort('stop');
    expect(await rejectionOf(promise)).toBe('stop');
    await rejectionOf(engine.execute(() => Promise.reject(new DOMException('x', 'AbortError'))));
    expect(shouldRetry).not.toHaveBeenCalled();
  });
});

describe('EDGE 10: a shouldRetry that misbehaves', () => {
  it.each<[string, unknown]>([
    ...FAULTS,
    ['returns NaN', () => Number.NaN],
    ['returns a string', () => 'yes'],
    ['returns null', () => null],
    ['resolves to a number', () => Promise.resolve(1)],
  ])('and %s leaves the built-in verdict, and is reported once', async (_how, shouldRetry) => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const fresh: ShouldRetry = (...parameters) => (shouldRetry as ShouldRetry)(...parameters);
    expect(await attemptsOf(fresh, [503, 503, 200])).toMatchObject({
      attempts: 3,
      end: 200,
    });
    expect(emitWarning).toHaveBeenCalledTimes(1);
    expect(emitWarning.mock.calls[0]).toMatchObject([
      expect.stringContaining('shouldRetry'),
      { type: 'TenaxWarning', code: 'TENAX_CALLBACK' },
    ]);
  });

  it.each<RetryOptions>([{}, { attemptTimeout: 100 }])(
    'and never settles is ended by the timeout, and so is what it reads of the answer, with %o',
    async (options) => {
      const { clock, engine } = virtualEngine({
        shouldRetry: () => new Promise(() => undefined),
        timeout: 500,
        ...options,
      });
      const exchange = new FakeExchange([200]);
      const cancel = vi.fn<() => void>();
      exchange.discard.mockReturnValue({ finished: Promise.resolve(), cancel });
      expect(await rejectionOf(clock.run(engine.run(exchange)))).toMatchObject({
        code: 'TENAX_OPERATION_TIMEOUT',
      });
      expect(cancel).toHaveBeenCalledTimes(1);
      expect(exchange.attempts[0]?.signal.aborted).toBe(true);
      expect([clock.now(), clock.pending]).toEqual([500, 0]);
    },
  );
});
