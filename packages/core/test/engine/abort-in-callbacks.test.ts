import { describe, expect, it, vi } from 'vitest';

import type { AttemptContext } from '../../src/exchange.ts';
import type { RetryOptions } from '../../src/options.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import { codedError, neverSettles, rejectionOf, virtualEngine } from '../virtual-engine.ts';

const failing = () => vi.fn<() => Promise<never>>(() => Promise.reject(new Error('again')));

async function run(options: (controller: AbortController) => RetryOptions) {
  const controller = new AbortController();
  const { clock, engine } = virtualEngine(options(controller));
  const send = failing();
  const error = await rejectionOf(clock.run(engine.execute(send, { signal: controller.signal })));
  return { clock, engine, error, send };
}

describe("the caller's abort in shouldRetry", () => {
  it('ends the operation while the answer is awaited', async () => {
    const { clock, error, send } = await run((controller) => ({
      shouldRetry: () => {
        queueMicrotask(() => {
          controller.abort('stop');
        });
        return neverSettles<boolean>();
      },
    }));
    expect(error).toBe('stop');
    expect(send).toHaveBeenCalledTimes(1);
    expect(clock.pending).toBe(0);
  });

  it('ends it at once where the answer never comes', async () => {
    const { clock, error } = await run((controller) => ({
      shouldRetry: () => {
        controller.abort('stop');
        return neverSettles<boolean>();
      },
    }));
    expect([error, clock.pending]).toEqual(['stop', 0]);
  });

  it.each([true, false, undefined])('ends it before anything follows the answer %s', async (answer) => {
    const onRetry = vi.fn<() => void>();
    const { clock, error, send } = await run((controller) => ({
      shouldRetry: () => {
        controller.abort('stop');
        return answer;
      },
      hooks: { onRetry },
    }));
    expect(error).toBe('stop');
    expect(onRetry).not.toHaveBeenCalled();
    expect(clock.now()).toBe(0);
    expect(send).toHaveBeenCalledTimes(1);
  });

  it('makes a late rejection of the answer harmless', async () => {
    const unhandled = vi.fn<(error: unknown) => void>();
    process.on('unhandledRejection', unhandled);
    const { error } = await run((controller) => ({
      shouldRetry: () =>
        new Promise<boolean>((_resolve, reject) => {
          controller.abort('stop');
          setImmediate(() => {
            reject(new Error('late'));
          });
        }),
    }));
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    process.off('unhandledRejection', unhandled);
    expect(error).toBe('stop');
    expect(unhandled).not.toHaveBeenCalled();
  });
});

describe("the caller's abort in beforeRetry", () => {
  it('EDGE "abort during a wait must also stop the next attempt": nothing is sent after a hook that aborts', async () => {
    const { error, send } = await run((controller) => ({
      hooks: {
        beforeRetry: () => {
          controller.abort('stop');
        },
      },
    }));
    expect(error).toBe('stop');
    expect(send).toHaveBeenCalledTimes(1);
  });

  it('ends it at once where the hook never ends', async () => {
    const { clock, error, send } = await run((controller) => ({
      hooks: {
        beforeRetry: () => {
          controller.abort('stop');
          return neverSettles<undefined>();
        },
      },
    }));
    expect([error, clock.pending]).toEqual(['stop', 0]);
    expect(send).toHaveBeenCalledTimes(1);
  });

  it('ends the operation while the hook is awaited', async () => {
    const { clock, error, send } = await run((controller) => ({
      hooks: {
        beforeRetry: () => {
          queueMicrotask(() => {
            controller.abort('stop');
          });
          return neverSettles<undefined>();
        },
      },
    }));
    expect(error).toBe('stop');
    expect(send).toHaveBeenCalledTimes(1);
    expect(clock.pending).toBe(0);
  });
});

describe("the caller's abort in another hook", () => {
  it.each(['onAttempt', 'onRetry'] as const)('%s ends the operation before the wait', async (name) => {
    const { clock, error, send } = await run((controller) => ({
      hooks: {
        [name]: () => {
          controller.abort('stop');
        },
      },
    }));
    expect(error).toBe('stop');
    expect(clock.now()).toBe(0);
    expect(send).toHaveBeenCalledTimes(1);
  });
});

