// Retries for an axios instance, against an unreliable server. Run it with `node examples/axios-basic.ts`.
import { attachRetry } from '@tenax/axios-adapter';
import { formatStatistics } from '@tenax/core';
import { create } from 'axios';

import { startUnreliableServer } from './unreliable-server/server.ts';

await using server = await startUnreliableServer({ seed: 4 });
const api = create({ baseURL: server.url });
attachRetry(api, { maxAttempts: 6, attemptTimeout: 500 });

const response = await api.get<{ text: string }>('/hello');
console.log(response.status, response.data.text.length, 'characters');

if (response.retry) console.log(formatStatistics(response.retry));
