// The happy path of the retrying fetch beside the bare one. The bare fetch stands twice: the second row shows what a
// difference is worth. Run it with `node bench/fetch.ts`.
import { createRetryingFetch } from '@tenax/fetch-adapter';

import { compare, type Client } from './interleaved.ts';

/** A client that reads the whole body. */
function client(create: () => typeof fetch): () => Client {
  return () => {
    const send = create();
    return async (url) => (await send(url)).text();
  };
}

await compare(import.meta.url, {
  'bare fetch': client(() => fetch),
  'bare fetch again': client(() => fetch),
  'retrying fetch': client(() => createRetryingFetch()),
  'retrying fetch, both timeouts': client(() =>
    createRetryingFetch({ attemptTimeout: 5_000, timeout: 10_000 }),
  ),
});
