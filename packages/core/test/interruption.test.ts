import { describe, expect, it, vi } from 'vitest';

import { Interruptible, Interruption } from '../src/interruption.ts';
import { deferred, neverSettles, rejectionOf } from './virtual-engine.ts';

describe('something that is under way', () => {
  it("ends with the promise's own value or error", async () => {
    const interruptible = new Interruptible();
    await expect(interruptible.race(Promise.resolve(7))).resolves.toBe(7);
    const error = new Error('own');
    expect(await rejectionOf(interruptible.race(Promise.reject(error)))).toBe(error);
  });

  it('ends with the interruption when that comes first', async () => {
    const interruptible = new Interruptible();
    const raced = interruptible.race(neverSettles());
    const interruption = new Interruption('caller_aborted', 'why');
    interruptible.interrupt(interruption);
    expect(await rejectionOf(raced)).toBe(interruption);
  });

  it('takes an interruption when nothing is under way for nothing', () => {
    expect(() => {
      new Interruptible().interrupt(new Interruption('caller_aborted'));
    }).not.toThrow();
  });

  it('swallows a late end', async () => {
    const interruptible = new Interruptible();
    const value = deferred<string>();
    const raced = interruptible.race(value.promise);
    interruptible.interrupt(new Interruption('attempt_timeout'));
    value.reject(new Error('late'));
    expect(Interruption.is(await rejectionOf(raced))).toBe(true);
  });

  it('EDGE 3: gives one answer when value and interruption come in the same tick', async () => {
    const interruptible = new Interruptible();
    const raced = interruptible.race(Promise.resolve('value'));
    const interruption = new Interruption('caller_aborted');
    interruptible.interrupt(interruption);
    expect(await rejectionOf(raced)).toBe(interruption);
  });
});

describe('a wait', () => {
  const waiting = () => {
    const interruptible = new Interruptible();
    const [cancel, next, ended] = [
      vi.fn<() => void>(),
      vi.fn<() => void>(),
      vi.fn<(by: Interruption) => void>(),
    ];
    const calls: { granted?: () => void; refused?: (interruption: Interruption) => void } = {};
    const begin = (granted: () => void, refused: (interruption: Interruption) => void) => {
      Object.assign(calls, { granted, refused });
      return { cancel };
    };
    return { begin, calls, cancel, ended, interruptible, next };
  };
  const interruption = new Interruption('operation_timeout');

  it.each(['granted', 'refused', 'interrupted'] as const)('that is %s ends once, and is cancelled', (how) => {
    const { begin, calls, cancel, ended, interruptible, next } = waiting();
    interruptible.waitFor(begin, next, ended);
    const endings = {
      granted: () => calls.granted?.(),
      refused: () => calls.refused?.(interruption),
      interrupted: () => {
        interruptible.interrupt(interruption);
      },
    };
    endings[how]();
    for (const ending of Object.values(endings)) ending();
    const expected = how === 'granted' ? [1, []] : [0, [[interruption]]];
    expect([next.mock.calls.length, ended.mock.calls]).toEqual(expected);
    expect(cancel).toHaveBeenCalledWith();
  });

  it('that is granted within its beginning is cancelled, too', () => {
    const { cancel, ended, interruptible, next } = waiting();
    const begin = (granted: () => void) => {
      granted();
      return { cancel };
    };
    interruptible.waitFor(begin, next, ended);
    expect([next.mock.calls.length, cancel.mock.calls.length]).toEqual([1, 1]);
  });
});
