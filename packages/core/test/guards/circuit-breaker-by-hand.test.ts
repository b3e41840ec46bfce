import { describe, expect, it } from 'vitest';

import { createCircuitBreaker } from '../../src/guards/circuit-breaker.ts';
import type { CircuitBreakerOptions } from '../../src/guards/guard-options.ts';
import { manualClock } from './manual-clock.ts';

const OPEN_TIME = 100;

/** A breaker that one failure opens. */
const make = (options: CircuitBreakerOptions = {}) => {
  const clock = manualClock();
  const settings = { minimumThroughput: 1, openTime: OPEN_TIME, openTimeJitter: 0, ...options };
  const breaker = createCircuitBreaker(settings, { clock, random: () => 0 });
  const changes: string[] = [];
  breaker.subscribe((to, from) => void changes.push(`${from} → ${to}`));
  const halfOpen = (): void => {
    breaker.failed(breaker.tryAcquire()!, 1);
    clock.time += OPEN_TIME;
  };
  return { breaker, changes, clock, halfOpen };
};

describe('by hand', () => {
  it('stays open until it is closed', () => {
    const { breaker, changes, clock } = make();
    breaker.open();
    clock.time += 1e12;
    expect(breaker.tryAcquire()).toBeUndefined();
    expect(breaker.metrics).toMatchObject({ state: 'open', opensFor: Infinity });
    breaker.close();
    expect(breaker.tryAcquire()).toBeDefined();
    expect(changes).toEqual(['closed → open', 'open → closed']);
  });

  it('open makes an open time without end, and tells nobody twice', () => {
    const { breaker, changes, clock, halfOpen } = make();
    halfOpen();
    breaker.open();
    breaker.open();
    clock.time += 1e12;
    expect([breaker.state, changes]).toEqual(['open', ['closed → open']]);
  });

  it('close forgets the window and the growth, and keeps the totals', () => {
    const { breaker, halfOpen } = make();
    halfOpen();
    breaker.failed(breaker.tryAcquire()!, 1);
    breaker.failed(breaker.tryAcquire()!, 1);
    expect(breaker.metrics).toMatchObject({ opensFor: 2 * OPEN_TIME, timesOpened: 2 });
    breaker.close();
    breaker.failed(breaker.tryAcquire()!, 1);
    expect(breaker.metrics).toMatchObject({ opensFor: OPEN_TIME, timesOpened: 3, calls: 1 });
  });

  it('reset makes it as new', () => {
    const { breaker, halfOpen } = make();
    const fresh = breaker.metrics;
    halfOpen();
    breaker.open();
    breaker.tryAcquire();
    breaker.reset();
    expect(breaker.metrics).toEqual(fresh);
  });
});

describe('its listeners', () => {
  it('hear every change once, after it happened, until they have enough', () => {
    const { breaker, changes, halfOpen } = make({ probes: 1 });
    const seen: string[] = [];
    const stop = breaker.subscribe((to) => seen.push(`${to} ${breaker.state === to}`));
    halfOpen();
    breaker.succeeded(breaker.tryAcquire()!, 1);
    breaker.close();
    stop();
    breaker.open();
    expect(seen).toEqual(['open true', 'half-open true', 'closed true']);
    expect(changes).toHaveLength(4);
  });

  it('hear changes in their order, even when one of them makes the next', () => {
    const { breaker } = make();
    const heard: string[] = [];
    breaker.subscribe((to) => {
      if (to === 'open') breaker.close();
    });
    breaker.subscribe((to) => heard.push(to));
    breaker.failed(breaker.tryAcquire()!, 1);
    expect(heard).toEqual(['open', 'closed']);
  });
});

it('its metrics are a copy that does not change', () => {
  const { breaker } = make();
  const { metrics } = breaker;
  breaker.failed(breaker.tryAcquire()!, 1);
  expect(metrics).toMatchObject({ state: 'closed', calls: 0 });
  expect(Object.isFrozen(metrics)).toBe(true);
});
