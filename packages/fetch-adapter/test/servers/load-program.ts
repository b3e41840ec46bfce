// 10,000 requests against an unreliable server, and what is left of them. Prints a JSON report.
import { seededRandom } from '@tenax/core/testing';
import { createRetryingFetch } from '@tenax/fetch-adapter';

import { runLoad } from '../../../core/test/load/run-load.ts';

const random = seededRandom(11);

const report = await runLoad(
  (request, response) => {
    const ticket = random();
    if (ticket < 0.3) response.writeHead(503).end('later');
    else if (ticket < 0.45) response.writeHead(429, { 'retry-after-ms': '1' }).end('slower');
    else if (ticket < 0.6) request.socket.resetAndDestroy();
    else response.end('ok');
  },
  (url, signal) => {
    const retryingFetch = createRetryingFetch({
      baseDelay: 1,
      budget: false,
      throttledBaseDelay: 1,
      maxDelay: 2,
      attemptTimeout: 5_000,
    });
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
