/** One logical axios request: it sends attempts through the config's own adapter and says what came back. */

import { keepAbortable, signalOf } from '@tenax/core';
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

import { AttemptProgress } from './attempt-progress.ts';
import { AxiosOutcome, discardResponse } from './axios-outcome.ts';
import { TokenSignal } from './caller-signal.ts';
import { prepareData } from './request-data.ts';
import type { RequestData } from './request-data.ts';
import { RetriedResponse, showStatistics } from './show-statistics.ts';

/** A request on its way through an adapter. */
export class AxiosExchange implements Exchange<AxiosResponse<unknown>> {
  readonly call: CallOptions;
  readonly #adapter: AxiosAdapter;
  /** The adapter is the user's own, which may change the config that it is given. */
  readonly #isOwnAdapter: boolean;
  readonly #config: InternalAxiosRequestConfig;
  readonly #token: TokenSignal | undefined;
  /** As they were before the first attempt: adapters add to the headers that they are given. */
  #headers: InternalAxiosRequestConfig['headers'];
  #data: RequestData | undefined;
  #progress: AttemptProgress | undefined;

  constructor(adapter: AxiosAdapter, isOwnAdapter: boolean, config: InternalAxiosRequestConfig) {
    this.#adapter = adapter;
    this.#isOwnAdapter = isOwnAdapter;
    this.#config = config;
    this.#headers = config.headers;
    const { cancelToken } = config;
    this.#token = cancelToken && new TokenSignal(cancelToken, config);
    const signal = this.#token?.signal ?? (config.signal as AbortSignal | undefined);
    this.call = { method: config.method ?? 'get', signal, retry: config.retry };
  }

  get url(): string {
    const { url = '' } = this.#config;
    const base = this.#base;
    return base ? `${base}/${url}` : url;
  }

  /** The very string of the config: what is put together anew is looked at anew, for each request. */
  get origin(): string {
    return this.#base || (this.#config.url ?? '');
  }

  /** What the URL of the config is relative to, if it is. */
  get #base(): string | undefined {
    const { baseURL, url = '' } = this.#config;
    return baseURL && isAbsolute(url) ? undefined : baseURL;
  }

  get hasIdempotencyKey(): boolean {
    return this.#config.headers.has('Idempotency-Key');
  }

  get replayable(): boolean {
    return this.#data?.replayable ?? true;
  }

  /** A stream is read once at a time, and progress is told of one attempt. */
  get concurrent(): boolean {
    return this.#data === undefined && this.#progress === undefined;
  }

  begin(policy: RetryPolicy): void {
    this.#data = prepareData(this.#config, policy);
    const { onDownloadProgress, onUploadProgress } = this.#config;
    if (onDownloadProgress || onUploadProgress) this.#progress = new AttemptProgress(this.#config);
  }

  send(attempt: AttemptContext): AxiosResponse<unknown> | Promise<AxiosResponse<unknown>> {
    const ready = this.#data?.ready;
    return ready ? ready.then(() => this.#dispatch(attempt)) : this.#dispatch(attempt);
  }

  present(response: AxiosResponse<unknown>): AxiosResponse<unknown> {
    if (!this.#isOwnAdapter && RetriedResponse.isEnoughFor(response)) return new RetriedResponse(response);
    showStatistics(response);
    return response;
  }

  describe(response: AxiosResponse<unknown>): AxiosOutcome {
    return new AxiosOutcome(response, this.#config);
  }

  describeError(error: unknown): ErrorOutcome {
    this.#progress?.end();
    const response = responseIn(error);
    if (!response) return { kind: 'error', error };
    return { kind: 'error', error, response: new AxiosOutcome(response, this.#config) };
  }

  /** axios ends an aborted request with its own error, whatever the reason. */
  abortError(reason: unknown): unknown {
    return axios.isCancel(reason) ? reason : new axios.CanceledError(undefined, this.#config);
  }

  discard(response: AxiosResponse<unknown>): Discarding | undefined {
    this.#progress?.end();
    return discardResponse(response);
  }

  discardError(error: unknown): Discarding | undefined {
    return discardResponse(responseIn(error));
  }

  release(failure?: { readonly reason: unknown }): void {
    this.#token?.release();
    this.#data?.release(failure);
    if (failure) showStatistics(failure.reason);
  }

  #dispatch(attempt: AttemptContext): AxiosResponse<unknown> | Promise<AxiosResponse<unknown>> {
    const signal = signalOf(attempt);
    const ofCaller = signal === this.#config.signal;
    const sent = this.#adapter(this.#attemptConfig(attempt, ofCaller ? undefined : signal));
    return ofCaller ? sent : this.#keepAbortable(attempt, sent);
  }

  async #keepAbortable(
    attempt: AttemptContext,
    sent: Promise<AxiosResponse<unknown>>,
  ): Promise<AxiosResponse<unknown>> {
    const response = await sent;
    const { data } = response;
    if (typeof data === 'object' && data !== null) keepAbortable(attempt, data);
    return response;
  }

  /**
   * The first attempt of axios' own adapters has the config that they would have had without retries; it was made for
   * this request alone. Each later one has a copy, as if none had been sent before.
   */
  #attemptConfig(attempt: AttemptContext, signal: AbortSignal | undefined): InternalAxiosRequestConfig {
    const config = this.#config;
    const isAsGiven = !this.#isOwnAdapter && !signal && !attempt.headers && !this.#data && !this.#progress;
    if (attempt.number === 1 && isAsGiven) {
      // What `new AxiosHeaders` takes; its own copy would parse every name again.
      this.#headers = Object.assign({}, config.headers);
      return config;
    }
    const headers = new axios.AxiosHeaders(this.#headers);
    const copy = copyOf(config);
    copy.headers = headers;
    if (signal) copy.signal = signal;
    this.#data?.apply(copy);
    this.#progress?.begin(copy);
    attempt.headers?.forEach((value, name) => {
      headers.set(name, value);
    });
    return copy;
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

/** Errors may be anything, a proxy that throws when it is looked at too. */
function responseIn(error: unknown): AxiosResponse<unknown> | undefined {
  try {
    return (error as Partial<AxiosError> | undefined | null)?.response;
  } catch {
    return undefined;
  }
}

function isAbsolute(url: string): boolean {
  return /^([a-z][a-z\d+\-.]*:)?\/\//i.test(url);
}
