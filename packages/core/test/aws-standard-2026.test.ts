import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

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
  readonly rules: { base_ms: number; throttle_base_ms: number; cap_ms: number; max_attempts: number };
  readonly cases: readonly Row[];
  readonly dynamodb: readonly (readonly [attempt: number, quota: number, delaySeconds: number] | string)[];
}

const { cases, dynamodb, rules } = JSON.parse(
  readFileSync(new URL('./vectors/aws_standard_2026.json', import.meta.url), 'utf8'),
) as Vectors;

// Rows that set `tokens` are about the retry quota, which belongs to the guards. The rows of x-amz-retry-after are left
// out too: those SDKs keep the wait between the computed one and 5 s more, Tenax takes the larger of the two.
const withoutQuota = cases.filter(([, settings]) => settings.tokens === undefined);

const outcomeOf = (answer: number | string): Outcome =>
  typeof answer === 'number'
    ? response(answer)
    : failure(Object.assign(new Error(answer), { code: answer.split(' ')[1] }));

/** The operation under the SDKs' rules, and what it decides after each answer. No time passes. */
const startOperation = (baseDelay: number, maxAttempts: number): ((outcome: Outcome) => Decision) => {
  const policy = resolvePolicy({
    maxAttempts,
    baseDelay,
    throttledBaseDelay: rules.throttle_base_ms,
    maxDelay: rules.cap_ms,
    errorCodes: { Throttling: 'throttled' },
  });
  const operation = new Operation(policy, {}, {}, 0);
  return (outcome) => {
    operation.beginAttempt(0);
    // The vectors' random number is 1: full jitter takes the whole wait.
    const moment = {
      now: 0,
      epoch: 0,
      random: () => 1,
      replayable: true,
      closing: false,
      budget: undefined,
      circuitOpen: false,
    };
    return operation.decide(outcome, operation.classify(outcome), 0, moment);
  };
};

const EXPECTED: Record<string, (delaySeconds: number | undefined) => Partial<Decision>> = {
  retry_request: (delaySeconds) => ({ action: 'retry', delay: (delaySeconds ?? NaN) * 1000 }),
  success: () => ({ action: 'stop', result: 'success' }),
  max_attempts_exceeded: () => ({ action: 'stop', reason: 'attempts_exhausted' }),
};

describe('the standard mode of the AWS SDKs, without its quota', () => {
  it('has the rows that are meant', () => {
    expect(withoutQuota.map(([title]) => title)).toEqual([
      'eventually succeeds',
      'max attempts',
      'backoff timing',
      'throttle',
    ]);
  });

  it.each(withoutQuota)('%s', (_, settings, steps) => {
    const decide = startOperation(rules.base_ms, settings.max_attempts ?? rules.max_attempts);
    for (const [answer, verdict, , delaySeconds] of steps) {
      expect(decide(outcomeOf(answer))).toMatchObject(
        EXPECTED[verdict]?.(delaySeconds) ?? { action: 'none' },
      );
    }
  });

  it('DynamoDB: half the base, four attempts', () => {
    const decide = startOperation(25, 4);
    const delays = dynamodb.filter((row) => typeof row !== 'string').map(([, , delay]) => delay * 1000);
    for (const delay of delays) expect(decide(response(500))).toMatchObject({ action: 'retry', delay });
    expect(delays).toHaveLength(3);
    expect(decide(response(500))).toMatchObject({ action: 'stop', reason: 'attempts_exhausted' });
  });
});
