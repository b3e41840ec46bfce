import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';

import type { BackoffContext, BackoffSettings } from '../../src/backoff/backoff.ts';
import { nextDelay } from '../../src/backoff/delay.ts';
import { attemptNumbers, CASES, delays, fractions, multipliers } from './arbitraries.ts';

const STRATEGIES = ['fixed', 'linear', 'exponential', 'fibonacci', 'decorrelated'] as const;
const GROWING = ['fixed', 'linear', 'exponential', 'fibonacci'] as const;
const JITTERS = ['none', 'full', 'equal', { range: 0.1 }, { range: 1 }] as const;

const settingsOf = (settings: Partial<BackoffSettings> = {}): BackoffSettings => ({
  strategy: 'exponential',
  maxDelay: 20_000,
  multiplier: 2,
  jitter: 'none',
  ...settings,
});
const contextOf = (context: Partial<BackoffContext> = {}): BackoffContext => ({
  attemptNumber: 1,
  baseDelay: 100,
  previousDelay: 0,
  failureClass: 'transient',
  random: () => 0.5,
  ...context,
});

describe('every wait is a finite number from 0 to maxDelay', () => {
  it.each(STRATEGIES.flatMap((strategy) => JITTERS.map((jitter) => [strategy, jitter] as const)))(
    '%s with jitter %o, for every attempt number up to 1,000,000',
    (strategy, jitter) => {
      fc.assert(
        fc.property(
          attemptNumbers,
          delays,
          delays,
          delays,
          multipliers,
          fractions,
          (attemptNumber, baseDelay, maxDelay, previous, multiplier, fraction) => {
            const settings = settingsOf({ strategy, jitter, maxDelay, multiplier });
            const previousDelay = Math.min(previous, maxDelay);
            const wait = nextDelay(
              settings,
              contextOf({ attemptNumber, baseDelay, previousDelay, random: () => fraction }),
            );
            expect(Number.isFinite(wait) && wait >= 0 && wait <= maxDelay).toBe(true);
          },
        ),
        CASES,
      );
    },
  );
});

describe('without jitter a later wait is never shorter', () => {
  it.each(GROWING)('%s', (strategy) => {
    fc.assert(
      fc.property(attemptNumbers, delays, delays, multipliers, (number, baseDelay, maxDelay, multiplier) => {
        const settings = settingsOf({ strategy, maxDelay, multiplier });
        const wait = nextDelay(settings, contextOf({ attemptNumber: number, baseDelay }));
        const later = nextDelay(settings, contextOf({ attemptNumber: number + 1, baseDelay }));
        expect(later).toBeGreaterThanOrEqual(wait);
      }),
      CASES,
    );
  });

  it.each(['linear', 'exponential', 'fibonacci'] as const)('%s really grows until the cap', (strategy) => {
    const wait = (attemptNumber: number): number =>
      nextDelay(settingsOf({ strategy, maxDelay: 1e9 }), contextOf({ attemptNumber }));
    expect(wait(10)).toBeGreaterThan(wait(9));
  });
});

describe('decorrelated', () => {
  it('lies between the base and three times the wait before, within the cap', () => {
    const moderate = fc.double({ min: 0, max: 1e300, noNaN: true });
    fc.assert(
      fc.property(moderate, moderate, moderate, fractions, (baseDelay, maxDelay, previousDelay, fraction) => {
        const wait = nextDelay(
          settingsOf({ strategy: 'decorrelated', maxDelay }),
          contextOf({ baseDelay, previousDelay, random: () => fraction }),
        );
        expect(wait).toBeGreaterThanOrEqual(Math.min(baseDelay, maxDelay));
        expect(wait).toBeLessThanOrEqual(Math.min(3 * Math.max(baseDelay, previousDelay), maxDelay));
      }),
      CASES,
    );
  });

  it('takes no jitter besides its own', () => {
    const context = contextOf({ previousDelay: 400 });
    const waits = JITTERS.map((jitter) =>
      nextDelay(settingsOf({ strategy: 'decorrelated', jitter }), context),
    );
    expect(new Set(waits)).toEqual(new Set([650]));
  });
});

describe('jitter', () => {
  it.each([
    ['none', 800],
    ['full', 200],
    ['equal', 500],
    [{ range: 0.2 }, 720],
  ] as const)('%o is applied to the grown wait', (jitter, wait) => {
    expect(nextDelay(settingsOf({ jitter }), contextOf({ attemptNumber: 4, random: () => 0.25 }))).toBe(wait);
  });

  it('is applied after the cap, so that waits at the cap are spread too', () => {
    const context = contextOf({ attemptNumber: 1000, random: () => 0.25 });
    expect(nextDelay(settingsOf({ jitter: 'full' }), context)).toBe(5000);
  });

  it('draws no random number where there is none to draw', () => {
    const random = vi.fn<() => number>(() => 0.5);
    expect(nextDelay(settingsOf(), contextOf({ random }))).toBe(100);
    expect(nextDelay(settingsOf({ jitter: 'full' }), contextOf({ baseDelay: 0, random }))).toBe(0);
    expect(random).not.toHaveBeenCalled();
  });
});

describe('EDGE 9: attempt 2,000', () => {
  it.each(['linear', 'exponential', 'fibonacci'] as const)('of a %s policy waits maxDelay', (strategy) => {
    expect(nextDelay(settingsOf({ strategy, maxDelay: 5000 }), contextOf({ attemptNumber: 2000 }))).toBe(
      5000,
    );
  });
});
