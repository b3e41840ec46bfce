import retry from 'async-retry';

import type { Peer } from './peer.ts';

export const asyncRetry: Peer = {
  takesSignal: false,
  retrying: ({ maxAttempts, wait }) => {
    const options = { retries: maxAttempts - 1, minTimeout: wait, factor: 1, randomize: false };
    return (operation) => retry(operation, options);
  },
};
