import { describe, expect, it } from 'vitest';

import { getRetryStatistics } from '../../src/attached-statistics.ts';
import type { AttemptRecord } from '../../src/record.ts';
import { scriptedOperation } from '../../src/testing/scripted-operation.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import { FakeExchange } from '../fake-exchange.ts';
import { deferred, rejectionOf, virtualEngine } from '../virtual-engine.ts';

const fails = (): Promise<never> => Promise.reject(new Error('again'));

describe('the statistics of one operation', () => {
  it('are beside its result', async () => {
    const { clock, engine } = virtualEngine();
    const row = { id: 1 };
    const operation = scriptedOperation<object>([new Error('once'), row]);
    expect(await clock.run(engine.execute(operation, { id: 'load', key: 'database' }))).toBe(row);
    expect(getRetryStatistics(row)).toMatchObject({
      id: 'load',
      key: 'database',
      result: 'success',
      totalTime: 100,
      totalDelay: 100,
      attempts: [
        { attemptNumber: 1, success: false, error: { name: 'Error', message: 'once' } },
        { attemptNumber: 2, success: true, delayBefore: 100 },
      ],
    });
    expect(getRetryStatistics(row)?.attempts[0]?.startTime).toBe(Date.UTC(2020, 0, 1));
  });

  it('name the origin of the URL, and the status', async () => {
    const { clock, engine } = virtualEngine();
    const response = await clock.run(engine.run(new FakeExchange([503, 200])));
    expect(getRetryStatistics(response)).toMatchObject({
      key: 'https://a.example',
      attempts: [{ status: 503 }, { status: 200 }],
    });
    expect(JSON.stringify(getRetryStatistics(response))).not.toContain('secret');
  });

  it('do not mix when operations run at the same time', async () => {
    const { clock, engine } = virtualEngine();
    const results = await Promise.all(
      [0, 1, 2].map((failures) =>
        clock.run(
          engine.execute(({ number }) => {
            if (number <= failures) throw new Error('again');
            return { failures };
          }),
        ),
      ),
    );
    expect(results.map((result) => getRetryStatistics(result)?.attempts.length)).toEqual([1, 2, 3]);
  });

  it('say of an attempt what its hook was told, though the wall clock knows whole ms alone', async () => {
    const virtual = virtualClock();
    const told: AttemptRecord[] = [];
    const { engine } = virtualEngine({
      clock: {
        now: () => virtual.now(),
        epoch: () => Math.floor(virtual.epoch()),
        schedule: (delay, callback) => virtual.schedule(delay, callback),
      },
      baseDelay: 100.3,
      hooks: { onAttempt: ({ attempt }) => void told.push(attempt) },
    });
    const operation = scriptedOperation<object>([new Error('1'), new Error('2'), {}]);
    const result = await virtual.run(engine.execute(operation));
    expect(told).toEqual(getRetryStatistics(result)?.attempts);
  });

  it('measure how long an attempt took', async () => {
    const { clock, engine } = virtualEngine();
    const slow = () =>
      new Promise<object>((resolve) => {
        clock.schedule(70, () => {
          resolve({});
        });
      });
    const result = await clock.run(engine.execute(slow));
    expect(getRetryStatistics(result)).toMatchObject({ totalTime: 70, attempts: [{ responseTime: 70 }] });
  });
});

