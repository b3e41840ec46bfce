// 10,000 requests against an unreliable server, and what is left of them. Prints a JSON report.
import { attachRetry } from '@tenax/axios-adapter';
import { create } from 'axios';

import { LOAD_OPTIONS, runLoad, unreliable } from '../../../core/test/load/run-load.ts';

const report = await runLoad(
  unreliable(12, { unavailable: 0.2, throttled: 0.3, reset: 0.4 }, (_, response) => response.end('ok')),
  (url, signal) => {
    const instance = create();
    const { engine } = attachRetry(instance, LOAD_OPTIONS);
    return {
      engine,
      async get() {
        await instance.get(url, { signal }).catch(() => undefined);
      },
    };
  },
);
console.log(JSON.stringify(report));
