import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { RetryExhaustedError } from '../../src/errors.ts';
import type { RetryOptions } from '../../src/options.ts';
import { rejectionOf, virtualEngine } from '../virtual-engine.ts';

beforeEach(() => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe('EDGE 10, 11: callbacks that misbehave', () => {
  it.each<[string, { attemptTimeout?: number }]>([
    ['alone', {}],
    ['with an attempt timeout', { attemptTimeout: 1000 }],
  ])('random throws, %s', async (_name, options) => {
    const random = (): never => {
      throw new Error('no entropy');
    };
    const { clock, engine } = virtualEngine({ ...options, jitter: 'full', random });
    const promise = engine.execute(() => Promise.reject(new Error('again')));
    expect(await rejectionOf(clock.run(promise))).toBeInstanceOf(RetryExhaustedError);
  });

  it.each<[string, (hostile: Error) => RetryOptions]>([
    ['shouldRetry', (hostile) => ({ shouldRetry: () => Promise.reject(hostile) })],
    ['beforeRetry', (hostile) => ({ hooks: { beforeRetry: () => Promise.reject(hostile) } })],
    [
      'onRetry',
      (hostile) => ({
        hooks: {
          onRetry: () => {
            throw hostile;
          },
        },
      }),
    ],
  ])('%s throws an error that throws when it is looked at', async (_name, options) => {
    const hostile = Object.defineProperty(new Error('hostile'), 'stack', {
      get() {
        throw new Error('its stack');
      },
    });
    const { clock, engine } = virtualEngine(options(hostile));
    const promise = engine.execute(() => Promise.reject(new Error('again')));
    expect(await rejectionOf(clock.run(promise))).toBeInstanceOf(RetryExhaustedError);
  });

  it('an error of ours that somebody froze stays the very same', async () => {
    const { engine } = virtualEngine();
    const frozen = Object.freeze(new RetryExhaustedError('mine'));
    expect(await rejectionOf(engine.execute(() => Promise.reject(frozen)))).toBe(frozen);
  });
});
