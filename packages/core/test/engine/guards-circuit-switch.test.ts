import { describe, expect, it, vi } from 'vitest';

import { CircuitOpenError } from '../../src/errors.ts';
import type { CircuitChangeEvent } from '../../src/events.ts';
import type { RetryOptions } from '../../src/options.ts';
import { guardedEngine } from '../guarded-request.ts';
import { rejectionOf } from '../virtual-engine.ts';

const OPEN_TIME = 1000;
const once = { minimumThroughput: 1, openTime: OPEN_TIME, openTimeJitter: 0, probes: 1 } as const;
/** An engine whose circuits one failure opens. */
const make = (options: RetryOptions = {}) => guardedEngine({ circuitBreaker: once, ...options });

describe('the circuit of a key', () => {
  it('engine.circuit tells the state of a key, and is no use of it', async () => {
    const { engine } = make();
    expect([engine.circuit(), engine.circuit('never seen')]).toEqual(['closed', 'closed']);
    expect(engine.guards.snapshot()).toEqual([]);
    await rejectionOf(engine.execute(() => Promise.reject(new Error('again'))));
    expect([engine.circuit(), engine.circuit('other')]).toEqual(['open', 'closed']);
  });

  it('without a circuit breaker it is closed, and has no switch', () => {
    const { engine } = guardedEngine();
    expect([engine.circuit(), engine.guards.circuitBreaker()]).toEqual(['closed', undefined]);
  });

  it('opens and closes by hand, and onCircuitChange hears all of it in order', async () => {
    const onCircuitChange = vi.fn<(event: CircuitChangeEvent) => void>();
    const { clock, engine } = make({ hooks: { onCircuitChange } });
    const breaker = engine.guards.circuitBreaker('k')!;
    breaker.open();
    await rejectionOf(engine.execute(() => 1, { key: 'k' }));
    breaker.close();
    await expect(engine.execute(() => 1, { key: 'k' })).resolves.toBe(1);
    await rejectionOf(engine.execute(() => Promise.reject(new Error('again')), { key: 'k' }));
    await clock.advance(OPEN_TIME);
    await engine.execute(() => 1, { key: 'k' });
    const changes = onCircuitChange.mock.calls.map(([{ from, key, to }]) => `${key}: ${from} → ${to}`);
    expect(changes).toEqual([
      'k: closed → open',
      'k: open → closed',
      'k: closed → open',
      'k: open → half-open',
      'k: half-open → closed',
    ]);
    expect(engine.guards.snapshot()).toMatchObject([
      { key: 'k', circuitBreaker: { state: 'closed', timesOpened: 2, refused: 1 } },
    ]);
  });

  it('a hook that throws changes nothing', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const onCircuitChange = (): never => {
      throw new Error('a fault of the hook');
    };
    const { engine } = make({ hooks: { onCircuitChange } });
    const error = await rejectionOf(engine.execute(() => Promise.reject(new Error('again'))));
    expect(error).toBeInstanceOf(CircuitOpenError);
    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockRestore();
  });
});
