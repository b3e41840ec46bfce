import { describe, expect, it } from 'vitest';

import { eagerBreaker, OPEN_TIME } from './eager-breaker.ts';

describe('by hand', () => {
  it('stays open until it is closed', () => {
    const { breaker, changes, clock } = eagerBreaker();
    breaker.open();
    clock.time += 1e12;
    expect(breaker.tryAcquire()).toBeUndefined();
    expect(breaker.metrics).toMatchObject({ state: 'open', opensFor: Infinity });
    breaker.close();
    expect(breaker.tryAcquire()).toBeDefined();
    expect(changes).toEqual(['closed → open', 'open → closed']);
  });

  it('open makes an open time without end, and tells nobody twice', () => {
    const { breaker, changes, clock, halfOpen } = eagerBreaker();
    halfOpen();
    breaker.open();
    breaker.open();
    clock.time += 1e12;
    expect([breaker.state, changes]).toEqual(['open', ['closed → open']]);
  });

  it('close forgets the window and the growth, and keeps the totals', () => {
    const { breaker, halfOpen } = eagerBreaker();
    halfOpen();
    breaker.failed(breaker.tryAcquire()!, 1);
    breaker.failed(breaker.tryAcquire()!, 1);
    expect(breaker.metrics).toMatchObject({ opensFor: 2 * OPEN_TIME, timesOpened: 2 });
    breaker.close();
    breaker.failed(breaker.tryAcquire()!, 1);
    expect(breaker.metrics).toMatchObject({ opensFor: OPEN_TIME, timesOpened: 3, calls: 1 });
  });

  it('reset makes it as new', () => {
    const { breaker, halfOpen } = eagerBreaker();
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
    const { breaker, changes, halfOpen } = eagerBreaker({ probes: 1 });
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
    const { breaker } = eagerBreaker();
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
  const { breaker } = eagerBreaker();
  const { metrics } = breaker;
  breaker.failed(breaker.tryAcquire()!, 1);
  expect(metrics).toMatchObject({ state: 'closed', calls: 0 });
  expect(Object.isFrozen(metrics)).toBe(true);
});
