// The happy path of undici's `request`, bare and with each of the retry layers.
import { Agent, interceptors, request, RetryAgent } from 'undici';
import type { Dispatcher } from 'undici';

import { compareClients } from './http-clients.ts';
import type { Client } from './http-clients.ts';

/** A client over a dispatcher of its own, which reads the whole body. */
function client(create: () => Dispatcher | Promise<Dispatcher>): () => Promise<Client> {
  return async () => {
    const dispatcher = await create();
    return async (url) => (await request(url, { dispatcher })).body.text();
  };
}

const tenax = () => import('@tenax/undici-dispatcher');
const RETRIES = { maxRetries: 2 };

await compareClients(
  import.meta.url,
  {
    'bare Agent': client(() => new Agent()),
    'bare Agent again': client(() => new Agent()),
    'Tenax, RetryDispatcher': client(async () => {
      const { RetryDispatcher } = await tenax();
      return new RetryDispatcher(new Agent());
    }),
    'Tenax, compose(retryInterceptor())': client(async () => {
      const { retryInterceptor } = await tenax();
      return new Agent().compose(retryInterceptor());
    }),
    'RetryAgent of undici': client(() => new RetryAgent(new Agent(), RETRIES)),
    'compose(interceptors.retry())': client(() => new Agent().compose(interceptors.retry(RETRIES))),
  },
  {
    name: 'undici',
    title: 'undici',
    seconds: 60,
    method: ["The happy path of undici's `request`. Every layer may retry twice."],
  },
);
