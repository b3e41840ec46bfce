import { describe, expect, it } from 'vitest';

import type { GuardSettings } from '../../src/guards/guard-options.ts';
import { SettingsCache } from '../../src/guards/settings-cache.ts';
import { resolvePolicy } from '../../src/policy.ts';
import { overridePolicy } from '../overridden-policy.ts';

const OPTIONS = {
  budget: { ratio: 0.1 },
  circuitBreaker: { probes: 2 },
  bulkhead: { maxConcurrent: 4 },
  pacer: { minRate: 2 },
  hedge: { delay: 50 },
} as const;
const GUARDS = ['budget', 'circuitBreaker', 'bulkhead', 'pacer', 'hedge'] as const;

const settingsOf = (options: object = OPTIONS): GuardSettings => resolvePolicy(options);

describe('settings that say the same are the same object', () => {
  it.each(GUARDS)("the engine's own, said once more: %s", (name) => {
    const own = settingsOf();
    const said = settingsOf();
    expect(said[name]).not.toBe(own[name]);
    expect(new SettingsCache(own).share(said)[name]).toBe(own[name]);
  });

  it.each(GUARDS)('those of two requests: %s', (name) => {
    const cache = new SettingsCache(settingsOf({ budget: false }));
    const first = cache.share(settingsOf())[name];
    expect(first).toEqual(settingsOf()[name]);
    expect(cache.share(settingsOf())[name]).toBe(first);
  });

  it('a default that is written out says the same', () => {
    const own = settingsOf({});
    const cache = new SettingsCache(own);
    expect(cache.share(settingsOf({ budget: { window: 10_000 } })).budget).toBe(own.budget);
  });

  it('different settings are different objects', () => {
    const cache = new SettingsCache(settingsOf());
    const one = cache.share(settingsOf({ bulkhead: { maxConcurrent: 1 } })).bulkhead;
    const other = cache.share(settingsOf({ bulkhead: { maxConcurrent: 2 } })).bulkhead;
    expect(one).not.toBe(other);
    expect(one).toMatchObject({ maxConcurrent: 1 });
  });

  it('a guard that is off stays off', () => {
    const off = Object.fromEntries(GUARDS.map((name) => [name, false]));
    const shared = new SettingsCache(settingsOf()).share(settingsOf(off));
    expect(GUARDS.map((name) => shared[name])).toEqual([false, false, false, false, false]);
  });

  it('everything else of a policy is left as it is, frozen', () => {
    const policy = overridePolicy({}, { maxAttempts: 7, bulkhead: { maxConcurrent: 1 } });
    const shared = new SettingsCache(settingsOf()).share(policy);
    expect(shared).toEqual(policy);
    expect(Object.isFrozen(shared)).toBe(true);
  });
});

describe('the memory of settings', () => {
  it("holds 256 of them, and never forgets the engine's own", () => {
    const own = settingsOf();
    const cache = new SettingsCache(own);
    const bulkheadOf = (maxConcurrent: number): unknown =>
      cache.share({ ...own, bulkhead: { maxConcurrent, maxQueue: 0, queueTimeout: undefined } }).bulkhead;
    const first = bulkheadOf(1000);
    for (let number = 1001; number < 1256; number += 1) bulkheadOf(number);
    expect(bulkheadOf(1000)).toBe(first);
    bulkheadOf(1256);
    expect(bulkheadOf(1000)).not.toBe(first);
    expect(bulkheadOf(4)).toBe(own.bulkhead);
  });
});
