// The happy path of axios, bare and with each of the retry layers.
import { Agent } from 'node:http';

import { create, getAdapter } from 'axios';
import type { AxiosAdapter, AxiosInstance, AxiosPromise, InternalAxiosRequestConfig } from 'axios';

import { compareClients } from './http-clients.ts';
import type { Client } from './http-clients.ts';
import { MinimalRecords } from './peers/minimal-record.ts';

/** A client over an instance of its own. */
function client(prepare?: (instance: AxiosInstance) => unknown): () => Promise<Client> {
  return async () => {
    const instance = create({ httpAgent: new Agent({ keepAlive: true }) });
    await prepare?.(instance);
    return async (url) => instance.get(url);
  };
}

/** Sends through an adapter of its own, as any layer does that is around what is sent. */
function around(
  instance: AxiosInstance,
  send: (adapter: AxiosAdapter, config: InternalAxiosRequestConfig) => AxiosPromise,
): void {
  instance.interceptors.request.use(
    (config) => {
      const adapter = getAdapter(config.adapter);
      config.adapter = (dispatched) => send(adapter, dispatched);
      return config;
    },
    null,
    { synchronous: true },
  );
}

/** What any layer has to do that says how long a request took. */
function time(instance: AxiosInstance): void {
  let total = 0;
  around(instance, async (adapter, config) => {
    const start = performance.now();
    const response = await adapter(config);
    total += performance.now() - start;
    return response;
  });
}

/** What any layer has to do that keeps a record of each request. */
function record(instance: AxiosInstance): void {
  const records = new MinimalRecords();
  around(instance, async (adapter, config) => {
    const begun = records.begin(config.url ?? '');
    const response = await adapter(config);
    records.succeeded(begun, response);
    return response;
  });
}

await compareClients(
  import.meta.url,
  {
    'bare axios': client(),
    'bare axios again': client(),
    Tenax: client(async (instance) => (await import('@tenax/axios-adapter')).attachRetry(instance)),
    'two readings of the clock': client(time),
    'a record of each request': client(record),
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
    throughout: [
      'bare axios',
      'bare axios again',
      'Tenax',
      'two readings of the clock',
      'a record of each request',
    ],
    goals: { latency: 1.01, processor: 1.01 },
    method: ['The happy path of an axios instance with a keep-alive agent. Every layer may retry twice.'],
  },
);
