// What anybody would write: the least that a retry can cost.
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';

import type { Peer, Run } from './peer.ts';

export const minimalLoop: Peer = {
  takesSignal: true,
  retrying: ({ maxAttempts, wait }) => {
    const run: Run = async (operation, signal) => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await operation();
        } catch (error) {
          if (attempt === maxAttempts) throw error;
          if (wait > 0) await delay(wait, undefined, signal && { signal });
          else await turn();
        }
      }
    };
    return run;
  },
};
