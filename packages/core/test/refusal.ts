import { RetryConfigError } from '../src/errors.ts';

/** The refusal of options that can't be used; options that are accepted fail the test. */
export function refusalOf(act: () => unknown): RetryConfigError {
  try {
    act();
  } catch (error) {
    if (error instanceof RetryConfigError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
