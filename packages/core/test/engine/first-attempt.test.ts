import { describe, expect, it } from 'vitest';

import { getRetryStatistics } from '../../src/attached-statistics.ts';
import type { AttemptContext } from '../../src/exchange.ts';
import type { RetryOptions } from '../../src/options.ts';
import type { RequestStatistics } from '../../src/record.ts';
import type { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { FakeEventExchange } from '../fake-event-exchange.ts';
import type { FakeOperation } from '../fake-event-exchange.ts';
import { FakeExchange } from '../fake-exchange.ts';
import type { FakeStep } from '../fake-exchange.ts';
import { response } from '../operation-driver.ts';
import { rejectionOf, virtualEngine } from '../virtual-engine.ts';

/** What the engine says of an operation. */
interface Ending {
  readonly settled: PromiseSettledResult<unknown>;
  readonly statistics: RequestStatistics | undefined;
  readonly sums: unknown;
}

/** Neither bounds nor guards anything here, but the engine can't know that: it makes an execution at once. */
const EXECUTION: RetryOptions = { timeout: 1e12 };

const ending = async (options: RetryOptions, make: () => FakeExchange): Promise<Ending> => {
  const { clock, engine } = virtualEngine(options);
  const [settled] = await Promise.allSettled([clock.run(engine.run(make()))]);
  const end: unknown = settled.status === 'fulfilled' ? settled.value : settled.reason;
  const statistics = getRetryStatistics(end as object);
  return { settled, statistics, sums: engine.statistics.snapshot() };
};

const scripted =
  (steps: readonly FakeStep[], more: object = {}) =>
  (): FakeExchange =>
    Object.assign(new FakeExchange(steps, { call: { id: 'it', method: 'GET' } }), more);

const fails = (): never => {
  throw new TypeError('no');
};

describe('an operation that begins as one attempt', () => {
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
    expect(await ending({}, make)).toEqual(await ending(EXECUTION, make));
  });

  it.each<RetryOptions>([
    {},
    { budget: false },
    { budget: { kind: 'tokens', capacity: 5, cost: 1, throttledCost: 1, refund: 1 } },
  ])('charges the budget %o as an execution does', async (options) => {
    const budgets = [options, { ...options, ...EXECUTION } as RetryOptions].map(async (each) => {
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
