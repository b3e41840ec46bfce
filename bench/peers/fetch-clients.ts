// Clients over the fetch of Node, each told to make up to two retries and to read the whole body as text. A layer is
// loaded by the process that measures it, and by no other.
import type { RetryingFetchOptions } from '@tenax/fetch-adapter';

import type { Client } from '../http-clients.ts';
import { MinimalRecords } from './minimal-record.ts';

const RETRIES = 2;

const bare = (): Client => async (url) => (await fetch(url)).text();

const tenax = (options?: RetryingFetchOptions) => async (): Promise<Client> => {
  const { createRetryingFetch } = await import('@tenax/fetch-adapter');
  const retrying = createRetryingFetch(options);
  return async (url) => (await retrying(url)).text();
};

/** What any layer has to do that says how long a request took. */
function timed(): Client {
  let total = 0;
  const send = async (url: string): Promise<Response> => {
    const start = performance.now();
    const response = await fetch(url);
    total += performance.now() - start;
    return response;
  };
  return async (url) => (await send(url)).text();
}

/** What any layer has to do that keeps a record of each request. */
function recorded(): Client {
  const records = new MinimalRecords();
  const send = async (url: string): Promise<Response> => {
    const record = records.begin(url);
    const response = await fetch(url);
    records.succeeded(record, response);
    return response;
  };
  return async (url) => (await send(url)).text();
}

/** What a timeout costs with fetch itself: a timer, and a signal that the request follows. */
const bounded = (): Client => async (url) => {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort();
  }, 5_000);
  try {
    return await (await fetch(url, { signal: controller.signal })).text();
  } finally {
    clearTimeout(timer);
  }
};

async function fetchRetry(): Promise<Client> {
  const { default: build } = await import('fetch-retry');
  const retrying = build(fetch, { retries: RETRIES, retryOn: [429, 500, 502, 503, 504] });
  return async (url) => (await retrying(url)).text();
}

async function pRetryAround(): Promise<Client> {
  const { default: pRetry } = await import('p-retry');
  const send = async (url: string): Promise<Response> => {
    const response = await fetch(url);
    if (!response.ok) throw new Error(response.statusText);
    return response;
  };
  return async (url) => (await pRetry(() => send(url), { retries: RETRIES })).text();
}

/** It has a timeout of 10 s, for all attempts together, unless told otherwise. */
const kyWith = (timeout: number | false) => async (): Promise<Client> => {
  const { default: ky } = await import('ky');
  const client = ky.create({ retry: { limit: RETRIES }, timeout });
  return async (url) => client.get(url).text();
};

async function ofetch(): Promise<Client> {
  const { ofetch: create } = await import('ofetch');
  const client = create.create({ retry: RETRIES, responseType: 'text' });
  return async (url) => client(url);
}

async function wretch(): Promise<Client> {
  const [{ default: create }, { retry }] = await Promise.all([
    import('wretch'),
    import('wretch/middlewares'),
  ]);
  const client = create().middlewares([retry({ maxAttempts: RETRIES, retryOnNetworkError: true })]);
  return async (url) => client.url(url).get().text();
}

export const fetchClients: Readonly<Record<string, () => Client | Promise<Client>>> = {
  'bare fetch': bare,
  'bare fetch again': bare,
  Tenax: tenax(),
  'Tenax, both timeouts': tenax({ attemptTimeout: 5_000, timeout: 10_000 }),
  'two readings of the clock': timed,
  'a record of each request': recorded,
  'a timer and its signal': bounded,
  'fetch-retry': fetchRetry,
  'p-retry around fetch': pRetryAround,
  'ky, no timeout': kyWith(false),
  'ky, its timeout of 10 s': kyWith(10_000),
  ofetch,
  'wretch with its retry middleware': wretch,
};
