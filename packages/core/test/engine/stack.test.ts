import { describe, expect, it } from 'vitest';

import { RetryExhaustedError } from '../../src/errors.ts';
import { retry, withRetry } from '../../src/retry.ts';
import { neverSettles, rejectionOf, virtualEngine } from '../virtual-engine.ts';

/** The frame of this name must be in the stack of what is thrown, so that a reader finds the call. */
const expectCaller = (error: unknown, name: string): void => {
  expect((error as Error).stack).toMatch(new RegExp(`\\bat (?:async )?${name}\\b`, 'u'));
};

const again = (): Promise<never> => Promise.reject(new Error('again'));

describe('the stack of what is thrown names its caller', () => {
  it('RetryExhaustedError', async () => {
    const { clock, engine } = virtualEngine();
    async function callerOfExecute() {
      return await engine.execute(again);
    }
    const error = await rejectionOf(clock.run(callerOfExecute()));
    expect(error).toBeInstanceOf(RetryExhaustedError);
    expectCaller(error, 'callerOfExecute');
  });

  it('OperationTimeoutError, in an attempt and in a wait', async () => {
    for (const operation of [() => neverSettles(), again]) {
      const { clock, engine } = virtualEngine({ timeout: 150, hooks: { beforeRetry: () => neverSettles() } });
      const callerOfExecute = async () => await engine.execute(operation);
      const error = await rejectionOf(clock.run(callerOfExecute()));
      expect(error).toMatchObject({ code: 'TENAX_OPERATION_TIMEOUT' });
      expectCaller(error, 'callerOfExecute');
    }
  });

  it('AttemptTimeoutError', async () => {
    const { clock, engine } = virtualEngine({ attemptTimeout: 50, throwOnExhausted: false });
    const callerOfExecute = async () => await engine.execute(() => neverSettles());
    const error = await rejectionOf(clock.run(callerOfExecute()));
    expect(error).toMatchObject({ code: 'TENAX_ATTEMPT_TIMEOUT' });
    expectCaller(error, 'callerOfExecute');
  });

  it('through retry and withRetry', async () => {
    const options = { maxAttempts: 2, baseDelay: 0 };
    const callerOfRetry = async () => await retry(again, options);
    const error = await rejectionOf(callerOfRetry());
    expect(error).toBeInstanceOf(RetryExhaustedError);
    expectCaller(error, 'callerOfRetry');
    const wrapped = withRetry(again, options);
    const callerOfWrapped = async () => await wrapped();
    expectCaller(await rejectionOf(callerOfWrapped()), 'callerOfWrapped');
  });
});
