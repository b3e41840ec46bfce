// What a request costs that needs no retry: the bare client beside Tenax. Run it with `node bench/overhead.ts`.
import { createRetryEngine } from '@tenax/core';
import { createRetryingFetch } from '@tenax/fetch-adapter';
import { bench, do_not_optimize, run, summary } from 'mitata';

const operation = async (): Promise<number> => 1;
const answer = async (): Promise<Response> => new Response('ok');

const engine = createRetryEngine();
const retrying = createRetryingFetch({ fetch: answer });

summary(() => {
  bench('a promise', async () => do_not_optimize(await operation()));
  bench('engine.execute', async () => do_not_optimize(await engine.execute(operation)));
});

summary(() => {
  bench('fetch, answered at once', async () => do_not_optimize(await answer()));
  bench('the retrying fetch', async () => do_not_optimize(await retrying('http://localhost/')));
});

await run();
