/** One wait of a policy: growth, then jitter, within the cap. */

import { shareOf, warnOfAnswer, warnOnce } from '../warnings.ts';
import type { BackoffContext, BackoffSettings } from './backoff.ts';
import { decorrelated, exponential, fibonacci, fixed, linear } from './growth.ts';
import { applyJitter } from './jitter.ts';

/**
 * The wait in ms after the attempt of `context` failed: at least 0, at most `maxDelay`, never NaN, for every attempt
 * number. A custom strategy that throws or returns no usable number is reported once and replaced by `exponential`.
 */
export function nextDelay(settings: BackoffSettings, context: BackoffContext): number {
  const { jitter, maxDelay, strategy } = settings;
  if (strategy === 'decorrelated') {
    return decorrelated(context.baseDelay, context.previousDelay, shareOf(context.random), maxDelay);
  }
  const delay = grow(settings, context);
  return jitter === 'none' || delay === 0
    ? delay
    : applyJitter(jitter, delay, shareOf(context.random), maxDelay);
}

function grow(settings: BackoffSettings, context: BackoffContext): number {
  const { maxDelay, multiplier, strategy } = settings;
  const { attemptNumber, baseDelay } = context;
  if (typeof strategy === 'function') return askStrategy(strategy, settings, context);
  if (strategy === 'fixed') return fixed(baseDelay, maxDelay);
  if (strategy === 'linear') return linear(baseDelay, multiplier, attemptNumber, maxDelay);
  if (strategy === 'fibonacci') return fibonacci(baseDelay, attemptNumber, maxDelay);
  return exponential(baseDelay, multiplier, attemptNumber, maxDelay);
}

function askStrategy(
  strategy: (context: BackoffContext) => number,
  settings: BackoffSettings,
  context: BackoffContext,
): number {
  try {
    const delay: unknown = strategy(context);
    if (typeof delay === 'number' && delay >= 0) return Math.min(delay, settings.maxDelay);
    const accepted = 'a number of ms of at least 0; exponential backoff is used';
    warnOfAnswer(strategy, 'strategy', delay, accepted);
  } catch (error) {
    warnOnce(strategy, 'strategy threw; exponential backoff is used', error);
  }
  return exponential(context.baseDelay, settings.multiplier, context.attemptNumber, settings.maxDelay);
}
