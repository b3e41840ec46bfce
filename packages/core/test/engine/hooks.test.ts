import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { EndEvent, RetryHooks } from '../../src/events.ts';
import { scriptedOperation } from '../../src/testing/scripted-operation.ts';
import { FAULTS, thenable, throwing } from '../faulty-callbacks.ts';
import { FakeExchange } from '../fake-exchange.ts';
import { deferred, rejectionOf, virtualEngine } from '../virtual-engine.ts';

const NAMES = ['onAttempt', 'onRetry', 'beforeRetry', 'onSuccess', 'onGiveUp'] as const;

/** Hooks that note their names with the attempt that is under way. */
function notingHooks(): { hooks: RetryHooks; notes: string[] } {
  const notes: string[] = [];
  const hooks = Object.fromEntries(NAMES.map((name) => [name, () => void notes.push(name)])) as RetryHooks;
  return { hooks, notes };
}

const emitWarning = vi.spyOn(process, 'emitWarning');
beforeEach(() => {
  emitWarning.mockReset().mockImplementation(() => undefined);
});
afterEach(() => {
  emitWarning.mockReset();
});

describe('the hooks', () => {
  it('are called in order: onAttempt, onRetry, the wait, beforeRetry, the attempt … onSuccess', async () => {
    const { hooks, notes } = notingHooks();
    const { clock, engine } = virtualEngine({ hooks });
    const operation = ({ number }: { number: number }): string => {
      notes.push(`attempt ${number} at ${clock.now()}`);
      if (number < 2) throw new Error('again');
      return 'done';
    };
    const promise = engine.execute(operation);
    await clock.advance(99);
    notes.push('still waiting');
    await clock.run(promise);
    expect(notes).toEqual([
      'attempt 1 at 0',
      'onAttempt',
      'onRetry',
      'still waiting',
      'beforeRetry',
      'attempt 2 at 100',
      'onAttempt',
      'onSuccess',
    ]);
  });

  it('end with onGiveUp in every other ending, once', async () => {
    const endings: [string, (engine: ReturnType<typeof virtualEngine>['engine']) => Promise<unknown>][] = [
      ['exhausted', (engine) => engine.execute(() => Promise.reject(new Error('again')))],
      ['permanent', (engine) => engine.execute(() => Promise.reject(new TypeError('fault')))],
      ['aborted', (engine) => engine.execute(() => 1, { signal: AbortSignal.abort() })],
      [
        'timed out',
        (engine) => engine.execute(() => new Promise(() => undefined), { retry: { timeout: 5 } }),
      ],
      ['a bad status', (engine) => engine.run(new FakeExchange([404]))],
    ];
    for (const [what, run] of endings) {
      const { hooks, notes } = notingHooks();
      const { clock, engine } = virtualEngine({ hooks });
      await clock.run(run(engine).catch(() => undefined));
      const ends = notes.filter((name) => name === 'onGiveUp' || name === 'onSuccess');
      expect([what, ends, notes.at(-1)]).toEqual([what, ['onGiveUp'], 'onGiveUp']);
    }
  });

  it('are not called for retries and waits that do not come', async () => {
    const { hooks, notes } = notingHooks();
    await virtualEngine({ hooks }).engine.execute(() => 'done');
    expect(notes).toEqual(['onAttempt', 'onSuccess']);
  });

  it('are told who, which attempt, how long and why', async () => {
    const events = Object.fromEntries(NAMES.map((name) => [name, vi.fn<(event: unknown) => void>()]));
    const { clock, engine } = virtualEngine({ hooks: events });
    const exchange = new FakeExchange([[429, { 'retry-after': '0' }], 200], { call: { id: 'job' } });
    await clock.run(engine.run(exchange));
    const who = { id: 'job', key: 'https://a.example' };
    expect(events['onAttempt']!.mock.calls).toMatchObject([
      [{ ...who, attempt: { attemptNumber: 1, status: 429, reason: 'throttled', hint: 0 } }],
      [{ ...who, attempt: { attemptNumber: 2, status: 200, success: true } }],
    ]);
    expect(events['onRetry']!.mock.calls).toEqual([
      [{ ...who, attemptNumber: 2, delay: 1000, reason: 'throttled', failureClass: 'throttled', hint: 0 }],
    ]);
    expect(events['beforeRetry']!.mock.calls).toEqual([
      [{ ...who, attemptNumber: 2, reason: 'throttled', status: 429, headers: expect.any(Headers) }],
    ]);
    expect(events['onSuccess']!.mock.calls).toMatchObject([[{ ...who, statistics: { result: 'success' } }]]);
    expect(JSON.stringify(Object.values(events).map(({ mock }) => mock.calls))).not.toContain('secret');
  });

  it('the statistics of the last event are those of the result', async () => {
    const onGiveUp = vi.fn<(event: EndEvent) => void>();
    const { clock, engine } = virtualEngine({ hooks: { onGiveUp } });
    const error = await rejectionOf(clock.run(engine.execute(() => Promise.reject(new Error('again')))));
    expect(onGiveUp.mock.calls[0]?.[0].statistics).toBe((error as { statistics?: unknown }).statistics);
  });
});

