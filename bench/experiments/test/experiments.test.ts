import { describe, expect, it } from 'vitest';

import { amplification, BUDGETS, FAILURE_RATES } from '../amplification.ts';
import { CASES as BACKOFFS, contendOften } from '../contention.ts';
import { EventClock } from '../event-clock.ts';
import { CASES as HEDGES, fanOut, modelledQuantile } from '../hedging.ts';
import { CASES as RETRIES, collapse, recovered } from '../metastability.ts';
import { quantile } from '../table.ts';

describe('the event clock', () => {
  it('lets everything settle that an event sets off before the next one', async () => {
    const clock = new EventClock();
    const seen: string[] = [];
    clock.schedule(2, () => seen.push(`second at ${clock.now()}`));
    clock.schedule(1, () => seen.push('cancelled')).cancel();
    void clock.sleep(1).then(async () => {
      for (let turn = 0; turn < 1000; turn += 1) await Promise.resolve();
      seen.push(`first at ${clock.now()}`);
      await clock.sleep(1);
      seen.push(`third at ${clock.now()}`);
    });

    await clock.run();

    expect(seen).toEqual(['first at 1', 'second at 2', 'third at 2']);
  });
});

describe('contention', () => {
  it.each(Object.entries(BACKOFFS))(
    'takes the calls and the time of the reference: %s',
    async (_, { backoff, reference }) => {
      const { calls, completion } = await contendOften(backoff, 100, 10);

      expect(Math.abs(calls / reference.calls - 1)).toBeLessThan(0.1);
      expect(Math.abs(completion / reference.completion - 1)).toBeLessThan(0.1);
    },
  );
});

describe('amplification', () => {
  it.each(FAILURE_RATES)('is the geometric sum without a budget: %d', async (rate) => {
    const sum = 1 + rate + rate ** 2 + rate ** 3;

    expect(Math.abs((await amplification(false, rate)) / sum - 1)).toBeLessThan(0.01);
  });

  it.each(FAILURE_RATES)('stays within a budget of a tenth: %d', async (rate) => {
    expect(await amplification(BUDGETS['10 % of requests'] ?? false, rate)).toBeLessThanOrEqual(1.15);
  });
});

describe('metastability', () => {
  const SEEDS = [1, 2, 3];
  const runs = (name: string) => {
    const { clients, policy } = RETRIES[name] ?? expect.fail(name);
    return Promise.all(SEEDS.map((seed) => collapse(policy, clients, seed)));
  };

  it('keeps a service down that is retried without a budget', async () => {
    expect((await runs('immediate retries')).map(recovered)).toContain(false);
  });

  it.each(['no retries', 'default budget'])('does not come about with %s', async (name) => {
    for (const { goodput } of await runs(name)) expect(goodput).toBeGreaterThanOrEqual(0.99);
  });
});

describe('hedging', () => {
  const QUERIES = 1000;
  const hedged = (name: string) => fanOut(HEDGES[name]?.hedge ?? false, QUERIES, 1);

  it('cuts the tail for about 3 % more load', async () => {
    const { extraLoad, latencies } = await hedged('after 10 ms');

    expect(Math.abs(extraLoad - 0.031)).toBeLessThan(0.003);
    expect(quantile(latencies, 0.99)).toBeLessThan(1.2 * modelledQuantile(0.99, 10));
    expect(quantile((await hedged('none')).latencies, 0.99)).toBeGreaterThan(300);
  });

  it('stays within the extra load that is allowed', async () => {
    expect((await hedged('after 10 ms, at most 1 %')).extraLoad).toBeLessThanOrEqual(0.01);
    expect((await hedged('default: p95, at most 5 %')).extraLoad).toBeLessThanOrEqual(0.05);
  });
});
