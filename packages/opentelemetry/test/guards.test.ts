import { createRetryEngine, RetryConfigError } from '@tenax/core';
import { describe, expect, it } from 'vitest';

import { observeGuards } from '../src/index.ts';
import { startTelemetry } from './telemetry.ts';

const fails = (): never => {
  throw new Error('no');
};

describe('the guards of an engine', () => {
  it('are reported by key, each with what it holds and does', async () => {
    await using telemetry = startTelemetry();
    const engine = createRetryEngine({
      baseDelay: 0,
      maxAttempts: 2,
      circuitBreaker: { minimumThroughput: 2 },
      bulkhead: { maxConcurrent: 1 },
      pacer: {},
      hedge: { delay: 1000 },
    });
    using _ = observeGuards(engine);
    await engine.execute(fails, { key: 'a', method: 'GET' }).catch(() => undefined);
    const a = { 'tenax.key': 'a' };
    expect(await telemetry.points('tenax.budget.retries')).toEqual([
      [{ ...a, 'tenax.budget.decision': 'allowed' }, 1],
      [{ ...a, 'tenax.budget.decision': 'refused' }, 0],
    ]);
    expect(await telemetry.points('tenax.budget.available')).toEqual([[a, expect.any(Number)]]);
    expect(await telemetry.points('tenax.circuit.state')).toEqual([
      [{ ...a, 'tenax.circuit.state': 'closed' }, 0],
      [{ ...a, 'tenax.circuit.state': 'open' }, 1],
      [{ ...a, 'tenax.circuit.state': 'half-open' }, 0],
    ]);
    expect(await telemetry.points('tenax.circuit.failure_rate')).toEqual([[a, 1]]);
    expect(await telemetry.points('tenax.bulkhead.active')).toEqual([[a, 0]]);
    expect(await telemetry.points('tenax.pacer.queued')).toEqual([[a, 0]]);
    expect(await telemetry.points('tenax.hedge.sent')).toEqual([[a, 0]]);
    // Nothing limits it yet.
    expect(await telemetry.points('tenax.pacer.rate')).toEqual([]);
  });

  it('that are off are not reported', async () => {
    await using telemetry = startTelemetry();
    const engine = createRetryEngine({ budget: false });
    using _ = observeGuards(engine);
    await engine.execute(() => 1, { key: 'a' });
    expect(await telemetry.metricsText()).not.toMatch(/tenax\.(budget|circuit|bulkhead|pacer|hedge)\./u);
  });

  it('report the rate of a pacer that limits', async () => {
    await using telemetry = startTelemetry();
    const guards = { snapshot: () => [{ key: 'a', pacer: { rate: 5, measuredRate: 6, queued: 2 } }] };
    using _ = observeGuards({ guards: { ...guards, circuitBreaker: () => undefined } });
    expect(await telemetry.points('tenax.pacer.rate')).toEqual([[{ 'tenax.key': 'a' }, 5]]);
  });

  it('never take anything back from a counter, though the engine forgets keys', async () => {
    await using telemetry = startTelemetry();
    const engine = createRetryEngine({ baseDelay: 0, maxKeys: 2 });
    using _ = observeGuards(engine, { maxKeys: 1 });
    const allowed = async (): Promise<unknown> => {
      const points = await telemetry.points('tenax.budget.retries');
      const other = { 'tenax.key': '_other', 'tenax.budget.decision': 'allowed' };
      return points.find(([attributes]) => JSON.stringify(attributes) === JSON.stringify(other))?.[1];
    };
    await engine.execute(fails, { key: 'a' }).catch(() => undefined);
    await telemetry.points('tenax.budget.retries');
    for (const expected of [2, 4, 6, 8]) {
      await engine.execute(fails, { key: `k${expected}` }).catch(() => undefined);
      expect(await allowed()).toBe(expected);
    }
  });

  it('of many keys are added up beyond those that are named, where that makes sense', async () => {
    await using telemetry = startTelemetry();
    const engine = createRetryEngine({ circuitBreaker: {} });
    using _ = observeGuards(engine, { maxKeys: 1 });
    for (const key of ['a', 'b', 'c']) await engine.execute(() => 1, { key });
    engine.guards.circuitBreaker('c')?.open();
    const open = { 'tenax.circuit.state': 'open' };
    expect(await telemetry.points('tenax.circuit.state')).toEqual(
      expect.arrayContaining([
        [{ 'tenax.key': 'a', ...open }, 0],
        [{ 'tenax.key': '_other', ...open }, 1],
        [{ 'tenax.key': '_other', 'tenax.circuit.state': 'closed' }, 1],
      ]),
    );
    expect(await telemetry.points('tenax.circuit.failure_rate')).toEqual([[{ 'tenax.key': 'a' }, 0]]);
  });

  it('of several engines are told apart by name', async () => {
    await using telemetry = startTelemetry();
    for (const engine of ['one', 'two']) {
      const retrying = createRetryEngine();
      observeGuards(retrying, { engine });
      await retrying.execute(() => 1, { key: 'a' });
    }
    expect((await telemetry.points('tenax.budget.available')).map(([attributes]) => attributes)).toEqual([
      { 'tenax.key': 'a', 'tenax.engine': 'one' },
      { 'tenax.key': 'a', 'tenax.engine': 'two' },
    ]);
  });

  it('are asked until the handle is disposed of', async () => {
    await using telemetry = startTelemetry();
    let asked = 0;
    const guards = {
      snapshot: () => {
        asked += 1;
        return [{ key: 'a', budget: { available: asked, allowed: 0, refused: 0 } }];
      },
      circuitBreaker: () => undefined,
    };
    const handle = observeGuards({ guards }, { meterProvider: telemetry.meterProvider });
    expect(await telemetry.points('tenax.budget.available')).toEqual([[{ 'tenax.key': 'a' }, 1]]);
    handle[Symbol.dispose]();
    await telemetry.points('tenax.budget.available');
    expect(asked).toBe(1);
  });

  it.each([undefined, null, {}, () => undefined])('are not observed of %s, which is no engine', (value) => {
    expect(() => observeGuards(value as never)).toThrow(/^engine: given/u);
  });

  it.each([0, -1, 1.5, Number.NaN, '5'])('are not observed with maxKeys: %s', (maxKeys) => {
    expect(() => observeGuards(createRetryEngine(), { maxKeys: maxKeys as number })).toThrow(
      RetryConfigError,
    );
  });
});
