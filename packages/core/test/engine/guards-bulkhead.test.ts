import { describe, expect, it, vi } from 'vitest';

import { BulkheadFullError, OperationTimeoutError } from '../../src/errors.ts';
import type { AttemptContext, Exchange } from '../../src/exchange.ts';
import type { RetryOptions } from '../../src/options.ts';
import { DRIVERS, guardedEngine, KEY } from '../guarded-request.ts';
import { FakeEventExchange } from '../fake-event-exchange.ts';
import { codedError, neverSettles, rejectionOf } from '../virtual-engine.ts';

const make = (bulkhead: RetryOptions['bulkhead'], options: RetryOptions = {}) => {
  const made = guardedEngine({ bulkhead, ...options });
  const places = () => {
    const [snapshot] = made.engine.guards.snapshot();
    return [snapshot?.bulkhead?.active, snapshot?.bulkhead?.queued];
  };
  return { ...made, places };
};

describe.each(DRIVERS)('the bulkhead, over %s', (driver, start) => {
  it('lets operations wait for a place, first in, first out', async () => {
    const { clock, engine, places } = make({ maxConcurrent: 1, maxQueue: 3 });
    const requests = [1, 2, 3, 4].map(() => start(engine));
    await clock.advance(0);
    expect(places()).toEqual([1, 3]);
    for (const [index, request] of requests.entries()) {
      expect(requests.map(({ sent }) => sent)).toEqual([0, 1, 2, 3].map((other) => +(other <= index)));
      request.answer(200);
      await clock.advance(10);
    }
    expect(requests.map(({ end }) => end)).toEqual([1, 2, 3, 4].map(() => ({ status: 200 })));
    expect([...places(), clock.pending]).toEqual([0, 0, 0]);
  });

  it('refuses an operation when its queue is full: nothing is sent', async () => {
    const { clock, ends, engine } = make({ maxConcurrent: 1, maxQueue: 1 });
    start(engine);
    start(engine);
    const request = start(engine);
    await clock.advance(0);
    const { error } = request.end as { error: BulkheadFullError };
    expect(error).toBeInstanceOf(BulkheadFullError);
    expect(error).toMatchObject({
      code: 'TENAX_BULKHEAD_FULL',
      message: 'All 1 places of the bulkhead are taken, and 1 operations wait already',
      statistics: { result: 'bulkhead_full', reason: 'bulkhead_full', attempts: [], totalDelay: 0 },
    });
    expect([request.sent, ends.length]).toEqual([0, 1]);
    expect(engine.statistics.snapshot().results.bulkhead_full).toBe(1);
    expect(engine.guards.snapshot()[0]?.bulkhead?.refused).toBe(1);
  });

  it('has no queue unless it is given one', async () => {
    const { clock, engine } = make({ maxConcurrent: 2 });
    const requests = [1, 2, 3].map(() => start(engine));
    await clock.advance(0);
    expect(requests.map(({ end }) => end === undefined)).toEqual([true, true, false]);
  });

  it('refuses an operation whose place does not come within queueTimeout', async () => {
    const { clock, engine, places } = make({ maxConcurrent: 1, maxQueue: 1, queueTimeout: 500 });
    const first = start(engine);
    const request = start(engine);
    await clock.advance(499);
    expect(request.end).toBeUndefined();
    await clock.advance(1);
    expect(request.end).toMatchObject({
      error: {
        message: 'No place in the bulkhead within its queue timeout of 500 ms',
        statistics: { result: 'bulkhead_full', reason: 'bulkhead_queue_timeout', totalDelay: 500 },
      },
    });
    expect([request.sent, clock.pending, ...places()]).toEqual([0, 0, 1, 0]);
    first.answer(200);
    await clock.advance(0);
    expect(places()).toEqual([0, 0]);
  });

  it('lets an aborted waiter go with the reason of its caller, and its place in the queue too', async () => {
    const { clock, ends, engine, places } = make({ maxConcurrent: 1, maxQueue: 1, queueTimeout: 500 });
    const first = start(engine);
    const controller = new AbortController();
    const aborted = start(engine, { signal: controller.signal });
    await clock.advance(100);
    controller.abort('my own reason');
    await clock.advance(0);
    expect(aborted.end).toEqual({ error: 'my own reason' });
    expect([aborted.sent, clock.pending, ...places()]).toEqual([0, 0, 1, 0]);
    expect(ends[0]?.statistics).toMatchObject({ result: 'aborted', reason: 'caller_aborted', attempts: [] });
    const next = start(engine);
    first.answer(200);
    await clock.advance(0);
    next.answer(200);
    await clock.advance(0);
    expect([next.end, ...places(), clock.pending]).toEqual([{ status: 200 }, 0, 0, 0]);
  });

  it('passes on a place whose owner is aborted in the moment that it comes', async () => {
    const { clock, engine, places } = make({ maxConcurrent: 1, maxQueue: 2 });
    const first = start(engine);
    const controller = new AbortController();
    const aborted = start(engine, { signal: controller.signal });
    const next = start(engine);
    await clock.advance(0);
    first.answer(200);
    // Over events the place has come by now; over promises it comes in this turn.
    if (driver === 'promises') await Promise.resolve();
    controller.abort('stop');
    await clock.advance(0);
    expect([aborted.end, aborted.sent, next.sent, ...places()]).toEqual([{ error: 'stop' }, 0, 1, 1, 0]);
    next.answer(200);
    await clock.advance(0);
    expect(places()).toEqual([0, 0]);
  });

  it('does not count the wait for a place into timeout', async () => {
    const { clock, engine } = make({ maxConcurrent: 1, maxQueue: 1 }, { timeout: 100, budget: false });
    const first = start(engine, { retry: { timeout: 1000 } });
    const request = start(engine);
    await clock.advance(500);
    first.answer(200);
    await clock.advance(99);
    expect([request.sent, request.end]).toEqual([1, undefined]);
    await clock.advance(1);
    const { error } = request.end as { error: OperationTimeoutError };
    expect(error).toBeInstanceOf(OperationTimeoutError);
    expect(error.statistics).toMatchObject({
      totalTime: 600,
      totalDelay: 500,
      attempts: [{ delayBefore: 500, responseTime: 100 }],
    });
    expect(clock.pending).toBe(0);
  });

  it('leaves an operation that waited for its place the whole of timeout for retries', async () => {
    const { clock, engine } = make({ maxConcurrent: 1, maxQueue: 1 }, { timeout: 200 });
    const first = start(engine, { retry: { timeout: 1000 } });
    const request = start(engine);
    await clock.advance(500);
    first.answer(200);
    await clock.advance(0);
    request.answer(503);
    await clock.advance(100);
    request.answer(200);
    await clock.advance(0);
    expect([request.sent, request.end]).toEqual([2, { status: 200 }]);
  });

  it('keeps the place of an operation while that waits for a retry', async () => {
    const { clock, engine, places } = make({ maxConcurrent: 1, maxQueue: 1 });
    const first = start(engine);
    const other = start(engine);
    await clock.advance(0);
    first.answer(503);
    await clock.advance(50);
    expect([other.sent, ...places()]).toEqual([0, 1, 1]);
    await clock.advance(50);
    first.answer(200);
    await clock.advance(0);
    expect([other.sent, ...places()]).toEqual([1, 1, 0]);
  });

  it.each<[string, (request: ReturnType<typeof start>, abort: () => void) => void]>([
    ['a success', (request) => request.answer(200)],
    ['a status', (request) => request.answer(404)],
    ['the last failure', (request) => request.fail(codedError('ECONNRESET'))],
    ['an abort', (_request, abort) => abort()],
  ])('gets its place back after %s', async (_what, end) => {
    const { clock, engine, places } = make({ maxConcurrent: 1 }, { maxAttempts: 1 });
    const controller = new AbortController();
    const request = start(engine, { signal: controller.signal });
    await clock.advance(0);
    expect(places()).toEqual([1, 0]);
    end(request, () => controller.abort());
    await clock.advance(0);
    expect([request.end === undefined, ...places(), clock.pending]).toEqual([false, 0, 0, 0]);
  });

  it('gets its place back after a timeout', async () => {
    const { clock, engine, places } = make({ maxConcurrent: 1 }, { timeout: 50 });
    start(engine);
    await clock.advance(50);
    expect([...places(), clock.pending]).toEqual([0, 0, 0]);
  });
});

