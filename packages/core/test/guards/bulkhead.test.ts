import { describe, expect, it } from 'vitest';

import { createBulkhead } from '../../src/guards/bulkhead.ts';
import type { Bulkhead } from '../../src/guards/bulkhead.ts';
import type { BulkheadOptions } from '../../src/guards/guard-options.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import type { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { refusalOf } from '../refusal.ts';

const start = (options: BulkheadOptions): { bulkhead: Bulkhead; clock: VirtualClock } => {
  const clock = virtualClock();
  return { bulkhead: createBulkhead(options, { clock }), clock };
};

describe('a bulkhead', () => {
  it('lets so many in and no more, and the next one when somebody leaves', () => {
    const { bulkhead } = start({ maxConcurrent: 2 });
    expect([bulkhead.tryEnter(), bulkhead.tryEnter(), bulkhead.tryEnter()]).toEqual([true, true, false]);
    bulkhead.leave();
    expect(bulkhead.tryEnter()).toBe(true);
    expect(bulkhead.state).toEqual({ active: 2, queued: 0, refused: 0 });
  });

  it('has no queue unless told so', () => {
    const { bulkhead } = start({ maxConcurrent: 1 });
    bulkhead.tryEnter();
    expect(bulkhead.wait(() => undefined)).toBeUndefined();
    expect(bulkhead.state).toEqual({ active: 1, queued: 0, refused: 1 });
  });

  it('lets so many wait, and refuses the next at once', () => {
    const { bulkhead } = start({ maxConcurrent: 1, maxQueue: 2 });
    bulkhead.tryEnter();
    const waits = [1, 2, 3].map(() => bulkhead.wait(() => undefined) !== undefined);
    expect(waits).toEqual([true, true, false]);
    expect(bulkhead.state).toEqual({ active: 1, queued: 2, refused: 1 });
  });

  it('hands its places on in the order of waiting, and nobody comes in between', () => {
    const { bulkhead } = start({ maxConcurrent: 1, maxQueue: 3 });
    bulkhead.tryEnter();
    const admitted: number[] = [];
    for (const number of [1, 2, 3]) bulkhead.wait(() => admitted.push(number));
    for (let left = 0; left < 3; left += 1) {
      bulkhead.leave();
      expect(bulkhead.tryEnter()).toBe(false);
    }
    expect(admitted).toEqual([1, 2, 3]);
    bulkhead.leave();
    expect(bulkhead.state).toEqual({ active: 0, queued: 0, refused: 0 });
  });

  it('a waiter that gives up is passed over, and its place in the queue is free', () => {
    const { bulkhead, clock } = start({ maxConcurrent: 1, maxQueue: 2, queueTimeout: 100 });
    bulkhead.tryEnter();
    const ended: string[] = [];
    const first = bulkhead.wait((admission) => ended.push(`first ${admission}`));
    bulkhead.wait((admission) => ended.push(`second ${admission}`));
    first?.cancel();
    first?.cancel();
    expect(bulkhead.wait((admission) => ended.push(`third ${admission}`))).toBeDefined();
    bulkhead.leave();
    bulkhead.leave();
    expect(ended).toEqual(['second admitted', 'third admitted']);
    expect(clock.pending).toBe(0);
  });

  it('a waiter that is cancelled after it was admitted keeps its place until it leaves', () => {
    const { bulkhead } = start({ maxConcurrent: 1, maxQueue: 1 });
    bulkhead.tryEnter();
    const waiting = bulkhead.wait(() => undefined);
    bulkhead.leave();
    waiting?.cancel();
    expect(bulkhead.state.active).toBe(1);
  });

  it('a waiter may leave as soon as it is admitted', () => {
    const { bulkhead } = start({ maxConcurrent: 1, maxQueue: 10 });
    bulkhead.tryEnter();
    const admitted: number[] = [];
    for (let number = 0; number < 10; number += 1) {
      bulkhead.wait(() => {
        admitted.push(number);
        bulkhead.leave();
      });
    }
    bulkhead.leave();
    expect(admitted).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(bulkhead.state).toMatchObject({ active: 0, queued: 0 });
  });

  it('a waiter of a bulkhead with a free place gets it', async () => {
    const { bulkhead, clock } = start({ maxConcurrent: 1, maxQueue: 1 });
    const ended: string[] = [];
    bulkhead.wait((admission) => ended.push(admission));
    await clock.advance(1);
    expect(ended).toEqual(['admitted']);
  });

  it('a waiter that gives up before it hears of its place leaves it free', async () => {
    const { bulkhead, clock } = start({ maxConcurrent: 1 });
    const ended: string[] = [];
    bulkhead.wait((admission) => ended.push(admission))?.cancel();
    await clock.advance(1);
    expect(ended).toEqual([]);
    expect(bulkhead.state).toEqual({ active: 0, queued: 0, refused: 0 });
  });
});

describe('the queue timeout', () => {
  it('ends a wait, and counts it as refused', async () => {
    const { bulkhead, clock } = start({ maxConcurrent: 1, maxQueue: 2, queueTimeout: 100 });
    bulkhead.tryEnter();
    const ended: string[] = [];
    bulkhead.wait((admission) => ended.push(`first ${admission}`));
    await clock.advance(60);
    bulkhead.wait((admission) => ended.push(`second ${admission}`));
    await clock.advance(39);
    expect(ended).toEqual([]);
    await clock.advance(1);
    expect(ended).toEqual(['first timed_out']);
    expect(bulkhead.state).toEqual({ active: 1, queued: 1, refused: 1 });
    bulkhead.leave();
    await clock.advance(1000);
    expect(ended).toEqual(['first timed_out', 'second admitted']);
    expect(clock.pending).toBe(0);
  });

  it('costs no timer where there is none', () => {
    const { bulkhead, clock } = start({ maxConcurrent: 1, maxQueue: 1 });
    bulkhead.tryEnter();
    bulkhead.wait(() => undefined);
    expect(clock.pending).toBe(0);
  });
});

describe('a bulkhead of its own is refused as the option is', () => {
  it.each([
    ['bulkhead.maxConcurrent', 'undefined', {}],
    ['bulkhead.maxConcurrent', '0', { maxConcurrent: 0 }],
    ['bulkhead.maxQueue', '-1', { maxConcurrent: 1, maxQueue: -1 }],
    ['bulkhead.queueTimeout', '5', { maxConcurrent: 1, queueTimeout: 5 }],
    ['bulkhead.maxConcurrent', 'undefined', undefined],
  ])('%s: %s', (path, given, options) => {
    expect(refusalOf(() => createBulkhead(options as BulkheadOptions))).toMatchObject({ path, given });
  });
});
