import { describe, expect, it } from 'vitest';

import { RetryConfigError } from '../../src/errors.ts';
import { createCircuitBreaker } from '../../src/guards/circuit-breaker.ts';
import type { CircuitBreaker } from '../../src/guards/circuit-breaker.ts';
import type { CircuitBreakerOptions } from '../../src/guards/guard-options.ts';
import { manualClock } from './manual-clock.ts';

const make = (options: CircuitBreakerOptions = {}, random = () => 0) => {
  const clock = manualClock();
  const breaker = createCircuitBreaker({ minimumThroughput: 1, ...options }, { clock, random });
  return { breaker, clock };
};

/** Makes calls: `f` fails, `s` succeeds, upper case is slow. */
function call(breaker: CircuitBreaker, script: string, slow = 1000): void {
  for (const letter of script) {
    const permit = breaker.tryAcquire()!;
    const duration = letter === letter.toUpperCase() ? slow : 1;
    if (letter.toLowerCase() === 'f') breaker.failed(permit, duration);
    else breaker.succeeded(permit, duration);
  }
}

/** Opens it by failures, from any state that lets calls through. */
function fail(breaker: CircuitBreaker): void {
  while (breaker.state !== 'open') call(breaker, 'f');
}

describe('a count window', () => {
  it('opens at the failure rate, and not below it', () => {
    const { breaker } = make({ window: { calls: 10 }, failureRate: 0.5, minimumThroughput: 10 });
    call(breaker, 'sssssffff');
    expect(breaker.state).toBe('closed');
    call(breaker, 'f');
    expect(breaker.state).toBe('open');
  });

  it('forgets the oldest call at each new one', () => {
    const { breaker } = make({ window: { calls: 4 }, failureRate: 0.75, minimumThroughput: 4 });
    call(breaker, 'ffssff');
    expect(breaker.metrics).toMatchObject({ state: 'closed', calls: 4, failures: 2, failureRate: 0.5 });
    call(breaker, 'sf');
    expect(breaker.metrics).toMatchObject({ state: 'open' });
  });

  it('does not open before the minimum throughput', () => {
    const { breaker } = make({ window: { calls: 10 }, minimumThroughput: 5 });
    call(breaker, 'ffff');
    expect(breaker.state).toBe('closed');
    call(breaker, 'f');
    expect(breaker.state).toBe('open');
  });

  it('does not open at a success, even when that reaches the minimum throughput', () => {
    const { breaker } = make({ window: { calls: 10 }, minimumThroughput: 5 });
    call(breaker, 'ffffs');
    expect(breaker.state).toBe('closed');
  });

  it('has as its default minimum throughput no more than it holds', () => {
    const breaker = createCircuitBreaker({ window: { calls: 3 } }, { clock: manualClock() });
    call(breaker, 'fff');
    expect(breaker.state).toBe('open');
  });

  it.each([
    [0.07, 7, 100],
    [0.55, 55, 100],
    [0.29, 29, 100],
    [0.28, 7, 25],
    [1 / 3, 1, 3],
  ])('opens at a rate of exactly %d: %i of %i', (failureRate, failures, calls) => {
    const { breaker } = make({ window: { calls }, failureRate, minimumThroughput: calls });
    call(breaker, 's'.repeat(calls - failures) + 'f'.repeat(failures - 1));
    expect(breaker.state).toBe('closed');
    call(breaker, 'f');
    expect(breaker.state).toBe('open');
  });
});

describe('a time window', () => {
  it('counts the calls of its duration only, to a tenth of it', () => {
    const { breaker, clock } = make({ window: { duration: 1000 }, minimumThroughput: 4 });
    call(breaker, 'fff');
    clock.time = 899;
    expect(breaker.metrics.calls).toBe(3);
    clock.time = 1000;
    expect(breaker.metrics.calls).toBe(0);
    call(breaker, 'fff');
    expect(breaker.state).toBe('closed');
    call(breaker, 'f');
    expect(breaker.state).toBe('open');
  });

  it('is the default, of 30 s, with 20 calls as the minimum', () => {
    const clock = manualClock();
    const breaker = createCircuitBreaker({}, { clock });
    call(breaker, 'f'.repeat(10));
    clock.time = 26_999;
    call(breaker, 'f'.repeat(9));
    expect(breaker.metrics).toMatchObject({ state: 'closed', calls: 19 });
    call(breaker, 'f');
    expect(breaker.state).toBe('open');
  });
});

