// A drop-in fetch, against a server that fails more often than not. Run it with `node examples/fetch-basic.ts`.
import { formatStatistics, getRetryStatistics } from '@tenax/core';
import { createRetryingFetch } from '@tenax/fetch-adapter';

import { startUnreliableServer } from './unreliable-server/server.ts';

await using server = await startUnreliableServer({ seed: 3 });
const fetch = createRetryingFetch({ maxAttempts: 6, attemptTimeout: 500 });

const response = await fetch(`${server.url}/hello`);
console.log(response.status, (await response.text()).length, 'characters');

const statistics = getRetryStatistics(response);
if (statistics) console.log(formatStatistics(statistics));
