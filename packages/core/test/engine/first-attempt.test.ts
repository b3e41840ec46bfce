import { describe, expect, it, vi } from 'vitest';

import { getRetryStatistics } from '../../src/attached-statistics.ts';
import type { AttemptContext } from '../../src/exchange.ts';
import type { RetryOptions } from '../../src/options.ts';
import type { RequestStatistics } from '../../src/record.ts';
import type { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { FakeEventExchange } from '../fake-event-exchange.ts';
import type { FakeOperation } from '../fake-event-exchange.ts';
import { FakeExchange } from '../fake-exchange.ts';
import type { FakeResponse, FakeStep } from '../fake-exchange.ts';
import { response } from '../operation-driver.ts';
import { rejectionOf, virtualEngine } from '../virtual-engine.ts';

/** What the engine says of an operation. */
interface Ending {
  readonly settled: PromiseSettledResult<unknown>;
  readonly statistics: RequestStatistics | undefined;
  readonly timers: unknown;
  readonly sums: unknown;
  readonly guards: unknown;
}

/** Changes nothing here, but the engine can't know that: it makes an execution at once. */
const EXECUTION = { hooks: { onAttempt: () => undefined } } satisfies RetryOptions;

const ending = async (
  options: RetryOptions,
  make: (clock: VirtualClock) => FakeExchange,
): Promise<Ending> => {
  const { clock, engine } = virtualEngine(options);
  const [settled] = await Promise.allSettled([clock.run(engine.run(make(clock)))]);
  await clock.advance(10_000);
  const end: unknown = settled.status === 'fulfilled' ? settled.value : settled.reason;
  const statistics = typeof end === 'object' && end !== null ? getRetryStatistics(end) : (end as undefined);
  return {
    settled,
    statistics,
    timers: clock.pending,
    sums: engine.statistics.snapshot(),
    guards: engine.guards.snapshot(),
  };
};

const scripted =
  (steps: readonly FakeStep[], more: object = {}) =>
  (): FakeExchange =>
    Object.assign(new FakeExchange(steps, { call: { id: 'it', method: 'GET' } }), more);

const fails = (): never => {
  throw new TypeError('no');
};

/** What may bound a first attempt, without an end to it. */
const BOUNDS: readonly RetryOptions[] = [
  {},
  { timeout: 1e9 },
  { attemptTimeout: 1e9 },
  { timeout: 1e9, attemptTimeout: 1e6 },
  { circuitBreaker: {} },
  { timeout: 1e9, attemptTimeout: 1e6, circuitBreaker: { minimumThroughput: 1, window: { calls: 1 } } },
];

describe.each(BOUNDS)('an operation that begins as one attempt, with %o,', (bounds) => {
  it.each<[string, () => FakeExchange]>([
    ['succeeds at once', scripted([200])],
    ['succeeds at the second attempt', scripted([503, 200])],
    ['is retried after an error', scripted([Object.assign(new Error('reset'), { code: 'ECONNRESET' }), 200])],
    ['runs out of attempts', scripted([503, 503, 503])],
    ['is not retryable', scripted([404])],
    ['fails with an error that is not retryable', scripted([new TypeError('bug')])],
    ['throws at once', scripted([], { send: fails })],
    ['can not be described', scripted([200], { describe: fails })],
    ['can not begin', scripted([200], { begin: fails })],
    ['is asked for a wait', scripted([[429, { 'retry-after': '3' }], 200])],
    ['has a body that is gone', scripted([503], { replayable: false })],
    ['is no idempotent request', scripted([503], { call: { id: 'it', method: 'POST' } })],
    [
      'has an idempotency key',
      scripted([503, 200], { call: { id: 'it', method: 'POST' }, hasIdempotencyKey: true }),
    ],
    ['has a key and an id', scripted([200], { call: { id: 'mine', key: 'place' } })],
  ])('ends as it would in an execution: it %s', async (_, make) => {
    expect(await ending(bounds, make)).toEqual(await ending({ ...bounds, ...EXECUTION }, make));
  });
});

describe('a bounded operation that begins as one attempt', () => {
  const later = (clock: VirtualClock, delay: number, settle: () => FakeStep): Promise<FakeResponse> =>
    new Promise((resolve, reject) => {
      clock.schedule(delay, () => {
        const step = settle();
        if (step instanceof Error) reject(step);
        else resolve({ status: step as number, headers: {} });
      });
    });
  /** An exchange whose first attempt ends in this way, 60 ms after the start; the others succeed. */
  const slow =
    (settle: () => FakeStep, more: object = {}) =>
    (clock: VirtualClock): FakeExchange =>
      Object.assign(
        new FakeExchange([later(clock, 60, settle), 200, 200], { call: { id: 'it', method: 'GET' } }),
        more,
      );
  const aborted =
    (delay: number, settle: () => FakeStep) =>
    (clock: VirtualClock): FakeExchange => {
      const controller = new AbortController();
      clock.schedule(delay, () => {
        controller.abort('enough');
      });
      return Object.assign(slow(settle)(clock), {
        call: { id: 'it', method: 'GET', signal: controller.signal },
      });
    };
  const opened = { circuitBreaker: { minimumThroughput: 1, window: { calls: 1 }, openTime: 1e6 } };

  it.each<[string, RetryOptions, (clock: VirtualClock) => FakeExchange]>([
    ['answers in time', { attemptTimeout: 100, timeout: 1000 }, slow(() => 200)],
    ['answers after its attempt has timed out', { attemptTimeout: 50 }, slow(() => 200)],
    ['fails after its attempt has timed out', { attemptTimeout: 50 }, slow(() => new Error('late'))],
    ['answers after the operation has timed out', { timeout: 50 }, slow(() => 200)],
    ['fails after the operation has timed out', { timeout: 50 }, slow(() => new Error('late'))],
    ['has as much time for an attempt as for all', { attemptTimeout: 50, timeout: 50 }, slow(() => 200)],
    ['fails in time, with time for a retry', { timeout: 1000 }, slow(() => 503)],
    ['fails in time, without time for a retry', { timeout: 150 }, slow(() => 503)],
    ['is aborted during its attempt', {}, aborted(50, () => 200)],
    [
      'is aborted during its attempt, which then fails',
      { timeout: 1000 },
      aborted(50, () => new Error('late')),
    ],
    ['is aborted in the wait after it', { attemptTimeout: 100 }, aborted(100, () => 503)],
    ['is aborted when it has ended', { attemptTimeout: 100 }, aborted(100, () => 200)],
    ['opens its circuit by a failure', opened, slow(() => 503)],
    ['opens its circuit by being slow', { ...opened, attemptTimeout: 50 }, slow(() => 200)],
    ['says nothing of its destination', opened, aborted(50, () => 200)],
    ['throws at once', { timeout: 1000, ...opened }, slow(() => 200, { send: fails })],
    ['can not begin', { timeout: 1000, ...opened }, slow(() => 200, { begin: fails })],
  ])('ends as it would in an execution: it %s', async (_, options, make) => {
    const alone = await ending(options, make);
    expect(alone).toEqual(await ending({ ...options, ...EXECUTION }, make));
    expect(alone.timers).toBe(0);
  });

  it.each<[string, number]>([
    ['open', 1],
    ['half-open', 1e6],
  ])('is sent by an execution while its circuit is %s', async (state, wait) => {
    const runs = [opened, { ...opened, ...EXECUTION }].map(async (options) => {
      const { clock, engine } = virtualEngine({ ...options, maxAttempts: 1 });
      const settle = async (step: FakeStep): Promise<unknown> =>
        Promise.allSettled([clock.run(engine.run(new FakeExchange([step], { call: { id: 'it' } })))]);
      await settle(503);
      await clock.advance(wait);
      const circuit = engine.circuit('https://a.example');
      return {
        circuit,
        settled: await settle(200),
        guards: engine.guards.snapshot(),
        sums: engine.statistics.snapshot(),
      };
    });
    const [alone, executed] = await Promise.all(runs);
    expect(alone).toEqual(executed);
    expect(alone?.circuit).toBe(state);
  });

  it('lets go of its signal and of its destination, however it ends', async () => {
    const { engine } = virtualEngine({ maxKeys: 1 });
    const { signal } = new AbortController();
    const remove = vi.spyOn(signal, 'removeEventListener');
    const add = vi.spyOn(signal, 'addEventListener');
    const run = async (key: string, more: object): Promise<unknown> =>
      Promise.allSettled([
        engine.run(Object.assign(new FakeExchange([200]), { call: { key, signal } }, more)),
      ]);
    await run('succeeds', {});
    await run('throws', { send: fails });
    await run('can not begin', { begin: fails });
    expect(add.mock.calls.length).toBeGreaterThan(0);
    expect(remove.mock.calls.length).toBe(add.mock.calls.length);
    await run('last', {});
    expect(engine.statistics.snapshot().keys.map(({ key }) => key)).toEqual(['last']);
  });
});

describe('an operation that begins as one attempt', () => {
  it.each<RetryOptions>([
    {},
    { budget: false },
    { budget: { kind: 'tokens', capacity: 5, cost: 1, throttledCost: 1, refund: 1 } },
  ])('charges the budget %o as an execution does', async (options) => {
    const budgets = [options, { ...options, ...EXECUTION }].map(async (each) => {
      const { clock, engine } = virtualEngine(each);
      for (const steps of [[200], [503, 200], [503, 503, 503], [404], [200]]) {
        await Promise.allSettled([clock.run(engine.run(new FakeExchange(steps)))]);
      }
      return engine.guards.snapshot();
    });
    const [alone, executed] = await Promise.all(budgets);
    expect(alone).toEqual(executed);
  });

  it('has a number, no limit and no headers, and a signal that nothing aborts', async () => {
    const { engine } = virtualEngine();
    let seen: AttemptContext | undefined;
    await engine.execute((attempt) => void (seen = attempt));
    expect(seen).toMatchObject({ number: 1, remaining: Infinity, headers: undefined });
    expect(seen?.previous).toBeUndefined();
    expect(seen?.signal.aborted).toBe(false);
    expect(seen?.signal).toBe(seen?.signal);
  });

  it('has the same statistics at each look', async () => {
    const { engine } = virtualEngine();
    const result = await engine.execute(() => ({}));
    expect(getRetryStatistics(result)).toBe(getRetryStatistics(result));
  });

  it('is known to an operation around it, when it has given up', async () => {
    const { clock, engine } = virtualEngine();
    let calls = 0;
    const inner = (): Promise<never> =>
      engine.execute(() => {
        calls += 1;
        throw new Error('again');
      });
    await rejectionOf(clock.run(engine.execute(inner)));
    expect(calls).toBe(3);
  });
});

describe('an operation over events that begins as one attempt', () => {
  const coded = (code: string): Error => Object.assign(new Error(code), { code });

  it.each<[string, (operation: FakeOperation, clock: VirtualClock) => void | Promise<unknown>]>([
    [
      'succeeds at once',
      (operation) => {
        operation.responded(response(200));
      },
    ],
    [
      'is upgraded',
      (operation) => {
        operation.succeeded(101);
      },
    ],
    [
      'fails for good',
      (operation) => {
        operation.responded(response(404));
      },
    ],
    [
      'fails with an error',
      (operation) => {
        operation.failed(new TypeError('bug'));
      },
    ],
    [
      'is aborted',
      (operation) => {
        operation.abort('enough');
      },
    ],
    [
      'is aborted after its end',
      (operation) => {
        operation.responded(response(200));
        operation.abort('late');
      },
    ],
    [
      'is told of two ends',
      (operation) => {
        operation.responded(response(200));
        operation.failed(coded('ECONNRESET'));
      },
    ],
    [
      'is hurried',
      (operation) => {
        operation.hurry();
        operation.responded(response(200));
      },
    ],
    [
      'succeeds at the second attempt',
      async (operation, clock) => {
        operation.failed(coded('ECONNRESET'));
        await clock.advance(100);
        operation.responded(response(200));
      },
    ],
    [
      'is aborted in its wait',
      async (operation, clock) => {
        operation.responded(response(503));
        await clock.advance(50);
        operation.abort('enough');
      },
    ],
  ])('ends as it would in an execution: it %s', async (_, play) => {
    const endings = [{}, EXECUTION].map(async (options: RetryOptions) => {
      const { clock, engine } = virtualEngine(options);
      const exchange = new FakeEventExchange({ id: 'it', method: 'GET' });
      const operation = exchange.start(engine);
      const before = operation.statistics;
      await play(operation, clock);
      await clock.advance(1000);
      const { log, failures } = exchange;
      return { before, log, failures, statistics: operation.statistics, sums: engine.statistics.snapshot() };
    });
    const [alone, executed] = await Promise.all(endings);
    expect(alone).toEqual(executed);
  });

  it('keeps the id that it had before its end', () => {
    const { engine } = virtualEngine();
    const exchange = new FakeEventExchange();
    const operation = exchange.start(engine);
    const { id } = operation.statistics;
    operation.responded(response(200));
    expect(operation.statistics).toMatchObject({ id, result: 'success', attempts: [{ status: 200 }] });
    expect(operation.statistics).toBe(operation.statistics);
  });

  it('ends with what its client throws when it is asked to send', async () => {
    const { clock, engine } = virtualEngine({ maxAttempts: 1 });
    const exchange = new FakeEventExchange();
    const fault = new TypeError('no such dispatcher');
    exchange.onSend = () => {
      throw fault;
    };
    exchange.start(engine);
    await clock.advance(0);
    expect(exchange.failures).toEqual([fault]);
  });
});
