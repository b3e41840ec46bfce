// What a server that fails gets to bear: clients that retry three times multiply their load when it can least bear it,
// and a budget holds them to a share. Run it with `node bench/experiments/amplification.ts`.
import { createRetryEngine } from '@tenax/core';
import type { BudgetOptions } from '@tenax/core';
import { seededRandom } from '@tenax/core/testing';

import { EventClock } from './event-clock.ts';
import { printTable } from './table.ts';

const CLIENTS = 100;
const REQUESTS_PER_SECOND = 10;
const SECONDS = 10;

export const FAILURE_RATES: readonly number[] = [0.1, 0.2, 0.5, 1];

/** As published: without a budget (at 50 % the geometric sum is 1.875), and with one of 10 %. */
const REFERENCE: readonly (readonly string[])[] = [
  ['reference: none', '1.11', '1.25', '1.90', '4.00'],
  ['reference: 10 %', '≤ 1.15', '≤ 1.15', '≤ 1.15', '≤ 1.15'],
];

export const BUDGETS: Readonly<Record<string, BudgetOptions | false>> = {
  none: false,
  '10 % of requests': { ratio: 0.1, minPerSecond: 0.1 },
  'default (20 %, 10 a second)': {},
  'tokens, as gRPC (10 tokens, 0.1 back)': {
    kind: 'tokens',
    capacity: 100,
    cost: 10,
    refund: 1,
    threshold: 0.5,
  },
  'tokens, as the AWS SDKs': { kind: 'tokens' },
};

/** Attempts for each request, of clients that have an engine each. */
export async function amplification(budget: BudgetOptions | false, failureRate: number): Promise<number> {
  const clock = new EventClock();
  const random = seededRandom(1);
  let requests = 0;
  let attempts = 0;
  const attempt = async (): Promise<void> => {
    attempts += 1;
    await clock.sleep(10);
    if (random() < failureRate) throw new Error('The server fails');
  };
  const client = async (): Promise<void> => {
    const engine = createRetryEngine({ maxAttempts: 4, budget, clock, random });
    await clock.sleep((random() * 1000) / REQUESTS_PER_SECOND);
    for (let count = 0; count < REQUESTS_PER_SECOND * SECONDS; count += 1) {
      requests += 1;
      void engine.execute(attempt).catch(() => undefined);
      await clock.sleep(1000 / REQUESTS_PER_SECOND);
    }
  };
  const done = Promise.all(Array.from({ length: CLIENTS }, client));
  await clock.run();
  await done;
  return attempts / requests;
}

if (import.meta.main) {
  const rows = [...REFERENCE];
  for (const [name, budget] of Object.entries(BUDGETS)) {
    const row = [name];
    for (const rate of FAILURE_RATES) row.push((await amplification(budget, rate)).toFixed(2));
    rows.push(row);
  }
  printTable(['budget', ...FAILURE_RATES.map((rate) => `${100 * rate} % fail`)], rows);
}
