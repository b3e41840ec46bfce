import { describe, expect, it, vi } from 'vitest';

import type { AttemptContext } from '../../src/exchange.ts';
import { AttemptTimeoutError, RetryExhaustedError } from '../../src/errors.ts';
import { codedError, neverSettles, rejectionOf, virtualEngine } from '../virtual-engine.ts';

describe('attempts beside each other', () => {
  it('an answer that came within attemptTimeout stays, however long shouldRetry thinks about it', async () => {
    const { clock, engine } = virtualEngine({
      attemptTimeout: 50,
      hedge: { delay: 40, maxExtraLoad: 1 },
      shouldRetry: () =>
        new Promise(
          (resolve) =>
            void clock.schedule(120, () => {
              resolve(undefined);
            }),
        ),
    });
    const send = vi.fn<(attempt: AttemptContext) => Promise<string>>(({ number }) =>
      number === 1 ? Promise.resolve('first') : neverSettles(),
    );
    expect(await clock.run(engine.execute(send))).toBe('first');
    expect(clock.now()).toBe(120);
    expect(clock.pending).toBe(0);
  });

  it('none is sent without a limit of its time, once attemptTimeout has passed while shouldRetry thought', async () => {
    const { clock, engine } = virtualEngine({
      attemptTimeout: 50,
      hedge: { delay: 'p95', maxExtraLoad: 1 },
      shouldRetry: () =>
        new Promise(
          (resolve) =>
            void clock.schedule(120, () => {
              resolve(undefined);
            }),
        ),
    });
    const ending = engine.execute(({ number }) =>
      number === 1 ? Promise.reject(codedError('ECONNRESET')) : neverSettles(),
    );
    const error = await rejectionOf(clock.run(ending));
    expect(error).toBeInstanceOf(RetryExhaustedError);
    expect((error as RetryExhaustedError).cause).toBeInstanceOf(AttemptTimeoutError);
  });

  it.each(['onAttempt', 'onRetry'] as const)(
    'one that %s keeps from being sent is in no record, and no hook is called after the end',
    async (name) => {
      const controller = new AbortController();
      const told: string[] = [];
      const { clock, engine } = virtualEngine({
        hedge: { delay: 20, maxExtraLoad: 10 },
        maxAttempts: 4,
        hooks: {
          onAttempt: ({ attempt }) => {
            told.push(`attempt ${attempt.attemptNumber}`);
            if (name === 'onAttempt' && attempt.attemptNumber === 3) controller.abort('stop');
          },
          onRetry: ({ attemptNumber }) => {
            told.push(`retry ${attemptNumber}`);
            if (name === 'onRetry' && attemptNumber === 4) controller.abort('stop');
          },
          onGiveUp: ({ statistics }) => {
            told.push(`end of ${statistics.attempts.length}`);
            expect(statistics.totalDelay).toBe(200);
          },
        },
      });
      const failing = async (): Promise<never> => {
        await new Promise<void>((resolve) => void clock.schedule(5, resolve));
        throw codedError('ECONNRESET');
      };
      const ending = engine.execute(failing, { signal: controller.signal });
      expect(await rejectionOf(clock.run(ending))).toBe('stop');
      const hook = name === 'onRetry' ? ['retry 4'] : [];
      const before = ['retry 2', 'attempt 1', 'attempt 2', 'retry 3', 'attempt 3'];
      expect(told.toSorted()).toEqual([...before, ...hook, 'end of 3'].toSorted());
      expect(told.at(-1)).toBe('end of 3');
      expect(clock.pending).toBe(0);
    },
  );

  it('each has headers of its own', async () => {
    const { clock, engine } = virtualEngine({ attemptHeaders: true, hedge: { delay: 20, maxExtraLoad: 1 } });
    const sent: [number, string | null | undefined][] = [];
    const later = async (attempt: AttemptContext): Promise<void> => {
      await new Promise<void>((resolve) => void clock.schedule(40, resolve));
      sent.push([attempt.number, attempt.headers?.get('x-retry-attempt')]);
    };
    await clock.run(engine.execute(later));
    expect(sent).toEqual([[1, '1']]);
  });
});
