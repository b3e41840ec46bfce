// The happy path of axios, bare and with each of the retry layers. The bare instance stands twice: the second row
// shows what a difference is worth. Run it with `node bench/axios.ts`.
import { Agent } from 'node:http';

import { attachRetry } from '@tenax/axios-adapter';
import { create, type AxiosInstance } from 'axios';
import axiosRetry from 'axios-retry';
import { attach } from 'retry-axios';

import { compare, type Client } from './interleaved.ts';

/** A client over an instance of its own. */
function client(prepare?: (instance: AxiosInstance) => void): () => Client {
  return () => {
    const instance = create({ httpAgent: new Agent({ keepAlive: true }) });
    prepare?.(instance);
    return async (url) => instance.get(url);
  };
}

await compare(import.meta.url, {
  'bare axios': client(),
  'bare axios again': client(),
  Tenax: client((instance) => void attachRetry(instance)),
  'axios-retry': client((instance) => void axiosRetry(instance)),
  'retry-axios': client((instance) => void attach(instance)),
});