describe('the bulkhead has all places back', () => {
  const fault = new TypeError('a fault of the exchange');
  const free = { bulkhead: { active: 0, queued: 0 } };

  it('when send throws', async () => {
    const { engine } = make({ maxConcurrent: 1 });
    const throwing = (): never => {
      throw fault;
    };
    expect(await rejectionOf(engine.execute(throwing, { key: KEY }))).toBe(fault);
    const exchange = new FakeEventExchange({ key: KEY });
    exchange.onSend = throwing;
    exchange.start(engine);
    expect(exchange.failures).toEqual([fault]);
    expect(engine.guards.snapshot()).toMatchObject([free]);
  });

  it('when begin throws', async () => {
    const { engine } = make({ maxConcurrent: 1 });
    const begin = (): never => {
      throw fault;
    };
    const send = vi.fn<(attempt: AttemptContext) => number>(() => 1);
    const exchange: Exchange<number> = { call: { key: KEY }, begin, send };
    expect(await rejectionOf(engine.run(exchange))).toBe(fault);
    const events = Object.assign(new FakeEventExchange({ key: KEY }), { begin });
    expect(() => events.start(engine)).toThrow(fault);
    await expect(engine.execute(() => 'in', { key: KEY })).resolves.toBe('in');
    expect([send.mock.calls.length, engine.guards.snapshot()]).toMatchObject([0, [free]]);
  });

  it('and an operation that was aborted before it began takes none', async () => {
    const { engine } = make({ maxConcurrent: 1 });
    const signal = AbortSignal.abort('stop');
    expect(await rejectionOf(engine.execute(() => neverSettles(), { signal }))).toBe('stop');
    await expect(engine.execute(() => 'in')).resolves.toBe('in');
  });
});
