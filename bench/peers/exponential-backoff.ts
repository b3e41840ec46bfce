import { backOff } from 'exponential-backoff';

import type { Peer } from './peer.ts';

export const exponentialBackoff: Peer = {
  takesSignal: false,
  retrying: ({ maxAttempts, wait }) => {
    const options = { numOfAttempts: maxAttempts, startingDelay: wait, timeMultiple: 1 };
    return (operation) => backOff(operation, options);
  },
};
