import CircuitBreaker from 'opossum';

import type { Peer, Run } from './peer.ts';

/** A circuit breaker without retries. */
export const opossum: Peer = {
  takesSignal: false,
  guarded: ({ attemptTimeout }) => {
    const breaker = new CircuitBreaker((operation: () => Promise<unknown>) => operation(), {
      timeout: attemptTimeout ?? false,
    });
    const run: Run = (operation) => breaker.fire(operation) as ReturnType<typeof operation>;
    return run;
  },
};
