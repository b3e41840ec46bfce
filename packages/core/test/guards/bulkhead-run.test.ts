import { getEventListeners } from 'node:events';

import { describe, expect, it } from 'vitest';

import { BulkheadFullError } from '../../src/errors.ts';
import { createBulkhead } from '../../src/guards/bulkhead.ts';
import type { Bulkhead } from '../../src/guards/bulkhead.ts';
import type { BulkheadOptions } from '../../src/guards/guard-options.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import type { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { deferred, neverSettles, rejectionOf } from '../virtual-engine.ts';

const start = (options: BulkheadOptions): { bulkhead: Bulkhead; clock: VirtualClock } => {
  const clock = virtualClock();
  return { bulkhead: createBulkhead(options, { clock }), clock };
};

describe('the work that a bulkhead runs', () => {
  it('gives what the work gives, and its place back, however the work ends', async () => {
    const { bulkhead } = start({ maxConcurrent: 1 });
    expect(await bulkhead.run(() => 1)).toBe(1);
    expect(await bulkhead.run(() => Promise.resolve(2))).toBe(2);
    expect(await rejectionOf(bulkhead.run(() => Promise.reject(new Error('late'))))).toEqual(
      new Error('late'),
    );
    const thrown = bulkhead.run(() => {
      throw new Error('at once');
    });
    expect(await rejectionOf(thrown)).toEqual(new Error('at once'));
    expect(bulkhead.state).toEqual({ active: 0, queued: 0, refused: 0 });
  });

  it('never runs more than so much at once, and in order', async () => {
    const { bulkhead, clock } = start({ maxConcurrent: 3, maxQueue: 20 });
    const begun: number[] = [];
    let running = 0;
    let most = 0;
    const work = async (number: number): Promise<void> => {
      begun.push(number);
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => void clock.schedule(10 + (number % 4), resolve));
      running -= 1;
    };
    const numbers = Array.from({ length: 20 }, (_, index) => index);
    await clock.run(Promise.all(numbers.map((number) => bulkhead.run(() => work(number)))));
    expect(begun).toEqual(numbers);
    expect(most).toBe(3);
    expect(bulkhead.state.active).toBe(0);
  });

  it('is refused when the queue is full, and when a place does not come in time', async () => {
    const { bulkhead, clock } = start({ maxConcurrent: 1, maxQueue: 1, queueTimeout: 50 });
    void bulkhead.run(() => neverSettles());
    const late = rejectionOf(bulkhead.run(() => 'never'));
    const full = await rejectionOf(bulkhead.run(() => 'never'));
    expect(full).toBeInstanceOf(BulkheadFullError);
    expect(full).toMatchObject({
      code: 'TENAX_BULKHEAD_FULL',
      message: expect.stringContaining('1 operations'),
    });
    expect(await clock.run(late)).toMatchObject({
      code: 'TENAX_BULKHEAD_FULL',
      message: expect.stringContaining('50 ms'),
    });
    expect(bulkhead.state).toEqual({ active: 1, queued: 0, refused: 2 });
  });

  it('an abort ends the wait with its own reason, and leaves nothing behind', async () => {
    const { bulkhead, clock } = start({ maxConcurrent: 1, maxQueue: 1, queueTimeout: 50 });
    const busy = deferred<void>();
    const first = bulkhead.run(() => busy.promise);
    const controller = new AbortController();
    const reason = new Error('no longer wanted');
    const aborted = rejectionOf(bulkhead.run(() => 'never', { signal: controller.signal }));
    controller.abort(reason);
    expect(await aborted).toBe(reason);
    expect(bulkhead.state).toEqual({ active: 1, queued: 0, refused: 0 });
    expect(clock.pending).toBe(0);
    busy.resolve();
    await first;
    expect(bulkhead.state.active).toBe(0);
  });

  it('does not begin with a signal that has aborted, and does not mind an abort after the wait', async () => {
    const { bulkhead } = start({ maxConcurrent: 1, maxQueue: 1 });
    const signal = AbortSignal.abort(new Error('before'));
    expect(await rejectionOf(bulkhead.run(() => 'never', { signal }))).toEqual(new Error('before'));
    const controller = new AbortController();
    const busy = deferred<void>();
    const first = bulkhead.run(() => busy.promise);
    const second = bulkhead.run(() => 'done', { signal: controller.signal });
    busy.resolve();
    await first;
    controller.abort();
    expect(await second).toBe('done');
    expect(bulkhead.state).toEqual({ active: 0, queued: 0, refused: 0 });
  });
});

describe('EDGE 4: the signal of those who wait for a place in a bulkhead', () => {
  it('has one listener, however many they are, and none in the end', async () => {
    const { bulkhead } = start({ maxConcurrent: 1, maxQueue: 100 });
    const { signal } = new AbortController();
    const all = Array.from({ length: 20 }, () => bulkhead.run(() => Promise.resolve(), { signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await Promise.all(all);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});
