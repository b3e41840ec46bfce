// 10,000 requests against an unreliable server, and what is left of them. Prints a JSON report.
import { attachRetry } from '@tenax/axios-adapter';
import { seededRandom } from '@tenax/core/testing';
import { create } from 'axios';

import { runLoad } from '../../../core/test/load/run-load.ts';

const random = seededRandom(12);

const report = await runLoad(
  (request, response) => {
    const ticket = random();
    if (ticket < 0.2) response.writeHead(503).end('later');
    else if (ticket < 0.3) response.writeHead(429, { 'retry-after-ms': '1' }).end('slower');
    else if (ticket < 0.4) request.socket.resetAndDestroy();
    else response.end('ok');
  },
  (url, signal) => {
    const instance = create();
    const { engine } = attachRetry(instance, {
      baseDelay: 1,
      budget: false,
      throttledBaseDelay: 1,
      maxDelay: 2,
      attemptTimeout: 5_000,
    });
    return {
      engine,
      async get() {
        await instance.get(url, { signal }).catch(() => undefined);
      },
    };
  },
);
console.log(JSON.stringify(report));