describe('the statistics of an engine', () => {
  it('sum up every operation and attempt, once', async () => {
    const { clock, engine } = virtualEngine();
    await engine.execute(() => 'done');
    await clock.run(engine.execute(scriptedOperation([new Error('once'), 'done'])));
    await rejectionOf(clock.run(engine.execute(fails)));
    await rejectionOf(engine.execute(() => Promise.reject(new TypeError('fault'))));
    await rejectionOf(engine.execute(fails, { signal: AbortSignal.abort() }));
    await rejectionOf(clock.run(engine.execute(fails, { retry: { timeout: 50 } })));
    const snapshot = engine.statistics.snapshot();
    expect(snapshot).toMatchObject({
      totalOperations: 6,
      totalAttempts: 1 + 2 + 3 + 1 + 0 + 1,
      results: { success: 2, retry_exhausted: 1, non_retryable_error: 1, aborted: 1, timeout: 1 },
      failureClasses: { transient: 1 + 3 + 1, permanent: 1 },
      performanceImpact: { totalRetryOverhead: 100 + 300 },
      averageRetryTime: 200,
    });
    expect(snapshot.successRate).toBeCloseTo(2 / 6);
    expect(snapshot.retryPatterns.map(({ count }) => count)).toEqual([5, 2, 1]);
  });

  it('start again after a reset', async () => {
    const { engine } = virtualEngine();
    await engine.execute(() => 'done');
    engine.statistics.reset();
    expect(engine.statistics.snapshot()).toMatchObject({ totalOperations: 0, totalAttempts: 0 });
  });

  it('do not count an operation that has not ended', async () => {
    const { clock, engine } = virtualEngine();
    const promise = engine.execute(scriptedOperation([new Error('once'), 'done']));
    await clock.advance(50);
    expect(engine.statistics.snapshot()).toMatchObject({ totalOperations: 0, totalAttempts: 1 });
    await clock.run(promise);
    expect(engine.statistics.snapshot()).toMatchObject({ totalOperations: 1, totalAttempts: 2 });
  });
});

describe('the statistics of a destination', () => {
  it('say who fails', async () => {
    const { clock, engine } = virtualEngine({ maxAttempts: 2 });
    await engine.execute(() => 'done', { key: 'healthy' });
    await rejectionOf(clock.run(engine.execute(fails, { key: 'failing' })));
    expect(engine.statistics.snapshot().keys).toMatchObject([
      { key: 'healthy', successRate: 1, failureClasses: { transient: 0 } },
      { key: 'failing', successRate: 0, results: { retry_exhausted: 1 }, failureClasses: { transient: 2 } },
    ]);
  });

  it('are there without any guard', async () => {
    const { engine } = virtualEngine({ budget: false });
    await engine.run(new FakeExchange([200]));
    expect(engine.statistics.snapshot().keys).toMatchObject([{ key: 'https://a.example' }]);
    expect(engine.guards.snapshot()).toEqual([]);
  });

  it('count an operation that ended before it began', async () => {
    const { engine } = virtualEngine();
    await rejectionOf(engine.execute(() => 1, { key: 'never', signal: AbortSignal.abort() }));
    expect(engine.statistics.snapshot().keys).toMatchObject([{ key: 'never', results: { aborted: 1 } }]);
  });

  it('count an operation where it began, though its destination had to wait for room', async () => {
    const { clock, engine } = virtualEngine({ maxKeys: 1 });
    const pending = engine.execute(scriptedOperation([new Error('once'), 'done']), { key: 'slow' });
    for (let index = 0; index < 10; index += 1) await engine.execute(() => 1, { key: `other ${index}` });
    await clock.run(pending);
    const { keys, lastMinute, totalAttempts, totalOperations } = engine.statistics.snapshot();
    expect({ totalOperations, totalAttempts, lately: lastMinute.totalOperations }).toEqual({
      totalOperations: 11,
      totalAttempts: 12,
      lately: 11,
    });
    expect(keys).toHaveLength(1);
  });

  it('count once in the total, whichever of too many is forgotten first', async () => {
    const { engine } = virtualEngine({ maxKeys: 1 });
    const gates = ['a', 'b', 'c'].map((key) => {
      const gate = deferred<number>();
      return { end: gate.resolve, running: engine.execute(() => gate.promise, { key }) };
    });
    for (const { end, running } of [gates[1]!, gates[0]!, gates[2]!]) {
      end(1);
      await running;
    }
    expect(engine.statistics.snapshot()).toMatchObject({ totalOperations: 3, totalAttempts: 3 });
  });

  it('end with the last minute, and the total goes on', async () => {
    const { clock, engine } = virtualEngine();
    await engine.execute(() => 'done', { key: 'database' });
    await clock.advance(120_000);
    expect(engine.statistics.snapshot()).toMatchObject({
      totalOperations: 1,
      lastMinute: { totalOperations: 0 },
      keys: [{ key: 'database', totalOperations: 1, lastMinute: { totalOperations: 0 } }],
    });
  });

  it('start again after a reset', async () => {
    const { engine } = virtualEngine();
    await engine.execute(() => 'done', { key: 'database' });
    engine.statistics.reset();
    expect(engine.statistics.snapshot().keys).toEqual([]);
  });
});
