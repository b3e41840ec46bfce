/** Asks the user's `shouldRetry`. One that fails, or says nothing that it may, leaves the built-in verdict. */

import { applyVerdict } from './http/verdict.ts';
import { Interruption } from './interruption.ts';
import type { GeneralOptions, ShouldRetryContext } from './options.ts';
import type { Classification, Outcome } from './outcome.ts';
import { isPromiseLike, warnOfAnswer, warnOnce } from './warnings.ts';

/** Waits for what the user's function answers. */
export type AnswerWait = (pending: PromiseLike<unknown>) => Promise<unknown>;

/**
 * @param wait waits for a promise of the user's, unless the operation ends or the attempt loses
 * @throws Interruption when it ends meanwhile
 */
export async function askShouldRetry(
  shouldRetry: NonNullable<GeneralOptions['shouldRetry']>,
  outcome: Outcome,
  builtIn: Classification,
  context: ShouldRetryContext,
  wait: AnswerWait,
): Promise<Classification> {
  try {
    const answer = shouldRetry(outcome, context);
    const verdict: unknown = isPromiseLike(answer) ? await wait(answer) : answer;
    if (verdict === undefined || typeof verdict === 'boolean') return applyVerdict(builtIn, verdict);
    warnOfAnswer(shouldRetry, 'shouldRetry', verdict, 'true, false or undefined');
  } catch (error) {
    if (Interruption.is(error)) throw error;
    warnOnce(shouldRetry, 'shouldRetry failed; the built-in verdict stands', error);
  }
  return builtIn;
}
