import { describe, expect, it } from 'vitest';

import { eagerBreaker, OPEN_TIME } from './eager-breaker.ts';

describe('half open', () => {
  it('lets its probes through, and not one more', () => {
    const { breaker, halfOpen } = eagerBreaker({ probes: 2 });
    halfOpen();
    expect([breaker.tryAcquire(), breaker.tryAcquire()]).not.toContain(undefined);
    expect([breaker.tryAcquire(), breaker.state]).toEqual([undefined, 'half-open']);
    expect(breaker.metrics).toMatchObject({ refused: 1, opensFor: 0 });
  });

  it.each([
    ['s', 'half-open'],
    ['ss', 'closed'],
    ['f', 'half-open'],
    ['fs', 'half-open'],
    ['ff', 'open'],
    ['sfs', 'closed'],
    ['sff', 'open'],
  ])(
    'decides as soon as the other probes can change nothing, 3 at a rate of 0.5: %s → %s',
    (script, state) => {
      const { breaker, halfOpen } = eagerBreaker({ probes: 3 });
      halfOpen();
      for (const letter of script) {
        const permit = breaker.tryAcquire()!;
        if (letter === 's') breaker.succeeded(permit, 1);
        else breaker.failed(permit, 1);
      }
      expect(breaker.state).toBe(state);
    },
  );

  it('gives the place of a cancelled probe to another', () => {
    const { breaker, halfOpen } = eagerBreaker({ probes: 1 });
    halfOpen();
    breaker.cancelled(breaker.tryAcquire()!);
    const permit = breaker.tryAcquire()!;
    expect(permit).toBeDefined();
    expect(breaker.tryAcquire()).toBeUndefined();
    breaker.succeeded(permit, 1);
    expect(breaker.state).toBe('closed');
  });

  it('lasts no longer than maxHalfOpenTime while its probes do not answer', () => {
    const { breaker, clock, halfOpen } = eagerBreaker({ probes: 1, maxHalfOpenTime: 500 });
    halfOpen();
    const lost = breaker.tryAcquire()!;
    clock.time += 499;
    expect(breaker.state).toBe('half-open');
    clock.time += 1;
    expect(breaker.metrics).toMatchObject({ state: 'open', opensFor: 2 * OPEN_TIME, timesOpened: 2 });
    breaker.succeeded(lost, 501);
    expect(breaker.state).toBe('open');
    clock.time += 2 * OPEN_TIME;
    expect(breaker.tryAcquire()).toBeDefined();
  });

  it('closes in the end where requests are rare and every one of them succeeds', () => {
    const { breaker, clock, halfOpen } = eagerBreaker();
    halfOpen();
    for (let minute = 0; minute < 60; minute += 1) {
      clock.time += 60_000;
      const permit = breaker.tryAcquire();
      if (permit !== undefined) breaker.succeeded(permit, 1);
    }
    expect(breaker.metrics).toMatchObject({ state: 'closed', refused: 0, timesOpened: 1 });
  });

  it('does not close because time passed after a probe that failed', () => {
    const { breaker, clock, halfOpen } = eagerBreaker({ maxHalfOpenTime: 500 });
    halfOpen();
    breaker.failed(breaker.tryAcquire()!, 1);
    expect(breaker.state).toBe('half-open');
    clock.time += 500;
    expect(breaker.state).toBe('open');
  });

  it('does not wait for a probe that was cancelled', () => {
    const { breaker, clock, halfOpen } = eagerBreaker({ maxHalfOpenTime: 500 });
    halfOpen();
    breaker.cancelled(breaker.tryAcquire()!);
    clock.time += 500;
    expect(breaker.tryAcquire()).toBeDefined();
    clock.time += 499;
    expect(breaker.state).toBe('half-open');
    clock.time += 1;
    expect(breaker.state).toBe('open');
  });

  it('begins with an empty window when it closes', () => {
    const { breaker, halfOpen } = eagerBreaker({ probes: 1 });
    halfOpen();
    breaker.succeeded(breaker.tryAcquire()!, 1);
    expect(breaker.metrics).toMatchObject({ state: 'closed', calls: 0, failures: 0, failureRate: 0 });
  });
});

describe('a permit of an older state', () => {
  it.each(['succeeded', 'failed', 'cancelled'] as const)('changes nothing: %s', (end) => {
    const { breaker, changes, clock, halfOpen } = eagerBreaker({ probes: 1 });
    const old = [breaker.tryAcquire()!];
    halfOpen();
    old.push(breaker.tryAcquire()!);
    breaker.failed(old[1]!, 1);
    clock.time += 2 * OPEN_TIME;
    const probe = breaker.tryAcquire()!;
    const before = breaker.metrics;
    for (const permit of old) breaker[end](permit, 1);
    expect(breaker.metrics).toEqual(before);
    expect(breaker.tryAcquire()).toBeUndefined();
    breaker.succeeded(probe, 1);
    expect(changes.at(-1)).toBe('half-open → closed');
  });
});

describe("mode 'retries'", () => {
  it('stops retries, and never first attempts', () => {
    const { breaker, clock, halfOpen } = eagerBreaker({ mode: 'retries', probes: 1 });
    halfOpen();
    clock.time -= 1;
    expect([breaker.state, breaker.tryAcquire(true)]).toEqual(['open', undefined]);
    expect(breaker.tryAcquire(false)).toBeDefined();
    clock.time += 1;
    expect(breaker.tryAcquire(true)).toBeDefined();
    expect(breaker.tryAcquire(true)).toBeUndefined();
    expect(breaker.tryAcquire(false)).toBeDefined();
  });

  it('learns from first attempts too', () => {
    const { breaker, halfOpen } = eagerBreaker({ mode: 'retries', probes: 2 });
    halfOpen();
    for (let attempt = 0; attempt < 2; attempt += 1) breaker.succeeded(breaker.tryAcquire()!, 1);
    expect(breaker.state).toBe('closed');
  });

  it('a first attempt that is cancelled gives no place to a probe', () => {
    const { breaker, halfOpen } = eagerBreaker({ mode: 'retries', probes: 1 });
    halfOpen();
    expect(breaker.tryAcquire(true)).toBeDefined();
    breaker.cancelled(breaker.tryAcquire()!);
    expect(breaker.tryAcquire(true)).toBeUndefined();
  });

  it("'requests' stops both", () => {
    const { breaker, clock, halfOpen } = eagerBreaker();
    halfOpen();
    clock.time -= 1;
    expect([breaker.tryAcquire(true), breaker.tryAcquire(false)]).toEqual([undefined, undefined]);
  });
});
