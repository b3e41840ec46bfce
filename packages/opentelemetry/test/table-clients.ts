// The clients that play core's table.
import { attachRetry } from '@tenax/axios-adapter';
import { createRetryingFetch } from '@tenax/fetch-adapter';
import { retryInterceptor } from '@tenax/undici-dispatcher';
import { create, getAdapter } from 'axios';
import type { InternalAxiosRequestConfig } from 'axios';
import { Agent, request } from 'undici';

import { OWN_ERRORS } from '../../core/test/record-table/client.ts';
import type { Client, ErrorName, ErrorWords } from '../../core/test/record-table/client.ts';

/** What errors are called is not asked here. */
const words: Client['words'] = { errors: OWN_ERRORS as unknown as Readonly<Record<ErrorName, ErrorWords>> };

const together = (...signals: (AbortSignal | null | undefined)[]): AbortSignal =>
  AbortSignal.any(signals.filter((signal) => signal !== null && signal !== undefined));

const fetchClient: Client = {
  name: 'fetch-adapter',
  takesCredentialsInUrl: false,
  words,
  open(options) {
    let another: AbortSignal | undefined;
    const fetch = createRetryingFetch({
      ...options,
      fetch: (input, init) => globalThis.fetch(input, { ...init, signal: together(init?.signal, another) }),
    });
    return {
      engine: fetch.engine,
      send({ body, signalOfAnother, url, ...init }) {
        another = signalOfAnother;
        const streamed = body && { body: body as unknown as BodyInit, duplex: 'half' as const };
        return fetch(url, { ...init, ...streamed });
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  },
};

const axiosClient: Client = {
  name: 'axios-adapter',
  takesCredentialsInUrl: true,
  words,
  open(options) {
    let another: AbortSignal | undefined;
    const http = getAdapter('http');
    const instance = create({
      adapter: (config: InternalAxiosRequestConfig) =>
        http({ ...config, signal: together(config.signal as AbortSignal | undefined, another) }),
    });
    const { engine } = attachRetry(instance, options);
    return {
      engine,
      send({ body, signalOfAnother, ...rest }) {
        another = signalOfAnother;
        return instance.request({ ...rest, data: body });
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  },
};

const undiciClient: Client = {
  name: 'undici-dispatcher',
  takesCredentialsInUrl: true,
  words,
  open(options) {
    const agent = new Agent();
    const interceptor = retryInterceptor(options);
    const dispatcher = agent.compose(interceptor);
    return {
      engine: interceptor.engine,
      async send({ body, signalOfAnother, url, ...rest }) {
        // The same signal aborts the attempt that is under way, and is none that the engine knows of.
        signalOfAnother.addEventListener('abort', () => void agent.destroy());
        const response = await request(url, { ...rest, dispatcher, body: body ?? null });
        response.body.on('error', () => undefined).resume();
        return response.context;
      },
      [Symbol.asyncDispose]: () => agent.destroy(),
    };
  },
};

export const TABLE_CLIENTS: readonly Client[] = [fetchClient, axiosClient, undiciClient];
