import pRetryFunction from 'p-retry';

import type { Peer } from './peer.ts';

export const pRetry: Peer = {
  takesSignal: true,
  retrying: ({ maxAttempts, wait }) => {
    const options = { retries: maxAttempts - 1, minTimeout: wait, factor: 1, randomize: false };
    return (operation, signal) => pRetryFunction(operation, signal ? { ...options, signal } : options);
  },
};
