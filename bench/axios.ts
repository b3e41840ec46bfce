// The happy path of axios, bare and with each of the retry layers.
import { Agent } from 'node:http';

import { create, getAdapter } from 'axios';
import type { AxiosInstance } from 'axios';

import { compareClients } from './http-clients.ts';
import type { Client } from './http-clients.ts';

/** A client over an instance of its own. */
function client(prepare?: (instance: AxiosInstance) => unknown): () => Promise<Client> {
  return async () => {
    const instance = create({ httpAgent: new Agent({ keepAlive: true }) });
    await prepare?.(instance);
    return async (url) => instance.get(url);
  };
}

/** What any layer has to do that says how long a request took. */
function time(instance: AxiosInstance): void {
  let total = 0;
  instance.interceptors.request.use(
    (config) => {
      const adapter = getAdapter(config.adapter);
      config.adapter = async (dispatched) => {
        const start = performance.now();
        const response = await adapter(dispatched);
        total += performance.now() - start;
        return response;
      };
      return config;
    },
    null,
    { synchronous: true },
  );
}

await compareClients(
  import.meta.url,
  {
    'bare axios': client(),
    'bare axios again': client(),
    Tenax: client(async (instance) => (await import('@tenax/axios-adapter')).attachRetry(instance)),
    'two readings of the clock': client(time),
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
    seconds: 100,
    rounds: 96,
    throughout: ['bare axios', 'bare axios again', 'Tenax', 'two readings of the clock'],
    goals: { latency: 1.01, processor: 1.01 },
    method: ['The happy path of an axios instance with a keep-alive agent. Every layer may retry twice.'],
  },
);
