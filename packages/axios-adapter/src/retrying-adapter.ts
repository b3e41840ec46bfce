/** The adapter that retries, and how it comes into a request's config. */

import type { RetryEngine } from '@tenax/core';
import * as axios from 'axios';
import type { AxiosAdapter, AxiosResponse, InternalAxiosRequestConfig } from 'axios';

import { axiosOf } from './axios-copy.ts';
import { AxiosExchange } from './axios-exchange.ts';
import { holdCancellation, isCancelled } from './held-cancellation.ts';

/** What `config.adapter` may hold. */
type AdapterSetting = InternalAxiosRequestConfig['adapter'];

/** Marks adapters that retry, those of another copy of this package too: a request is retried by one loop. */
const RETRYING = Symbol.for('@tenax/axios-adapter retrying');

interface RetryingAdapter extends AxiosAdapter {
  [RETRYING]?: true;
}

/** Gives the config an adapter that retries, where no interceptor runs after this one. */
export function placeAdapter(config: InternalAxiosRequestConfig, engine: RetryEngine): void {
  const setting: AdapterSetting = config.adapter;
  if (isRetrying(setting)) return;
  const restore = holdCancellation(config);
  const adapter: RetryingAdapter = (dispatched) => {
    restore?.(dispatched);
    dispatched.adapter = setting as AxiosAdapter;
    return send(engine, setting, dispatched);
  };
  adapter[RETRYING] = true;
  config.adapter = adapter;
}

/**
 * The same where another interceptor may run later and set an adapter of its own: that one is then retried, for the
 * setting goes through an accessor. It costs axios' fast way through a config, so it stands only where it must. A request
 * that was cancelled is left to axios: held, that would be lost with a copy of a later interceptor's.
 */
export function guardAdapter(config: InternalAxiosRequestConfig, engine: RetryEngine): void {
  let setting: AdapterSetting = config.adapter;
  if (isRetrying(setting) || isCancelled(config)) return;
  const retrying = (own: AdapterSetting): RetryingAdapter => {
    const adapter: RetryingAdapter = (dispatched) => {
      // One that was set later is what is retried, and asks for what it has replaced.
      if (own !== setting) return resolveAdapter(own, dispatched)(dispatched);
      Object.defineProperty(dispatched, 'adapter', {
        value: setting,
        writable: true,
        enumerable: true,
        configurable: true,
      });
      // axios 1.21 makes a copy of a config with an accessor, and shows in it what it hides in its own.
      if (Object.hasOwn(dispatched, 'hasOwnProperty'))
        Object.defineProperty(dispatched, 'hasOwnProperty', { enumerable: false });
      return send(engine, setting, dispatched);
    };
    adapter[RETRYING] = true;
    return adapter;
  };
  let adapter = retrying(setting);
  Object.defineProperty(config, 'adapter', {
    get: () => adapter,
    set: (replacement: AdapterSetting) => {
      if (replacement === adapter) return;
      setting = replacement;
      adapter = retrying(setting);
    },
    enumerable: true,
    configurable: true,
  });
}

function isRetrying(setting: AdapterSetting): boolean {
  return typeof setting === 'function' && (setting as RetryingAdapter)[RETRYING] === true;
}

function send(
  engine: RetryEngine,
  setting: AdapterSetting,
  config: InternalAxiosRequestConfig,
): Promise<AxiosResponse> {
  const adapter = resolveAdapter(setting, config);
  const isOwn = adapter === setting || (Array.isArray(setting) && setting.includes(adapter));
  return engine.run(new AxiosExchange(adapter, isOwn, config));
}

function resolveAdapter(setting: AdapterSetting, config: InternalAxiosRequestConfig): AxiosAdapter {
  if (typeof setting === 'function') return setting;
  // Its types do not know yet that an adapter may depend on the config.
  const getAdapter = axiosOf(config).getAdapter as (
    adapters: AdapterSetting,
    config: InternalAxiosRequestConfig,
  ) => AxiosAdapter;
  return getAdapter(setting || axios.default.defaults.adapter, config);
}
