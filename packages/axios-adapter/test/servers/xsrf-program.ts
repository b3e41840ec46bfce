// A page, as far as axios looks at one: it has to be there when axios is loaded. Sends a request that takes two
// attempts, with options of the command line, and prints what the server saw of them as JSON.
import type { AxiosRequestConfig } from 'axios';

import { flakyServer, ok, unavailable } from '../../../fetch-adapter/test/servers/flaky-server.ts';

await using server = await flakyServer(unavailable, ok);
const document = { cookie: 'OTHER=1; XSRF-TOKEN=first; OWN=mine' };
Object.assign(globalThis, { document, window: globalThis, location: new URL(server.url) });
const { create } = await import('axios');
const { attachRetry } = await import('@tenax/axios-adapter');

const beforeRetry = (): void => {
  document.cookie = document.cookie.replace('first', 'second');
};
const api = create({ adapter: 'fetch' });
attachRetry(api, { baseDelay: 0, hooks: { beforeRetry } });
await api.get(server.url, JSON.parse(process.argv[2] ?? '{}') as AxiosRequestConfig);
console.log(JSON.stringify(server.requests.map(({ headers }) => headers)));
