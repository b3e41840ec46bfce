import { describe, expect, it, vi } from 'vitest';

import { createRetryEngine } from '../../src/engine.ts';
import type { RetryOptions } from '../../src/options.ts';
import { resolvePolicy } from '../../src/policy.ts';
import { overridePolicy } from '../overridden-policy.ts';
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

/** The settings of a class: accessors, none of them a property of the instance. */
function accessorsOf(settings: object): object {
  const descriptors = Object.entries(settings).map(([name, value]: [string, unknown]) => [
    name,
    { get: () => value },
  ]);
  const prototype = Object.defineProperties({}, Object.fromEntries(descriptors) as PropertyDescriptorMap);
  return Object.create(prototype) as object;
}

describe('settings within an option that are inherited', () => {
  const settings: [string, object][] = [
    ['jitter', { range: 0.3 }],
    ['retryAfter', { max: 7, beyond: 'cap' }],
    ['replay', { maxBytes: 9 }],
    ['budget', { ratio: 0.7 }],
    ['budget', { kind: 'tokens', capacity: 9 }],
    ['circuitBreaker', { failureRate: 0.9, window: { calls: 50 } }],
    ['bulkhead', { maxConcurrent: 4, maxQueue: 2 }],
    ['pacer', { minRate: 3 }],
    ['hedge', { delay: 5 }],
  ];
  const engineOptions: RetryOptions = {
    retryAfter: { max: 100 },
    replay: { maxBytes: 100 },
    budget: { minPerSecond: 4 },
    circuitBreaker: { probes: 2 },
    bulkhead: { maxConcurrent: 10 },
    pacer: { minRate: 1 },
    hedge: { maxHedges: 2 },
  };

  it.each(settings)('%s of an engine', (name, own) => {
    expect(resolvePolicy({ [name]: accessorsOf(own) })).toEqual(resolvePolicy({ [name]: own }));
  });

  it.each(settings)('%s of a request, beside the settings of the engine', (name, own) => {
    expect(overridePolicy(engineOptions, { [name]: accessorsOf(own) })).toEqual(
      overridePolicy(engineOptions, { [name]: own }),
    );
  });

  it('errorCodes', () => {
    const errorCodes: unknown = Object.create({ EBUSY: 'transient' });
    expect(resolvePolicy({ errorCodes }).errorCodes).toHaveProperty('EBUSY', 'transient');
  });
});

describe('what was checked is what is used', () => {
  it('a value that is another one when it is read again', () => {
    let reads = 0;
    const options = {
      get maxAttempts() {
        reads += 1;
        return reads === 1 ? 5 : 'many';
      },
    };
    expect(resolvePolicy(options).maxAttempts).toBe(5);
  });
});
