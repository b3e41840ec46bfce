// Retries for undici's request and for the built-in fetch, against an unreliable server. Run it with
// `node examples/undici-basic.ts`.
import { formatStatistics, getRetryStatistics } from '@tenax/core';
import { captureRetryStatistics, installGlobalRetry, RetryDispatcher } from '@tenax/undici-dispatcher';
import { Agent, request } from 'undici';

import { startUnreliableServer } from './unreliable-server/server.ts';

await using server = await startUnreliableServer({ seed: 4 });

const dispatcher = new RetryDispatcher(new Agent(), { maxAttempts: 6, attemptTimeout: 500 });
const { body, context, statusCode } = await request(`${server.url}/hello`, { dispatcher });
console.log('request:', statusCode, (await body.text()).length, 'characters');
const taken = getRetryStatistics(context);
if (taken) console.log(formatStatistics(taken));
await dispatcher.close();

const retries = installGlobalRetry({ maxAttempts: 6, attemptTimeout: 500 });
const { value: response, statistics } = await captureRetryStatistics(() => fetch(`${server.url}/orders`));
console.log('fetch:', response.status, (await response.text()).length, 'characters');
for (const each of statistics) console.log(formatStatistics(each));
retries.restore();
