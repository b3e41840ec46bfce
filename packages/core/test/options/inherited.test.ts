import { describe, expect, it, vi } from 'vitest';

import { createRetryEngine } from '../../src/engine.ts';
import type { RetryOptions } from '../../src/options.ts';
import { rejectionOf, virtualEngine } from '../virtual-engine.ts';

describe('options that are inherited', () => {
  it('hooks of a class are called', async () => {
    class Hooks {
      readonly #told = vi.fn<(attemptNumber: number) => void>();
      get told(): number {
        return this.#told.mock.calls.length;
      }
      onRetry({ attemptNumber }: { attemptNumber: number }): void {
        this.#told(attemptNumber);
      }
    }
    const hooks = new Hooks();
    const { clock, engine } = virtualEngine({ hooks });
    await rejectionOf(clock.run(engine.execute(() => Promise.reject(new Error('again')))));
    expect(hooks.told).toBe(2);
  });

  it.each<[string, RetryOptions, RetryOptions | undefined, number]>([
    ['the engine keeps them beside an override', Object.create({ maxAttempts: 5 }), { timeout: 60_000 }, 5],
    ['a request has them', {}, Object.create({ maxAttempts: 5 }), 5],
  ])('%s', async (_name, options, retry, attempts) => {
    const { clock } = virtualEngine();
    const inherited = Object.assign(Object.create(Object.getPrototypeOf(options) as object) as RetryOptions, {
      clock,
    });
    const send = vi.fn<() => Promise<never>>(() => Promise.reject(new Error('again')));
    await rejectionOf(clock.run(createRetryEngine(inherited).execute(send, { retry })));
    expect(send).toHaveBeenCalledTimes(attempts);
  });
});
