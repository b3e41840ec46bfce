import { describe, expect, it } from 'vitest';

import { scriptedOperation } from '../../src/testing/scripted-operation.ts';
import { rejectionOf, virtualEngine } from '../virtual-engine.ts';

describe('a scripted operation', () => {
  it('throws errors, calls functions, and returns the rest', async () => {
    const { clock, engine } = virtualEngine({
      maxAttempts: 4,
      shouldRetry: (outcome) =>
        outcome.kind === 'error' || (outcome.kind === 'value' && outcome.value !== 'end'),
    });
    const seen: number[] = [];
    const operation = scriptedOperation<string>([
      new Error('first'),
      'second',
      (attempt) => {
        seen.push(attempt.number);
        throw new Error('third');
      },
      async () => Promise.resolve('end'),
    ]);
    await expect(clock.run(engine.execute(operation))).resolves.toBe('end');
    expect(seen).toEqual([3]);
    expect(operation.calls).toBe(4);
  });

  it('throws the very error of the step', async () => {
    const { engine } = virtualEngine({ maxAttempts: 1, throwOnExhausted: false });
    const error = new Error('mine');
    expect(await rejectionOf(engine.execute(scriptedOperation([error])))).toBe(error);
  });

  it('counts its calls from 0', () => {
    expect(scriptedOperation(['never']).calls).toBe(0);
  });

  it('refuses to go on beyond its script, in a way that is not retried', async () => {
    const { clock, engine } = virtualEngine();
    const operation = scriptedOperation([new Error('only')]);
    const error = await rejectionOf(clock.run(engine.execute(operation)));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: 'The script has 1 steps, and this is call number 2' });
    expect(operation.calls).toBe(2);
  });
});
