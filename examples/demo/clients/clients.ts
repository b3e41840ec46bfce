/** The clients that the demo can send with. */
import type { RetryOptions } from '@tenax/core';

import type { Client } from './client.ts';

/** Makes a client, by the name that `--client` takes. Only the one that is asked for is loaded. */
export const CLIENTS = {
  fetch: async (options) => (await import('./fetch.ts')).createFetchClient(options),
  axios: async (options) => (await import('./axios.ts')).createAxiosClient(options),
  undici: async (options) => (await import('./undici.ts')).createUndiciClient(options),
  'global-fetch': async (options) => (await import('./global-fetch.ts')).createGlobalFetchClient(options),
} satisfies Record<string, (options: RetryOptions) => Promise<Client>>;

/** The name of a client. */
export type ClientName = keyof typeof CLIENTS;
