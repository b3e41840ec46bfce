/** Retries on an axios instance, registered and taken back. */

import { createClientEngine, RetryConfigError } from '@tenax/core';
import type { RetryEngine, RetryOptions } from '@tenax/core';
import * as axios from 'axios';
import type { AxiosInstance, AxiosInterceptorManager, InternalAxiosRequestConfig } from 'axios';

import { interceptorOf } from './retry-interceptor.ts';
import { AdapterPlacement, guardAdapter } from './retrying-adapter.ts';

/** Retries that are attached to an instance. */
export interface RetryHandle extends Disposable {
  /** The engine behind it, with its policy and its statistics. */
  readonly engine: RetryEngine;
  /** Takes the retries off the instance again; a second call does nothing. */
  detach(): void;
}

const attached = new WeakMap<object, unknown>();

/** Older versions have one order alone. */
const KNOWS_ORDERS = 'legacyInterceptorReqResOrdering' in (axios.default.defaults.transitional ?? {});

/**
 * Makes an axios instance retry. Instances that `instance.create()` makes from it do not.
 *
 * @throws RetryConfigError for wrong options, for what is no axios instance, and for one that has retries already
 *
 * @example
 * const instance = axios.create({ baseURL: 'https://api.example.com' });
 * attachRetry(instance, { maxAttempts: 5 });
 * const response = await instance.get('/users', { retry: { maxAttempts: 2 } });
 * response.retry?.attempts.length; // 1, or 2
 */
export function attachRetry(instance: AxiosInstance, options?: RetryOptions): RetryHandle {
  const manager = (instance as Partial<AxiosInstance> | undefined)?.interceptors?.request;
  if (typeof manager?.use !== 'function') {
    throw new RetryConfigError('instance', instance, 'an axios instance');
  }
  if (attached.has(instance) && holds(manager, attached.get(instance))) {
    throw new RetryConfigError(
      'instance',
      'one that has retries',
      'an instance without retries: call detach() of the first ones',
    );
  }
  const engine = createClientEngine(options);
  const placement = new AdapterPlacement(engine);
  const interceptor = interceptorOf(engine, (config) => {
    if (runsLast(interceptor, manager, config)) placement.place(config);
    else guardAdapter(config, engine);
  });
  // Synchronous, or every request would wait for a turn of its own before it is sent.
  const id = manager.use(interceptor, null, { synchronous: true });
  attached.set(instance, interceptor);
  let detached = false;
  const detach = (): void => {
    if (detached) return;
    detached = true;
    // After `clear()` the id is nobody's, or in older versions that of somebody else.
    if (holds(manager, interceptor)) manager.eject(id);
    if (attached.get(instance) === interceptor) attached.delete(instance);
  };
  return Object.freeze({ engine, detach, [Symbol.dispose]: detach });
}

/** Whether the interceptor is still registered: `clear()` and a list of the user's own take it off unasked. */
function holds(
  { handlers }: AxiosInterceptorManager<InternalAxiosRequestConfig>,
  interceptor: unknown,
): boolean {
  return !Array.isArray(handlers) || handlers.some((handler) => handler?.fulfilled === interceptor);
}

/** Whether no other request interceptor sees the config after this one. */
function runsLast(
  interceptor: unknown,
  { handlers }: AxiosInterceptorManager<InternalAxiosRequestConfig>,
  config: InternalAxiosRequestConfig,
): boolean {
  if (!Array.isArray(handlers)) return false;
  // Most instances have no other: the config, a hash table in axios, need not be looked into.
  if (handlers.length === 1) return handlers[0]?.fulfilled === interceptor;
  // Last in, first out, unless the user asks for the other order, or sets `transitional` without a word of it.
  const { transitional } = config;
  const isLastFirst = !KNOWS_ORDERS || !transitional || transitional.legacyInterceptorReqResOrdering;
  const last = isLastFirst ? handlers.find(isRegistered) : handlers.findLast(isRegistered);
  return last?.fulfilled === interceptor;
}

/** One that was ejected leaves a gap. */
function isRegistered(handler: unknown): boolean {
  return handler !== null;
}
