/** A request interceptor that puts retries below all interceptors and transforms: around the adapter. */

import { createRetryEngine } from '@tenax/core';
import type { RetryEngine, RetryOptions } from '@tenax/core';
import * as axios from 'axios';
import type { AxiosAdapter, AxiosResponse, InternalAxiosRequestConfig } from 'axios';

import { AxiosExchange } from './axios-exchange.ts';
import { showStatistics } from './show-statistics.ts';

/** A request interceptor with its engine. */
export interface RetryInterceptor {
  (config: InternalAxiosRequestConfig): InternalAxiosRequestConfig;
  /** The engine behind it, with its policy and its statistics. */
  readonly engine: RetryEngine;
}

/** What `config.adapter` may hold. */
type AdapterSetting = InternalAxiosRequestConfig['adapter'];

/** Adapters that retry already: one request is retried by one loop, however many interceptors it passes. */
const retrying = new WeakSet<object>();

/**
 * Makes a request interceptor that retries. `attachRetry` registers one and can take it back.
 *
 * @throws RetryConfigError for an unknown option, a wrong value, or a pair that can't hold together
 *
 * @example
 * instance.interceptors.request.use(retryInterceptor({ maxAttempts: 5 }), null, { synchronous: true });
 */
export function retryInterceptor(options: RetryOptions = {}): RetryInterceptor {
  const engine = createRetryEngine({ throwOnExhausted: false, ...options });
  const intercept = (config: InternalAxiosRequestConfig): InternalAxiosRequestConfig => {
    wrapAdapter(config, engine);
    return config;
  };
  return Object.assign(intercept, { engine });
}

/**
 * Replaces the config's adapter by one that retries. An interceptor that runs after this one may set an adapter of its
 * own: that one is then retried, for the setting goes through an accessor.
 */
function wrapAdapter(config: InternalAxiosRequestConfig, engine: RetryEngine): void {
  let setting: AdapterSetting = config.adapter;
  if (isRetrying(setting)) return;
  const adapter: AxiosAdapter = (dispatched) => send(engine, setting, dispatched);
  retrying.add(adapter);
  Object.defineProperty(config, 'adapter', {
    get: () => adapter,
    set: (replacement: AdapterSetting) => {
      if (replacement !== adapter) setting = replacement;
    },
    enumerable: true,
    configurable: true,
  });
}

function isRetrying(setting: AdapterSetting): boolean {
  return typeof setting === 'function' && retrying.has(setting);
}

async function send(
  engine: RetryEngine,
  setting: AdapterSetting,
  config: InternalAxiosRequestConfig,
): Promise<AxiosResponse> {
  const adapter = resolveAdapter(setting, config);
  const exchange = new AxiosExchange(adapter, setting, config);
  try {
    return showStatistics(await engine.run(exchange));
  } catch (error) {
    throw showStatistics(exchange.nativeError(error));
  }
}

function resolveAdapter(setting: AdapterSetting, config: InternalAxiosRequestConfig): AxiosAdapter {
  // Its types do not know yet that an adapter may depend on the config.
  const getAdapter = axios.getAdapter as (
    adapters: AdapterSetting,
    config: InternalAxiosRequestConfig,
  ) => AxiosAdapter;
  return typeof setting === 'function' ? setting : getAdapter(setting, config);
}
