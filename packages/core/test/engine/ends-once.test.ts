import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, it, onTestFinished, vi } from 'vitest';

import { BulkheadFullError, OperationTimeoutError } from '../../src/errors.ts';
import { FakeEventExchange } from '../fake-event-exchange.ts';
import { neverSettles, rejectionOf, virtualEngine } from '../virtual-engine.ts';

describe('EDGE 3: an operation ends once', () => {
  it('when onGiveUp aborts it, and the bulkhead is full', async () => {
    const unhandled = vi.fn<(error: unknown) => void>();
    process.on('unhandledRejection', unhandled);
    onTestFinished(() => void process.off('unhandledRejection', unhandled));
    const controller = new AbortController();
    const onGiveUp = vi.fn<() => void>(() => {
      controller.abort(new Error('one failed'));
    });
    const { engine } = virtualEngine({ bulkhead: { maxConcurrent: 1 }, hooks: { onGiveUp } });
    void engine.execute(() => neverSettles());
    const refused = engine.execute(() => 1, { signal: controller.signal });
    expect(await rejectionOf(refused)).toBeInstanceOf(BulkheadFullError);
    await sleep(1);
    expect(unhandled).not.toHaveBeenCalled();
    expect(onGiveUp).toHaveBeenCalledTimes(1);
    expect(engine.statistics.snapshot()).toMatchObject({ totalOperations: 1, results: { aborted: 0 } });
  });

  it('when its circuit opens and its caller aborts in the same tick', async () => {
    const onGiveUp = vi.fn<() => void>();
    const { clock, engine } = virtualEngine({ circuitBreaker: {}, hooks: { onGiveUp } });
    const controller = new AbortController();
    const promise = engine.execute(() => Promise.reject(new Error('again')), { signal: controller.signal });
    const rejection = rejectionOf(promise);
    await clock.advance(10);
    engine.guards.circuitBreaker()?.open();
    controller.abort('mine');
    expect(await rejection).toBe('mine');
    await clock.advance(0);
    expect(onGiveUp).toHaveBeenCalledTimes(1);
    expect(engine.statistics.snapshot()).toMatchObject({ totalOperations: 1, results: { aborted: 1 } });
  });

  it('when its time is up, and the client aborts it as soon as it hears of that', async () => {
    const onGiveUp = vi.fn<() => void>();
    const { clock, engine } = virtualEngine({ timeout: 100, hooks: { onGiveUp } });
    const exchange = new FakeEventExchange();
    exchange.onSend = ({ signal }) => {
      signal.addEventListener('abort', () => {
        exchange.operation?.abort('the client has heard');
      });
    };
    exchange.start(engine);
    await clock.advance(100);
    expect(exchange.failures).toEqual([expect.any(OperationTimeoutError)]);
    expect(onGiveUp).toHaveBeenCalledTimes(1);
    expect(engine.statistics.snapshot()).toMatchObject({ totalOperations: 1, results: { timeout: 1 } });
  });
});