describe("the caller's abort in a predicate of errors", () => {
  it.each([
    ['retryableErrors', {}],
    ['nonRetryableErrors', {}],
    ['retryableErrors', { hedge: { delay: 10, maxExtraLoad: 1 } }],
    ['nonRetryableErrors', { hedge: { delay: 10, maxExtraLoad: 1 } }],
    ['nonRetryableErrors', { shouldRetry: () => true }],
  ])(
    'of %s ends the operation once, with %o: each attempt has one end',
    async (name, options: RetryOptions) => {
      const controller = new AbortController();
      const onAttempt = vi.fn<() => void>();
      const { clock, engine } = virtualEngine({
        ...options,
        [name]: [
          () => {
            controller.abort('stop');
            return true;
          },
        ],
        hooks: { onAttempt },
      });
      const send = vi.fn<(attempt: AttemptContext) => Promise<never>>(
        () =>
          new Promise((_resolve, reject) => {
            clock.schedule(30, () => {
              reject(codedError('CERT_HAS_EXPIRED'));
            });
          }),
      );
      const promise = engine.execute(send, { signal: controller.signal });
      expect(await rejectionOf(clock.run(promise))).toBe('stop');
      expect(clock.now()).toBe(30);
      expect(onAttempt).toHaveBeenCalledTimes(send.mock.calls.length);
      expect(engine.statistics.snapshot()).toMatchObject({
        totalOperations: 1,
        totalAttempts: send.mock.calls.length,
        results: { aborted: 1 },
      });
    },
  );
});

describe("the caller's abort before the first attempt", () => {
  it.each([{}, { hooks: { onSuccess: () => undefined } }])(
    'in key: nothing is sent or counted as an attempt, with %o',
    async (options) => {
      const { engine, error, send } = await run((controller) => ({
        ...options,
        key: () => {
          controller.abort('stop');
          return 'mine';
        },
      }));
      expect(error).toBe('stop');
      expect(send).not.toHaveBeenCalled();
      expect(engine.statistics.snapshot()).toMatchObject({ totalOperations: 1, totalAttempts: 0 });
    },
  );

  it('in onCircuitChange: nothing is sent or counted as an attempt, and the probe is given back', async () => {
    const controller = new AbortController();
    const { clock, engine } = virtualEngine({
      circuitBreaker: { minimumThroughput: 1, openTime: 100, openTimeJitter: 0, probes: 1 },
      hooks: {
        onCircuitChange: ({ to }) => {
          if (to === 'half-open') controller.abort('stop');
        },
        onSuccess: () => undefined,
      },
    });
    const breaker = engine.guards.circuitBreaker()!;
    breaker.failed(breaker.tryAcquire()!, 1);
    await clock.advance(100);
    const send = failing();
    expect(await rejectionOf(engine.execute(send, { signal: controller.signal }))).toBe('stop');
    expect(send).not.toHaveBeenCalled();
    expect(engine.statistics.snapshot()).toMatchObject({ totalOperations: 1, totalAttempts: 0 });
    expect(breaker.tryAcquire()).toBeDefined();
  });
});

describe('an abort at the very end of a wait', () => {
  it('EDGE 1: never lets an attempt begin after it, in whichever turn of the microtasks it comes', async () => {
    for (let turns = 0; turns < 16; turns += 1) {
      const controller = new AbortController();
      const clock = virtualClock();
      const abortAfter = async (): Promise<void> => {
        for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
        controller.abort('stop');
      };
      const schedule = (delay: number, callback: () => void) =>
        clock.schedule(delay, () => {
          callback();
          void abortAfter();
        });
      const { engine } = virtualEngine({
        clock: { now: () => clock.now(), epoch: () => clock.epoch(), schedule },
        hooks: { beforeRetry: () => undefined },
      });
      const abortedBefore: boolean[] = [];
      const promise = engine.execute(
        () => {
          abortedBefore.push(controller.signal.aborted);
          return Promise.reject(new Error('again'));
        },
        { signal: controller.signal },
      );
      expect(await rejectionOf(clock.run(promise))).toBe('stop');
      expect(abortedBefore, `after ${turns} turns`).not.toContain(true);
    }
  });
});
