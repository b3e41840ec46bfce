import { describe, expect, it, vi } from 'vitest';

import type { RetryOptions } from '../../src/options.ts';
import { throwing } from '../faulty-callbacks.ts';
import { codedError, rejectionOf, virtualEngine } from '../virtual-engine.ts';

const isFault = (error: unknown): boolean => (error as Error).message === 'fault';

class Busy extends Error {}
class Broken extends Busy {}

async function attemptsOf(options: RetryOptions, error: unknown, method?: string): Promise<number> {
  const { clock, engine } = virtualEngine(options);
  const send = vi.fn<() => Promise<never>>(() => Promise.reject(error));
  await rejectionOf(clock.run(engine.execute(send, { method })));
  return send.mock.calls.length;
}

describe('retryableErrors', () => {
  it('make an error retryable that would not be: by class, with its subclasses, or by predicate', async () => {
    expect(await attemptsOf({}, new TypeError('fault'))).toBe(1);
    expect(await attemptsOf({ retryableErrors: [TypeError] }, new TypeError('fault'))).toBe(3);
    expect(await attemptsOf({ retryableErrors: [isFault] }, new TypeError('fault'))).toBe(3);
    expect(await attemptsOf({ retryableErrors: [isFault] }, new TypeError('other'))).toBe(1);
  });

  it('do not make a POST idempotent', async () => {
    expect(await attemptsOf({ retryableErrors: [TypeError] }, new TypeError('fault'), 'POST')).toBe(1);
  });
});

describe('nonRetryableErrors', () => {
  it('end what would be retried, and win over retryableErrors', async () => {
    expect(await attemptsOf({ nonRetryableErrors: [Busy] }, new Broken('x'))).toBe(1);
    expect(await attemptsOf({ nonRetryableErrors: [Broken], retryableErrors: [Busy] }, new Broken('x'))).toBe(
      1,
    );
    expect(await attemptsOf({ nonRetryableErrors: [Broken], retryableErrors: [Busy] }, new Busy('x'))).toBe(
      3,
    );
  });
});

describe('EDGE 10: a predicate that throws', () => {
  it('counts as no match, and is reported once', async () => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    expect(await attemptsOf({ nonRetryableErrors: [() => throwing()] }, new Error('x'))).toBe(3);
    expect(emitWarning).toHaveBeenCalledTimes(1);
    emitWarning.mockRestore();
  });
});

describe('the method of a call', () => {
  it.each([
    ['GET', 3],
    ['get', 3],
    ['POST', 1],
    [undefined, 3],
  ])('%s: a lost connection leads to %d attempts', async (method, attempts) => {
    expect(await attemptsOf({}, codedError('ECONNRESET'), method)).toBe(attempts);
  });

  it('does not matter where nothing was sent', async () => {
    expect(await attemptsOf({}, codedError('ECONNREFUSED'), 'POST')).toBe(3);
  });
});
