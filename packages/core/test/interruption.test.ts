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

  it('hands a late value on, and swallows a late error', async () => {
    const interruptible = new Interruptible();
    const late = vi.fn<(value: unknown) => void>();
    const value = deferred<string>();
    const raced = interruptible.race(value.promise, late);
    interruptible.interrupt(new Interruption('attempt_timeout'));
    value.resolve('late');
    await rejectionOf(raced);
    await value.promise;
    expect(late).toHaveBeenCalledExactlyOnceWith('late');

    const error = deferred<string>();
    const failing = interruptible.race(error.promise, late);
    interruptible.interrupt(new Interruption('attempt_timeout'));
    error.reject(new Error('late'));
    await rejectionOf(failing);
    expect(late).toHaveBeenCalledOnce();
  });

  it('does not hand on a value that came in time', async () => {
    const interruptible = new Interruptible();
    const late = vi.fn<(value: unknown) => void>();
    await interruptible.race(Promise.resolve(1), late);
    interruptible.interrupt(new Interruption('caller_aborted'));
    expect(late).not.toHaveBeenCalled();
  });

  it('EDGE 3: gives one answer when value and interruption come in the same tick', async () => {
    const interruptible = new Interruptible();
    const late = vi.fn<(value: unknown) => void>();
    const raced = interruptible.race(Promise.resolve('value'), late);
    const interruption = new Interruption('caller_aborted');
    interruptible.interrupt(interruption);
    expect(await rejectionOf(raced)).toBe(interruption);
    expect(late).toHaveBeenCalledExactlyOnceWith('value');
  });
});
