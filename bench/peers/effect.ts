import { Effect, Schedule } from 'effect';

import type { Peer } from './peer.ts';

/** The error as it is: without `catch` every one would become an `UnknownError`. */
const attemptOf = <T>(operation: () => Promise<T>) =>
  Effect.tryPromise({ try: () => operation(), catch: (error) => error });

export const effect: Peer = {
  takesSignal: true,
  retrying: ({ maxAttempts, wait }) => {
    const times = maxAttempts - 1;
    const options = wait > 0 ? { times, schedule: Schedule.spaced(wait) } : { times };
    return (operation, signal) =>
      Effect.runPromise(Effect.retry(attemptOf(operation), options), signal && { signal });
  },
  // It has no circuit breaker.
  guarded: ({ attemptTimeout = 5_000 }) => {
    const options = { times: 2, schedule: Schedule.spaced(100) };
    return (operation) =>
      Effect.runPromise(attemptOf(operation).pipe(Effect.timeout(attemptTimeout), Effect.retry(options)));
  },
};
