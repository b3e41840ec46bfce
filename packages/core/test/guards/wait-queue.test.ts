import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Place, WaitQueue } from '../../src/guards/wait-queue.ts';

const push = (queue: WaitQueue<number>, value: number): Place<number> => {
  const place = new Place(value);
  queue.append(place);
  return place;
};

const drain = (queue: WaitQueue<number>): (number | undefined)[] => {
  const values: (number | undefined)[] = [];
  while (queue.length > 0) values.push(queue.shift());
  return values;
};

describe('a wait queue', () => {
  it('is first in, first out, and empty at the end', () => {
    const queue = new WaitQueue<number>();
    for (const value of [1, 2, 3]) push(queue, value);
    expect(queue.length).toBe(3);
    expect(drain(queue)).toEqual([1, 2, 3]);
    expect(queue.shift()).toBeUndefined();
    expect(queue.length).toBe(0);
  });

  it.each([
    ['the first', 0, [2, 3]],
    ['the middle', 1, [1, 3]],
    ['the last', 2, [1, 2]],
  ])('can be left from %s', (_, index, rest) => {
    const queue = new WaitQueue<number>();
    const places = [1, 2, 3].map((value) => push(queue, value));
    const place = places[index]!;
    expect(queue.delete(place)).toBe(true);
    expect(queue.delete(place)).toBe(false);
    expect(drain(queue)).toEqual(rest);
  });

  it('a place that was served is no longer taken', () => {
    const queue = new WaitQueue<number>();
    const place = push(queue, 1);
    queue.shift();
    expect(queue.delete(place)).toBe(false);
    push(queue, 2);
    expect(drain(queue)).toEqual([2]);
  });

  it('a place that was left holds on to nobody', () => {
    const queue = new WaitQueue<number>();
    const [, place = new Place(0)] = [1, 2, 3].map((value) => push(queue, value));
    queue.delete(place);
    expect(place).toMatchObject({ before: undefined, after: undefined });
  });

  it('behaves as an array does', () => {
    const step = fc.oneof(fc.constant('push' as const), fc.constant('shift' as const), fc.nat({ max: 50 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const queue = new WaitQueue<number>();
        const places: Place<number>[] = [];
        let model: number[] = [];
        const seen: unknown[] = [];
        const expected: unknown[] = [];
        for (const one of steps) {
          if (one === 'push') {
            model.push(places.length);
            places.push(push(queue, places.length));
          } else if (one === 'shift') {
            expected.push(model.shift());
            seen.push(queue.shift());
          } else if (one < places.length) {
            expected.push(model.includes(one));
            seen.push(queue.delete(places[one]!));
            model = model.filter((value) => value !== one);
          }
          expected.push(model.length, model[0]);
          seen.push(queue.length, queue.first?.value);
        }
        expect(seen).toEqual(expected);
        expect(drain(queue)).toEqual(model);
      }),
    );
  });
});
