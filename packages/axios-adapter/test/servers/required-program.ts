// An older axios that a program has by `require`. Sends a request that takes two attempts, with the adapter of the
// command line, and prints what became of it as JSON.
import { createRequire, registerHooks } from 'node:module';

import type { AxiosStatic } from 'axios';

import { flakyServer, ok, status } from '../../../fetch-adapter/test/servers/flaky-server.ts';

registerHooks({
  resolve: (name, context, next) => next(name === 'axios' ? 'axios-oldest' : name, context),
});
const { attachRetry } = await import('../../src/index.ts');
const required = createRequire(import.meta.url)('axios') as AxiosStatic;

await using server = await flakyServer(status(503, { 'retry-after-ms': '1' }), ok);
const api = required.create({ adapter: process.argv[2] as 'http', headers: { 'X-Own': 'one' } });
const hints: unknown[] = [];
attachRetry(api, {
  shouldRetry: (outcome) => {
    const response = outcome.kind === 'error' ? outcome.response : outcome;
    hints.push(response?.kind === 'response' && response.headers.get('retry-after-ms'));
    return undefined;
  },
});
const { config } = await api.put(server.url, { b: 1 });
console.log(
  JSON.stringify({
    version: required.VERSION,
    hints,
    requests: server.requests.map(({ body, headers }) => ({ headers, body: body.toString() })),
    isOfTheCopy: config.headers instanceof required.AxiosHeaders,
  }),
);
