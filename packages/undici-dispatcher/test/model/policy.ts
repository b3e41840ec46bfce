/** The policy of a script. */

import type { Clock, Outcome, RetryOptions } from '@tenax/core';
import { seededRandom } from '@tenax/core/testing';

import { BEFORE_RETRY, LATER } from './prediction.ts';
import type { Script, Verdicts } from './script.ts';

/** @param ofCallbacks the time that the user's own callbacks take */
export function retryOptions({ options, seed }: Script, clock: Clock, ofCallbacks: Clock): RetryOptions {
  const {
    attemptTimeout,
    baseDelay,
    beforeRetry,
    maxAttempts,
    replay,
    resume,
    shouldRetry,
    throwOnExhausted,
    timeout,
  } = options;
  return {
    maxAttempts,
    strategy: 'fixed',
    jitter: 'none',
    baseDelay,
    throttledBaseDelay: 3 * baseDelay,
    resume,
    throwOnExhausted,
    clock,
    random: seededRandom(seed),
    ...(attemptTimeout !== undefined && { attemptTimeout }),
    ...(timeout !== undefined && { timeout }),
    ...(beforeRetry && { hooks: { beforeRetry: () => wait(ofCallbacks, BEFORE_RETRY) } }),
    ...(!replay && { replay: false as const }),
    ...(shouldRetry.kind !== 'none' && { shouldRetry: judge(shouldRetry, ofCallbacks) }),
  };
}

function judge(
  { answers, kind }: Verdicts,
  clock: Clock,
): (outcome: Outcome) => boolean | undefined | Promise<boolean | undefined> {
  let asked = 0;
  return (outcome) => {
    const answer = answers[asked % answers.length];
    asked += 1;
    if (kind === 'at once') return answer;
    if (kind === 'later') return wait(clock, LATER).then(() => answer);
    return textOf(outcome).then(() => answer);
  };
}

function wait(clock: Clock, duration: number): Promise<void> {
  return new Promise((resolve) => {
    clock.schedule(duration, resolve);
  });
}

async function textOf(outcome: Outcome): Promise<string> {
  if (outcome.kind !== 'response' || !outcome.text) return '';
  try {
    return await outcome.text();
  } catch {
    // The body broke off.
    return '';
  }
}