describe('beforeRetry', () => {
  it('is awaited', async () => {
    const gate = deferred<undefined>();
    const { clock, engine } = virtualEngine({ hooks: { beforeRetry: () => gate.promise } });
    const operation = scriptedOperation([new Error('once'), 'done']);
    const promise = engine.execute(operation);
    await clock.advance(5000);
    expect(operation.calls).toBe(1);
    gate.resolve(undefined);
    await expect(clock.run(promise)).resolves.toBe('done');
  });

  it('is awaited when it returns another kind of thenable, whose then returns nothing', async () => {
    let settle: (() => void) | undefined;
    const beforeRetry = () =>
      thenable((resolve) => {
        settle = () => {
          resolve(undefined);
        };
      });
    const { clock, engine } = virtualEngine({ hooks: { beforeRetry } });
    const operation = scriptedOperation([new Error('once'), 'done']);
    const promise = engine.execute(operation);
    await clock.advance(5000);
    expect(operation.calls).toBe(1);
    settle?.();
    await expect(clock.run(promise)).resolves.toBe('done');
  });

  it('changes the headers of the next attempt and of all later ones', async () => {
    const { clock, engine } = virtualEngine({
      hooks: {
        beforeRetry: ({ attemptNumber, headers }) => {
          if (attemptNumber === 2) headers.set('authorization', 'Bearer fresh');
        },
      },
    });
    const exchange = new FakeExchange([503, 503, 200]);
    await clock.run(engine.run(exchange));
    const fresh = { authorization: 'Bearer fresh' };
    expect(exchange.sentHeaders).toEqual([{}, fresh, fresh]);
  });
});

describe('a hook that throws', () => {
  for (const name of NAMES) {
    it.each(FAULTS)(`EDGE "a callback that throws": ${name} that %s changes nothing`, async (_how, fault) => {
      const hook = (): unknown => fault();
      const { clock, engine } = virtualEngine({ hooks: { [name]: hook } });
      for (const script of [[new Error('once'), 'done'], [new TypeError('fault')]]) {
        const end = await clock.run(
          engine.execute(scriptedOperation(script)).catch((error: unknown) => error),
        );
        expect(end).toBe(script.at(-1));
      }
      await clock.advance(0);
      expect(emitWarning).toHaveBeenCalledTimes(1);
      expect(emitWarning.mock.calls[0]).toMatchObject([
        `The hook ${name} failed; the request goes on without it`,
        { type: 'TenaxWarning', code: 'TENAX_CALLBACK' },
      ]);
    });
  }

  it('is reported once, however often it throws, and each hook by itself', async () => {
    const { clock, engine } = virtualEngine({
      hooks: { onAttempt: () => throwing(), onRetry: () => throwing() },
    });
    for (let run = 0; run < 5; run += 1)
      await rejectionOf(clock.run(engine.execute(() => Promise.reject(new Error('x')))));
    expect(emitWarning).toHaveBeenCalledTimes(2);
  });
});
