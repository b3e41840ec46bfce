import {
  circuitBreaker,
  ConstantBackoff,
  handleAll,
  retry,
  SamplingBreaker,
  timeout,
  TimeoutStrategy,
  wrap,
} from 'cockatiel';

import type { Peer } from './peer.ts';

export const cockatiel: Peer = {
  takesSignal: true,
  retrying: ({ maxAttempts, wait }) => {
    const policy = retry(handleAll, { maxAttempts: maxAttempts - 1, backoff: new ConstantBackoff(wait) });
    return (operation, signal) => policy.execute(operation, signal);
  },
  guarded: ({ attemptTimeout = 5_000 }) => {
    const policy = wrap(
      retry(handleAll, { maxAttempts: 2, backoff: new ConstantBackoff(100) }),
      circuitBreaker(handleAll, {
        halfOpenAfter: 10_000,
        breaker: new SamplingBreaker({ threshold: 0.5, duration: 10_000 }),
      }),
      timeout(attemptTimeout, TimeoutStrategy.Aggressive),
    );
    return (operation, signal) => policy.execute(operation, signal);
  },
};