describe('slow calls', () => {
  const slowness = { slowCallRate: 0.5, slowCallDuration: 100, window: { calls: 4 }, minimumThroughput: 4 };

  it.each([
    ['sSsS', 'open'],
    ['sssS', 'closed'],
    ['sFsS', 'open'],
  ])('open it at their own rate, succeeded or failed: %s', (script, state) => {
    const { breaker } = make({ ...slowness, failureRate: 1 });
    call(breaker, script, 100);
    expect(breaker.state).toBe(state);
  });

  it('are those from the duration on', () => {
    const { breaker } = make(slowness);
    call(breaker, 'SSSS', 99.9);
    expect(breaker.metrics).toMatchObject({ state: 'closed', slowCalls: 0, slowCallRate: 0 });
    call(breaker, 'S', 100);
    expect(breaker.metrics).toMatchObject({ slowCalls: 1, slowCallRate: 0.25 });
  });

  it('are not counted without a rate', () => {
    const { breaker } = make();
    call(breaker, 'SSSS', 1e9);
    expect(breaker.metrics).toMatchObject({ state: 'closed', slowCalls: 0 });
  });

  it('open it again as probes', () => {
    const { breaker, clock } = make({ ...slowness, openTime: 10, probes: 2 });
    fail(breaker);
    clock.time = 10;
    call(breaker, 'S', 100);
    expect(breaker.state).toBe('open');
  });
});

describe('the open time', () => {
  it('refuses every call until it is over, and says how long that is', () => {
    const { breaker, clock } = make({ openTime: 1000, openTimeJitter: 0 });
    fail(breaker);
    clock.time = 400;
    expect(breaker.tryAcquire()).toBeUndefined();
    expect(breaker.metrics).toMatchObject({ opensFor: 600, refused: 1, timesOpened: 1 });
    clock.time = 999;
    expect(breaker.state).toBe('open');
    clock.time = 1000;
    expect(breaker.metrics).toMatchObject({ state: 'half-open', opensFor: 0 });
    expect(breaker.tryAcquire()).toBeDefined();
  });

  it('grows each time it opens again, up to the cap, and begins anew once it was closed', () => {
    const { breaker, clock } = make({
      openTime: 100,
      openTimeGrowth: 3,
      maxOpenTime: 1000,
      openTimeJitter: 0,
      probes: 1,
    });
    const openFor = (): number => {
      fail(breaker);
      const { opensFor } = breaker.metrics;
      clock.time += opensFor;
      return opensFor;
    };
    expect([openFor(), openFor(), openFor(), openFor(), openFor()]).toEqual([100, 300, 900, 1000, 1000]);
    call(breaker, 's');
    expect([breaker.state, openFor(), breaker.metrics.timesOpened]).toEqual(['closed', 100, 6]);
  });

  it('stays at its cap however often it opens', () => {
    const { breaker, clock } = make({ openTimeJitter: 0, probes: 1 });
    for (let times = 0; times < 2000; times += 1) {
      fail(breaker);
      clock.time += 60_000;
    }
    fail(breaker);
    expect(breaker.metrics.opensFor).toBe(60_000);
  });

  it.each([
    [0, 1000],
    [0.5, 900],
    [1, 800],
  ])('is shortened by its jitter, never lengthened: random %d', (random, opensFor) => {
    const { breaker } = make({ openTime: 1000, openTimeJitter: 0.2 }, () => random);
    fail(breaker);
    expect(breaker.metrics.opensFor).toBe(opensFor);
  });
});

describe('its options', () => {
  it.each<[string, object]>([
    ['slowCallDuration', { slowCallRate: 0.5 }],
    ['slowCallRate', { slowCallDuration: 5 }],
    ['openTime', { openTime: 10, maxOpenTime: 5 }],
    ['minimumThroughput', { window: { calls: 5 }, minimumThroughput: 6 }],
    ['failureRate', { failureRate: 0 }],
    ['window', { window: { calls: 5, duration: 5 } }],
  ])('are checked: %s', (path, options) => {
    const failing = (): unknown => createCircuitBreaker(options);
    expect(failing).toThrow(RetryConfigError);
    expect(failing).toThrow(`circuitBreaker.${path}`);
  });
});
