// The happy path of axios, bare and with each of the retry layers.
import { Agent } from 'node:http';

import { create } from 'axios';
import type { AxiosInstance } from 'axios';

import { compareClients } from './http-clients.ts';
import type { Client } from './http-clients.ts';

/** A client over an instance of its own. */
function client(prepare?: (instance: AxiosInstance) => Promise<unknown>): () => Promise<Client> {
  return async () => {
    const instance = create({ httpAgent: new Agent({ keepAlive: true }) });
    await prepare?.(instance);
    return async (url) => instance.get(url);
  };
}

await compareClients(
  import.meta.url,
  {
    'bare axios': client(),
    'bare axios again': client(),
    Tenax: client(async (instance) => (await import('@tenax/axios-adapter')).attachRetry(instance)),
    'axios-retry': client(async (instance) =>
      (await import('axios-retry')).default(instance, { retries: 2 }),
    ),
    'retry-axios': client(async (instance) => {
      instance.defaults.raxConfig = { retry: 2 };
      return (await import('retry-axios')).attach(instance);
    }),
  },
  {
    name: 'axios',
    title: 'axios',
    seconds: 110,
    method: ['The happy path of an axios instance with a keep-alive agent. Every layer may retry twice.'],
  },
);
