import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Exchange } from '../../src/exchange.ts';
import { deferred, rejectionOf, virtualEngine } from '../virtual-engine.ts';

const unhandled = vi.fn<(error: unknown) => void>();
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

beforeEach(() => {
  unhandled.mockClear();
  process.on('unhandledRejection', unhandled);
});
afterEach(async () => {
  await turns();
  process.off('unhandledRejection', unhandled);
});

describe('EDGE 3: an abort and an end in the same tick give exactly one answer', () => {
  type Step = 'abort' | 'resolve' | 'reject';
  const orders: [Step, Step][] = [
    ['abort', 'resolve'],
    ['resolve', 'abort'],
    ['abort', 'reject'],
    ['reject', 'abort'],
  ];

  it.each(orders)('%s, then %s', async (...steps) => {
    const { clock, engine } = virtualEngine({ maxAttempts: 1, throwOnExhausted: false });
    const controller = new AbortController();
    const { promise, reject, resolve } = deferred<string>();
    const answers: unknown[] = [];
    const discard = vi.fn<(value: string) => void>();
    const release = vi.fn<(failure?: { readonly reason: unknown }) => void>();
    const exchange: Exchange<string> = {
      call: { signal: controller.signal },
      send: () => promise,
      discard: (value) => {
        discard(value);
        return undefined;
      },
      release,
    };
    const settled = engine.run(exchange).then(
      (value) => answers.push(value),
      (error: unknown) => answers.push(error),
    );
    await turns();
    for (const step of steps) {
      if (step === 'abort') controller.abort('aborted');
      else if (step === 'resolve') resolve('value');
      else reject(new Error('own'));
    }
    await settled;
    await turns();
    expect(answers).toEqual(['aborted']);
    expect(discard.mock.calls).toEqual(steps.includes('resolve') ? [['value']] : []);
    expect(release).toHaveBeenCalledExactlyOnceWith({ reason: 'aborted' });
    expect(engine.statistics.snapshot()).toMatchObject({ totalOperations: 1, totalAttempts: 1 });
    expect(clock.pending).toBe(0);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it('an abort after the success changes nothing', async () => {
    const { engine } = virtualEngine();
    const controller = new AbortController();
    const value = await engine.execute(() => 'value', { signal: controller.signal });
    controller.abort();
    expect(value).toBe('value');
    expect(engine.statistics.snapshot().results).toMatchObject({ success: 1, aborted: 0 });
  });
});

describe('EDGE 13: what an abandoned attempt still brings', () => {
  it('is swallowed when it is an error', async () => {
    const { clock, engine } = virtualEngine({ attemptTimeout: 50, maxAttempts: 2 });
    const attempts = [deferred<string>(), deferred<string>()];
    const result = engine.execute((attempt) => attempts[attempt.number - 1]!.promise);
    await clock.advance(150);
    attempts[0]!.reject(new Error('late'));
    attempts[1]!.resolve('second');
    await expect(clock.run(result)).resolves.toBe('second');
    await turns();
    expect(unhandled).not.toHaveBeenCalled();
  });

  it('is discarded when it is a response, and does not become the answer', async () => {
    const { clock, engine } = virtualEngine({ attemptTimeout: 50, maxAttempts: 2 });
    const attempts = [deferred<string>(), deferred<string>()];
    const cancel = vi.fn<(value: string) => void>();
    const result = engine.run<string>({
      call: {},
      send: (attempt) => attempts[attempt.number - 1]!.promise,
      discard: (value) => ({ finished: Promise.resolve(), cancel: () => cancel(value) }),
    });
    await clock.advance(160);
    attempts[0]!.resolve('late');
    await turns();
    expect(cancel).toHaveBeenCalledExactlyOnceWith('late');
    attempts[1]!.resolve('second');
    await expect(clock.run(result)).resolves.toBe('second');
    expect(cancel).toHaveBeenCalledTimes(1);
  });

  it('comes too late after the total timeout and after an abort', async () => {
    const { clock, engine } = virtualEngine({ timeout: 50 });
    const controller = new AbortController();
    const [first, second] = [deferred<string>(), deferred<string>()];
    const late = rejectionOf(engine.execute(() => first.promise));
    const aborted = rejectionOf(engine.execute(() => second.promise, { signal: controller.signal }));
    controller.abort('stop');
    await clock.advance(50);
    first.reject(new Error('late'));
    second.reject(new Error('late'));
    await turns();
    expect(await late).toMatchObject({ code: 'TENAX_OPERATION_TIMEOUT' });
    expect(await aborted).toBe('stop');
    expect(unhandled).not.toHaveBeenCalled();
    expect(engine.statistics.snapshot().totalAttempts).toBe(2);
  });
});
