/** One logical axios request: it sends attempts through the config's own adapter and says what came back. */

import { getRetryStatistics, keepAbortable, signalOf } from '@tenax/core';
import type {
  AttemptContext,
  CallOptions,
  Discarding,
  ErrorOutcome,
  Exchange,
  RetryPolicy,
} from '@tenax/core';
import * as axios from 'axios';
import type { AxiosAdapter, AxiosError, AxiosResponse, InternalAxiosRequestConfig } from 'axios';

import { AxiosOutcome, discardResponse } from './axios-outcome.ts';
import { callerSignal } from './caller-signal.ts';
import type { CallerSignal } from './caller-signal.ts';
import { prepareData } from './request-data.ts';
import type { RequestData } from './request-data.ts';

/** A request on its way through an adapter. The caller's config is read, never written. */
export class AxiosExchange implements Exchange<AxiosResponse<unknown>> {
  readonly call: CallOptions;
  readonly url: string;
  readonly #adapter: AxiosAdapter;
  readonly #setting: InternalAxiosRequestConfig['adapter'];
  readonly #config: InternalAxiosRequestConfig;
  readonly #signal: CallerSignal;
  #data: RequestData | undefined;

  constructor(
    adapter: AxiosAdapter,
    setting: InternalAxiosRequestConfig['adapter'],
    config: InternalAxiosRequestConfig,
  ) {
    this.#adapter = adapter;
    this.#setting = setting;
    this.#config = config;
    this.#signal = callerSignal(config);
    this.url = fullUrl(config);
    this.call = { method: config.method ?? 'get', signal: this.#signal.signal, retry: config.retry };
  }

  get hasIdempotencyKey(): boolean {
    return this.#config.headers.has('Idempotency-Key');
  }

  get replayable(): boolean {
    return this.#data?.replayable ?? true;
  }

  begin(policy: RetryPolicy): void {
    this.#data = prepareData(this.#config, policy);
  }

  async send(attempt: AttemptContext): Promise<AxiosResponse<unknown>> {
    await this.#data?.ready;
    const response = await this.#adapter(this.#attemptConfig(attempt));
    const { data } = response as AxiosResponse<unknown>;
    if (typeof data === 'object' && data !== null) keepAbortable(attempt, data);
    return response;
  }

  describe(response: AxiosResponse<unknown>): AxiosOutcome {
    return new AxiosOutcome(response, this.#config);
  }

  describeError(error: unknown): ErrorOutcome {
    const response = (error as Partial<AxiosError> | undefined | null)?.response;
    if (!response) return { kind: 'error', error };
    return { kind: 'error', error, response: new AxiosOutcome(response, this.#config) };
  }

  discard(response: AxiosResponse<unknown>): Discarding | undefined {
    return discardResponse(response);
  }

  discardError(error: unknown): Discarding | undefined {
    return discardResponse((error as Partial<AxiosError> | undefined | null)?.response);
  }

  release(failure?: { readonly reason: unknown }): void {
    this.#signal.release();
    this.#data?.release(failure);
  }

  /** axios ends an aborted request with its own error, whatever the reason. */
  nativeError(error: unknown): unknown {
    const { signal } = this.call;
    if (!signal?.aborted || error !== signal.reason || axios.isCancel(error)) return error;
    const canceled = new axios.CanceledError(undefined, this.#config);
    const statistics = typeof error === 'object' && error !== null ? getRetryStatistics(error) : undefined;
    return Object.defineProperty(canceled, 'retry', {
      value: statistics,
      enumerable: false,
      configurable: true,
    });
  }

  /** Adapters change the headers they get, and a user may look at a config later: each attempt has its own. */
  #attemptConfig(attempt: AttemptContext): InternalAxiosRequestConfig {
    const config = this.#config;
    const headers = new axios.AxiosHeaders(config.headers);
    const signal = signalOf(attempt);
    const attemptConfig = copyOf(config);
    attemptConfig.headers = headers;
    if (this.#setting !== undefined) attemptConfig.adapter = this.#setting;
    if (signal && signal !== config.signal) attemptConfig.signal = signal;
    this.#data?.apply(attemptConfig);
    attempt.headers?.forEach((value, name) => {
      headers.set(name, value);
    });
    return attemptConfig;
  }
}

/** A copy with the prototype of the original, for axios 1.21 gives configs none, and hides `hasOwnProperty` in them. */
function copyOf(config: InternalAxiosRequestConfig): InternalAxiosRequestConfig {
  const bare = Object.create(Object.getPrototypeOf(config) as object | null) as InternalAxiosRequestConfig;
  const copy = Object.assign(bare, config);
  if (!Object.hasOwn(config, 'hasOwnProperty')) return copy;
  const hidden = { ...Object.getOwnPropertyDescriptor(config, 'hasOwnProperty'), enumerable: false };
  return Object.defineProperty(copy, 'hasOwnProperty', hidden);
}

function fullUrl({ baseURL = '', url = '' }: InternalAxiosRequestConfig): string {
  return /^([a-z][a-z\d+\-.]*:)?\/\//i.test(url) ? url : `${baseURL}${baseURL && '/'}${url}`;
}
