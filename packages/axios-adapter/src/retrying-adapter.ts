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

/** Gives configs an adapter that retries, where no interceptor runs after this one. */
export class AdapterPlacement {
  readonly #engine: RetryEngine;
  /** The list that most requests come with, each with a copy of its own, and the adapter for it. */
  #list: readonly AdapterSetting[] | undefined;
  #ofList: RetryingAdapter | undefined;

  constructor(engine: RetryEngine) {
    this.#engine = engine;
  }

  place(config: InternalAxiosRequestConfig): void {
    const setting: AdapterSetting = config.adapter;
    if (isRetrying(setting)) return;
    const restore = holdCancellation(config);
    const isList = Array.isArray(setting) && restore === undefined;
    config.adapter = isList ? this.#adapterOf(setting) : this.#adapterFor(setting, restore);
  }

  #adapterFor(
    setting: AdapterSetting,
    restore: ((config: InternalAxiosRequestConfig) => void) | undefined,
  ): RetryingAdapter {
    return marked((dispatched) => {
      restore?.(dispatched);
      dispatched.adapter = setting as AxiosAdapter;
      return send(this.#engine, setting, dispatched);
    });
  }

  /**
   * One for all requests with this list. To make one for each, and to look up its names, took 0.4 of the 2.8 µs that
   * retries add to a request.
   */
  #adapterOf(list: readonly AdapterSetting[]): RetryingAdapter {
    if (this.#ofList === undefined || !isSameList(list, this.#list)) {
      this.#list = [...list];
      this.#ofList = this.#makeAdapterOf(this.#list);
    }
    return this.#ofList;
  }

  #makeAdapterOf(list: readonly AdapterSetting[]): RetryingAdapter {
    /** Found by its name once, for it does not depend on the config, as axios' fetch does; `null` for any other. */
    let http: AxiosAdapter | null | undefined;
    return marked((dispatched) => {
      const setting = [...list] as AdapterSetting;
      dispatched.adapter = setting as AxiosAdapter;
      if (http === undefined) http = httpAmong(list, dispatched);
      return http === null
        ? send(this.#engine, setting, dispatched)
        : this.#engine.run(new AxiosExchange(this.#engine, http, false, dispatched));
    });
  }
}

function isSameList(one: readonly unknown[], other: readonly unknown[] | undefined): boolean {
  if (one.length !== other?.length) return false;
  for (let index = 0; index < one.length; index += 1) if (one[index] !== other[index]) return false;
  return true;
}

/** axios' adapter for Node, if it is the one that the list means for every config: not all have a fetch. */
function httpAmong(list: readonly AdapterSetting[], config: InternalAxiosRequestConfig): AxiosAdapter | null {
  if (list.find((name) => name !== 'xhr') !== 'http') return null;
  const adapter = resolveAdapter([...list] as AdapterSetting, config);
  try {
    return adapter === resolveAdapter('http', config) ? adapter : null;
  } catch {
    return null;
  }
}

/**
 * The same where another interceptor may run later and set an adapter of its own: that one is then retried, for the
 * setting goes through an accessor. It costs axios' fast way through a config, so it stands only where it must. A request
 * that was cancelled is left to axios: held, that would be lost with a copy of a later interceptor's.
 */
export function guardAdapter(config: InternalAxiosRequestConfig, engine: RetryEngine): void {
  let setting: AdapterSetting = config.adapter;
  if (isRetrying(setting) || isCancelled(config)) return;
  const retrying = (own: AdapterSetting): RetryingAdapter =>
    marked((dispatched) => {
      // One that was set later is what is retried, and asks for what it has replaced.
      if (own !== setting) return resolveAdapter(own, dispatched)(dispatched);
      // axios 1.21 makes a copy of a config with an accessor, and shows in it what it hides in its own.
      const isCopy = Object.prototype.propertyIsEnumerable.call(dispatched, 'hasOwnProperty');
      showSetting(dispatched, setting);
      // Interceptors may know a request by its config, so that is the one to be found in the result.
      if (isCopy && Object.isExtensible(config)) {
        showSetting(config, setting);
        if (isWritable(config)) return send(engine, setting, Object.assign(config, dispatched));
      }
      return send(engine, setting, dispatched);
    });
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

/** Puts the setting itself in the place of an accessor, in a config as axios makes it. */
function showSetting(config: InternalAxiosRequestConfig, setting: AdapterSetting): void {
  Object.defineProperty(config, 'adapter', {
    value: setting,
    writable: true,
    enumerable: true,
    configurable: true,
  });
  if (Object.hasOwn(config, 'hasOwnProperty'))
    Object.defineProperty(config, 'hasOwnProperty', { enumerable: false });
}

/** A copy of any other is what axios sends without us too. */
function isWritable(config: InternalAxiosRequestConfig): boolean {
  return Object.values(Object.getOwnPropertyDescriptors(config)).every(({ writable }) => writable);
}

function marked(adapter: AxiosAdapter): RetryingAdapter {
  return Object.assign(adapter, { [RETRYING]: true as const });
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
  return engine.run(new AxiosExchange(engine, adapter, isOwn, config));
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
