import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { getRetryStatistics } from '../../src/attached-statistics.ts';
import type { RetryBudget } from '../../src/guards/budget.ts';
import { virtualEngine } from '../virtual-engine.ts';

interface Vectors {
  readonly maxTokens: number;
  readonly tokenRatio: number;
  readonly maxAttempts: number;
  readonly server_ok_at_attempt_index: readonly number[];
  readonly calls: readonly (readonly [result: 'OK' | 'UNAVAILABLE', lastAttempt: number, tokens: number])[];
}

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/grpc_throttle.json', import.meta.url), 'utf8'),
) as Vectors;

/** A server that answers well at some attempts, and a client with gRPC's retry throttling. */
const startService = (): {
  call: () => Promise<string>;
  lastAttempt: () => number;
  tokens: () => RetryBudget['state']['available'] | undefined;
} => {
  const { clock, engine } = virtualEngine({
    maxAttempts: vectors.maxAttempts,
    budget: {
      kind: 'tokens',
      capacity: vectors.maxTokens,
      cost: 1,
      refund: vectors.tokenRatio,
      threshold: 0.5,
    },
  });
  let attempts = 0;
  const answer = (): string => {
    attempts += 1;
    if (vectors.server_ok_at_attempt_index.includes(attempts - 1)) return 'OK';
    throw Object.assign(new Error('UNAVAILABLE'), { code: 'ECONNREFUSED' });
  };
  return {
    call: () => clock.run(engine.execute(answer, { key: 'service' }).catch(() => 'UNAVAILABLE')),
    lastAttempt: () => attempts - 1,
    tokens: () => engine.guards.snapshot().find(({ key }) => key === 'service')?.budget?.available,
  };
};

describe('the retry throttling of gRPC', () => {
  it('every call ends at the attempt, and leaves the tokens, that the rule says', async () => {
    const service = startService();
    const seen: unknown[] = [];
    for (let index = 0; index < vectors.calls.length; index += 1) {
      const result = await service.call();
      seen.push([result, service.lastAttempt(), service.tokens()]);
    }
    expect(seen).toEqual(vectors.calls);
    expect(seen).toHaveLength(12);
  });

  it('a retry that is refused says so', async () => {
    const { clock, engine } = virtualEngine({
      budget: { kind: 'tokens', capacity: 2, cost: 1, threshold: 0.5 },
    });
    const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    const ended = await clock.run(
      engine.execute(() => Promise.reject(refused)).catch((error: unknown) => error as Error),
    );
    expect(ended).toBe(refused);
    expect(getRetryStatistics(refused)).toMatchObject({
      result: 'budget_exhausted',
      reason: 'budget_exhausted',
      attempts: [{ attemptNumber: 1 }],
    });
  });
});
