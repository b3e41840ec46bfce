import { describe, expect, it } from 'vitest';

import { StatisticsAggregate } from '../../src/statistics/aggregate.ts';
import type { KeySums } from '../../src/statistics/aggregate.ts';
import { RecentSums } from '../../src/statistics/recent-sums.ts';
import { manualClock } from '../guards/manual-clock.ts';

const succeed = (sums: RecentSums, count: number, now: number, responseTime = 10): void => {
  for (let index = 0; index < count; index += 1) {
    sums.attemptEnded(1, responseTime, undefined, now);
    sums.operationEnded('success', 1, 0, now);
  }
};

const destination = (key: string): KeySums => ({ key, sums: new RecentSums() });

/** Two destinations, of which one was used before the last minute too. */
const twoDestinations = () => {
  const clock = manualClock();
  clock.time = 1_000_000;
  const aggregate = new StatisticsAggregate(clock);
  const [one, other] = [destination('https://one.example'), destination('https://other.example')];
  succeed(one.sums, 3, 1_000_000, 10);
  succeed(one.sums, 2, 1_100_000, 20);
  succeed(other.sums, 4, 1_100_000, 30);
  clock.time = 1_105_000;
  return { aggregate, clock, destinations: [one, other] };
};

describe('the snapshot of an engine', () => {
  it('has the total, the last minute, and both of each destination', () => {
    const { aggregate, destinations } = twoDestinations();
    expect(aggregate.snapshot(destinations)).toMatchObject({
      totalOperations: 9,
      lastMinute: { totalOperations: 6, duration: 55_000 },
      keys: [
        { key: 'https://one.example', totalOperations: 5, lastMinute: { totalOperations: 2 } },
        { key: 'https://other.example', totalOperations: 4, lastMinute: { totalOperations: 4 } },
      ],
    });
  });

  it('has the quantiles of each of them', () => {
    const { aggregate, destinations } = twoDestinations();
    const { keys, lastMinute, retryPatterns } = aggregate.snapshot(destinations);
    const quantiles = [{ retryPatterns }, lastMinute, ...keys].map((sums) =>
      Math.round(sums.retryPatterns[0]?.p50ResponseTime ?? 0),
    );
    expect(quantiles).toEqual([20, 30, 10, 30]);
  });

  it('still counts a destination that is not kept any more, but does not name it', () => {
    const { aggregate, destinations } = twoDestinations();
    const before = aggregate.snapshot(destinations);
    aggregate.forget((destinations[1] as KeySums).sums);
    const after = aggregate.snapshot(destinations.slice(0, 1));
    expect(after).toEqual({ ...before, keys: before.keys.slice(0, 1) });
  });

  it('does not name a destination where nothing has ended yet', () => {
    const { aggregate } = twoDestinations();
    expect(aggregate.snapshot([destination('https://new.example')]).keys).toEqual([]);
  });

  it('names one where nothing was sent, or nothing but an attempt has ended', () => {
    const { aggregate, clock } = twoDestinations();
    const [refused, underWay] = [destination('refused'), destination('under way')];
    refused.sums.operationEnded('bulkhead_full', 0, 0, clock.time);
    underWay.sums.attemptEnded(1, 5, 'transient', clock.time);
    expect(aggregate.snapshot([refused, underWay]).keys).toMatchObject([
      { key: 'refused', totalOperations: 1, totalAttempts: 0 },
      { key: 'under way', totalOperations: 0, totalAttempts: 1 },
    ]);
  });

  it('is a minute long only when the engine is as old', () => {
    const clock = manualClock();
    clock.time = 58_000;
    const aggregate = new StatisticsAggregate(clock);
    clock.time = 61_000;
    expect(aggregate.snapshot([]).lastMinute.duration).toBe(3000);
  });

  it('begins a new minute with a reset, and forgets the destinations that are gone', () => {
    const { aggregate, clock } = twoDestinations();
    const gone = new RecentSums();
    succeed(gone, 5, clock.time);
    aggregate.forget(gone);
    aggregate.reset();
    clock.time += 1000;
    expect(aggregate.snapshot([])).toMatchObject({
      totalOperations: 0,
      lastMinute: { totalOperations: 0, duration: 1000 },
    });
  });

  it('is frozen to its leaves, and the same after a trip through JSON', () => {
    const { aggregate, destinations } = twoDestinations();
    const snapshot = aggregate.snapshot(destinations);
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
    const thawed = (value: unknown, path: string): string[] => {
      if (typeof value !== 'object' || value === null) return [];
      const inner = Object.entries(value).flatMap(([name, part]) => thawed(part, `${path}.${name}`));
      return Object.isFrozen(value) ? inner : [path, ...inner];
    };
    expect(thawed(snapshot, 'snapshot')).toEqual([]);
  });
});
