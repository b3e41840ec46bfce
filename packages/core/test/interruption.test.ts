import { describe, expect, it, vi } from 'vitest';

import { Interruptible, Interruption } from '../src/interruption.ts';
import type { Next, Wait } from '../src/interruption.ts';
import { deferred, neverSettles, rejectionOf } from './virtual-engine.ts';

class Waiter extends Interruptible {
  readonly interruptions: Interruption[] = [];

  goOn(next: Next): void {
    next(this);
  }

  ended(interruption: Interruption): void {
    this.interruptions.push(interruption);
  }
}

describe('something that is under way', () => {
  it("ends with the promise's own value or error", async () => {
    const interruptible = new Waiter();
    await expect(interruptible.race(Promise.resolve(7))).resolves.toBe(7);
    const error = new Error('own');
    expect(await rejectionOf(interruptible.race(Promise.reject(error)))).toBe(error);
  });

  it('ends with the interruption when that comes first', async () => {
    const interruptible = new Waiter();
    const raced = interruptible.race(neverSettles());
    const interruption = new Interruption('caller_aborted', 'why');
    interruptible.interrupt(interruption);
    expect(await rejectionOf(raced)).toBe(interruption);
  });

  it('takes an interruption when nothing is under way for nothing', () => {
    expect(() => {
      new Waiter().interrupt(new Interruption('caller_aborted'));
    }).not.toThrow();
  });

  it('swallows a late end', async () => {
    const interruptible = new Waiter();
    const value = deferred<string>();
    const raced = interruptible.race(value.promise);
    interruptible.interrupt(new Interruption('attempt_timeout'));
    value.reject(new Error('late'));
    expect(Interruption.is(await rejectionOf(raced))).toBe(true);
  });

  it('EDGE 3: gives one answer when value and interruption come in the same tick', async () => {
    const interruptible = new Waiter();
    const raced = interruptible.race(Promise.resolve('value'));
    const interruption = new Interruption('caller_aborted');
    interruptible.interrupt(interruption);
    expect(await rejectionOf(raced)).toBe(interruption);
  });
});

describe('a wait', () => {
  const waiting = () => {
    const waiter = new Waiter();
    const [cancel, next, givenUp] = [vi.fn<() => void>(), vi.fn<Next>(), vi.fn<() => void>()];
    return { waiter, cancel, next, givenUp };
  };
  const interruption = new Interruption('operation_timeout');

  it.each(['granted', 'refused', 'interrupted'] as const)('that is %s ends once, and is cancelled', (how) => {
    const { cancel, givenUp, next, waiter } = waiting();
    const begun: Wait[] = [];
    const begin = (wait: Wait) => {
      begun.push(wait);
      return { cancel };
    };
    waiter.waitFor(begin, next, givenUp);
    const endings = {
      granted: () => begun[0]?.granted(),
      refused: () => begun[0]?.refuse(interruption),
      interrupted: () => {
        waiter.interrupt(interruption);
      },
    };
    endings[how]();
    for (const ending of Object.values(endings)) ending();
    const expected = how === 'granted' ? [[[waiter]], 0, []] : [[], 1, [interruption]];
    expect([next.mock.calls, givenUp.mock.calls.length, waiter.interruptions]).toEqual(expected);
    expect(cancel).toHaveBeenCalledOnce();
  });

  it.each(['granted', 'refused'] as const)('that is %s within its beginning is cancelled, too', (how) => {
    const { cancel, givenUp, next, waiter } = waiting();
    const begin = (wait: Wait) => {
      if (how === 'granted') wait.grant();
      else wait.refuse(interruption);
      // Nothing is under way any more.
      waiter.interrupt(interruption);
      return { cancel };
    };
    waiter.waitFor(begin, next, givenUp);
    expect(next).toHaveBeenCalledTimes(how === 'granted' ? 1 : 0);
    expect(givenUp).toHaveBeenCalledTimes(how === 'granted' ? 0 : 1);
    expect(waiter.interruptions).toHaveLength(how === 'granted' ? 0 : 1);
    expect(cancel).toHaveBeenCalledOnce();
  });
});
