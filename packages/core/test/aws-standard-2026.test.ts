import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { createRetryBudget } from '../src/guards/budget.ts';
import type { RetryBudget } from '../src/guards/budget.ts';
import { Operation } from '../src/operation.ts';
import type { Decision, Outcome } from '../src/outcome.ts';
import { resolvePolicy } from '../src/policy.ts';
import { failure, response } from './http/outcomes.ts';

type Step = readonly [answer: number | string, verdict: string, quota: number, delaySeconds?: number];
type Row = readonly [
  title: string,
  settings: { max_attempts?: number; tokens?: number },
  steps: readonly Step[],
];

interface Vectors {
  readonly rules: Readonly<
    Record<
      | 'quota'
      | 'max_attempts'
      | 'base_ms'
      | 'throttle_base_ms'
      | 'cap_ms'
      | 'cost_transient'
      | 'cost_throttle'
      | 'refund_no_retry',
      number
    >
  >;
  readonly cases: readonly Row[];
  readonly dynamodb: readonly (readonly [attempt: number, quota: number, delaySeconds: number] | string)[];
}

const { cases, dynamodb, rules } = JSON.parse(
  readFileSync(new URL('./vectors/aws_standard_2026.json', import.meta.url), 'utf8'),
) as Vectors;

// The rows of x-amz-retry-after are left out: those SDKs keep the wait between the computed one and 5 s more, Tenax takes
// the larger of the two.

const outcomeOf = (answer: number | string): Outcome =>
  typeof answer === 'number'
    ? response(answer)
    : failure(Object.assign(new Error(answer), { code: answer.split(' ')[1] }));

const quotaOf = (tokens: number = rules.quota): RetryBudget =>
  createRetryBudget({
    kind: 'tokens',
    capacity: tokens,
    cost: rules.cost_transient,
    throttledCost: rules.cost_throttle,
    refund: rules.refund_no_retry,
  });

/** Operations under the SDKs' rules, one after the other, and what is decided after each answer. No time passes. */
const startOperations = (
  budget: RetryBudget,
  baseDelay: number,
  maxAttempts: number,
): ((outcome: Outcome) => Decision) => {
  const policy = resolvePolicy({
    maxAttempts,
    baseDelay,
    throttledBaseDelay: rules.throttle_base_ms,
    maxDelay: rules.cap_ms,
    errorCodes: { Throttling: 'throttled' },
  });
  let operation: Operation | undefined;
  return (outcome) => {
    if (operation === undefined || operation.result !== undefined)
      operation = new Operation(policy, {}, {}, 0);
    operation.beginAttempt(0);
    // The vectors' random number is 1: full jitter takes the whole wait.
    const moment = {
      now: 0,
      clock: { epoch: () => 0 },
      random: () => 1,
      replayable: true,
      closing: false,
      budget,
      circuitOpen: false,
    };
    const decision = operation.decide(outcome, operation.classify(outcome), 0, moment);
    if (operation.result === 'success') budget.succeeded(operation.charge);
    return decision;
  };
};

const EXPECTED: Record<string, (delaySeconds: number | undefined) => Partial<Decision>> = {
  retry_request: (delaySeconds) => ({ action: 'retry', delay: (delaySeconds ?? NaN) * 1000 }),
  success: () => ({ action: 'stop', result: 'success' }),
  max_attempts_exceeded: () => ({ action: 'stop', reason: 'attempts_exhausted' }),
  retry_quota_exceeded: () => ({ action: 'stop', result: 'budget_exhausted', reason: 'budget_exhausted' }),
};

describe('the standard mode of the AWS SDKs', () => {
  it('has the rows that are meant', () => {
    expect(cases.map(([title]) => title)).toEqual([
      'eventually succeeds',
      'max attempts',
      'quota after one retry',
      'quota zero',
      'backoff timing',
      'stops on exhaustion',
      'recovery',
      'throttle',
    ]);
  });

  it.each(cases)('%s', (_, settings, steps) => {
    const budget = quotaOf(settings.tokens);
    const decide = startOperations(budget, rules.base_ms, settings.max_attempts ?? rules.max_attempts);
    for (const [answer, verdict, quota, delaySeconds] of steps) {
      expect(decide(outcomeOf(answer))).toMatchObject(
        EXPECTED[verdict]?.(delaySeconds) ?? { action: 'none' },
      );
      expect(budget.state.available).toBe(quota);
    }
  });

  it('its numbers are the defaults of a budget of tokens', () => {
    const { budget } = resolvePolicy({ budget: { kind: 'tokens' } });
    expect(budget).toEqual({
      kind: 'tokens',
      capacity: rules.quota,
      cost: rules.cost_transient,
      throttledCost: rules.cost_throttle,
      refund: rules.refund_no_retry,
      threshold: undefined,
    });
  });

  it('DynamoDB: half the base, four attempts', () => {
    const budget = quotaOf();
    const decide = startOperations(budget, 25, 4);
    const rows = dynamodb.filter((row) => typeof row !== 'string');
    for (const [, quota, delaySeconds] of rows) {
      expect(decide(response(500))).toMatchObject({ action: 'retry', delay: delaySeconds * 1000 });
      expect(budget.state.available).toBe(quota);
    }
    expect(rows).toHaveLength(3);
    expect(decide(response(500))).toMatchObject({ action: 'stop', reason: 'attempts_exhausted' });
  });
});
