import { createRetryEngine } from '@tenax/core';

import type { Peer } from './peer.ts';

export const tenax: Peer = {
  takesSignal: true,
  retrying: ({ maxAttempts, wait }) => {
    const engine = createRetryEngine({
      maxAttempts,
      strategy: 'fixed',
      baseDelay: wait,
      maxDelay: Math.max(wait, 1),
      jitter: 'none',
      // None of the peers limits how many retries there are over all.
      budget: false,
    });
    return (operation, signal) => engine.execute(operation, signal && { signal });
  },
};
