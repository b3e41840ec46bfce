// 10,000 requests against an unreliable server, and what is left of them. Prints a JSON report.
import { createRetryingFetch } from '@tenax/fetch-adapter';

import { LOAD_OPTIONS, runLoad, unreliable } from '../../../core/test/load/run-load.ts';

const report = await runLoad(
  unreliable(11, { unavailable: 0.3, throttled: 0.45, reset: 0.6 }, (_, response) => response.end('ok')),
  (url, signal) => {
    const retryingFetch = createRetryingFetch(LOAD_OPTIONS);
    return {
      engine: retryingFetch.engine,
      async get() {
        const response = await retryingFetch(url, { signal }).catch(() => undefined);
        await response?.text().catch(() => undefined);
      },
    };
  },
);
console.log(JSON.stringify(report));
