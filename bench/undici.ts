// The happy path of undici's `request`, bare and with each of the retry layers. The bare agent stands twice: the second
// row shows what a difference is worth. Run it with `node bench/undici.ts`.
import { RetryDispatcher, retryInterceptor } from '@tenax/undici-dispatcher';
import { Agent, interceptors, request, RetryAgent } from 'undici';
import type { Dispatcher } from 'undici';

import { compare, type Client } from './interleaved.ts';

/** A client over a dispatcher of its own, which reads the whole body. */
function client(create: () => Dispatcher): () => Client {
  return () => {
    const dispatcher = create();
    return async (url) => (await request(url, { dispatcher })).body.text();
  };
}

await compare(import.meta.url, {
  'bare Agent': client(() => new Agent()),
  'bare Agent again': client(() => new Agent()),
  RetryDispatcher: client(() => new RetryDispatcher(new Agent())),
  'compose(retryInterceptor())': client(() => new Agent().compose(retryInterceptor())),
  'RetryAgent of undici': client(() => new RetryAgent(new Agent())),
  'compose(interceptors.retry())': client(() => new Agent().compose(interceptors.retry())),
});
