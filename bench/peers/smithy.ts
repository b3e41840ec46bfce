// The strategy of the AWS SDKs. It has no loop of its own, so this is that of their middleware
// (`retryMiddleware` of @smithy/core), without requests and signals.
import { ConfiguredRetryStrategy } from '@smithy/util-retry';

import type { Peer, Run } from './peer.ts';

export const smithy: Peer = {
  takesSignal: false,
  retrying: ({ maxAttempts, wait }) => {
    const strategy = new ConfiguredRetryStrategy(maxAttempts, wait);
    const run: Run = async (operation) => {
      let token = await strategy.acquireInitialRetryToken('');
      for (;;) {
        try {
          const result = await operation();
          strategy.recordSuccess(token);
          return result;
        } catch (error) {
          try {
            token = await strategy.refreshRetryTokenForRetry(token, { errorType: 'TRANSIENT' });
          } catch {
            throw error;
          }
          const delay = token.getRetryDelay();
          if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
        }
      }
    };
    return run;
  },
};
