// The happy path of the retrying fetch beside the bare one. The bare fetch stands twice: the second row shows what a
// difference is worth. Run it with `node bench/fetch.ts`.
import { createRetryingFetch } from '@tenax/fetch-adapter';

import { compare } from './interleaved.ts';

const retrying = createRetryingFetch();
const bounded = createRetryingFetch({ attemptTimeout: 5_000, timeout: 10_000 });

await compare({
  'bare fetch': async (url) => (await fetch(url)).text(),
  'bare fetch again': async (url) => (await fetch(url)).text(),
  'retrying fetch': async (url) => (await retrying(url)).text(),
  'retrying fetch, both timeouts': async (url) => (await bounded(url)).text(),
});
