import { describe, expect, it, vi } from 'vitest';

import type { AttemptContext } from '../../src/exchange.ts';
import { neverSettles, virtualEngine } from '../virtual-engine.ts';

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
