/** One logical axios request: it sends attempts through the config's own adapter and says what came back. */

import { keepAbortable, RetryError, signalOf } from '@tenax/core';
import type {
  AttemptContext,
  CallOptions,
  Discarding,
  ErrorOutcome,
  Exchange,
  RetryEngine,
  RetryPolicy,
} from '@tenax/core';
import * as axios from 'axios';
import type { AxiosAdapter, AxiosRequestConfig, AxiosResponse, InternalAxiosRequestConfig } from 'axios';

import { copyOf, replaceConfig, responseIn, setHeaders } from './attempt-config.ts';
import { AttemptProgress } from './attempt-progress.ts';
import { axiosOf } from './axios-copy.ts';
import { AxiosOutcome, discardResponse, isStream } from './axios-outcome.ts';
import { CallerSignal } from './caller-signal.ts';
import { prepareData } from './prepare-data.ts';
import type { RequestData } from './request-data.ts';
import { makeResumable, withOwnBody } from './resume.ts';
import { RetriedResponse, showStatistics } from './show-statistics.ts';
import { hideTransformed, showTransformed } from './shown-data.ts';

/** A request on its way through an adapter. */
export class AxiosExchange implements Exchange<AxiosResponse<unknown>> {
  readonly call: CallOptions;
  private readonly engine: RetryEngine;
  private readonly adapter: AxiosAdapter;
  /** The adapter is the user's own, which may change the config that it is given. */
  private readonly isOwnAdapter: boolean;
  private readonly config: InternalAxiosRequestConfig;
  private readonly token: CallerSignal | undefined;
  /** As they were before the first attempt: adapters add to the headers that they are given. */
  private headers: InternalAxiosRequestConfig['headers'];
  /** As it was before the first attempt, where an adapter of the user's has had it. */
  private unchanged: InternalAxiosRequestConfig | undefined;
  private data: RequestData | undefined;
  private progress: AttemptProgress | undefined;
  /** The URL, once somebody has asked for it. */
  private whole: string | undefined;
  private policy: RetryPolicy | undefined;
  /** Set where a download is to go on. */
  private resuming: RetryPolicy | undefined;
  /** Answers that its attempts have failed with: an adapter of the user's may fail with those of another request. */
  private refused: WeakSet<object> | undefined;

  constructor(
    engine: RetryEngine,
    adapter: AxiosAdapter,
    isOwnAdapter: boolean,
    config: InternalAxiosRequestConfig,
  ) {
    this.engine = engine;
    this.adapter = adapter;
    this.isOwnAdapter = isOwnAdapter;
    this.config = config;
    this.headers = config.headers;
    const { cancelToken } = config;
    this.token = cancelToken && new CallerSignal(config);
    const signal = this.token?.signal ?? (config.signal as AbortSignal | undefined);
    this.call = { method: config.method ?? 'get', signal, retry: config.retry };
  }

  /** As axios puts it together when it sends; once, for `paramsSerializer` is the user's and may be slow. */
  get url(): string {
    return (this.whole ??= this.withParams(this.place));
  }

  get place(): string {
    const base = this.base;
    const url = this.configUrl;
    return base && url ? `${base.replace(/\/+$/, '')}/${url.replace(/^\/+/, '')}` : base || url;
  }

  /** The very string of the config: what is put together anew is looked at anew, for each request. */
  get origin(): string {
    return this.base || this.configUrl;
  }

  /** What the URL of the config is relative to, if it is. */
  private get base(): string | undefined {
    const { baseURL } = this.given;
    if (!baseURL) return undefined;
    const isIgnored = this.given.allowAbsoluteUrls !== false && isAbsolute(this.configUrl);
    return isIgnored ? undefined : textOf(baseURL);
  }

  private get configUrl(): string {
    return textOf(this.given.url);
  }

  private withParams(url: string): string {
    const { params, paramsSerializer } = this.given as Pick<AxiosRequestConfig, 'paramsSerializer'> & {
      params?: unknown;
    };
    if (!params) return url;
    try {
      // An instance without the defaults of any: the config has what it needs of them.
      return new axios.Axios({}).getUri({ url, params, ...(paramsSerializer && { paramsSerializer }) });
    } catch {
      // The adapter will say so.
      return url;
    }
  }

  private get given(): InternalAxiosRequestConfig {
    return this.unchanged ?? this.config;
  }

  get hasIdempotencyKey(): boolean {
    // The caller's own: what an adapter of the user's has set or replaced may be another for each attempt. axios sends
    // no header whose value is `undefined`, `null` or `false`.
    return Object.entries(this.headers).some(
      ([name, value]) => (value ?? false) !== false && name.toLowerCase() === 'idempotency-key',
    );
  }

  get replayable(): boolean {
    return this.data?.replayable ?? true;
  }

  /** A stream is read once at a time, and progress is told of one attempt. */
  get concurrent(): boolean {
    return this.data === undefined && this.progress === undefined;
  }

  begin(policy: RetryPolicy): void {
    this.data = prepareData(this.config, policy);
    this.policy = policy;
    const { onDownloadProgress, onUploadProgress } = this.config;
    if (onDownloadProgress || onUploadProgress) this.progress = new AttemptProgress(this.config);
    if (policy.resume && this.mayResume()) this.resuming = policy;
  }

  send(attempt: AttemptContext): AxiosResponse<unknown> | Promise<AxiosResponse<unknown>> {
    const ready = this.data?.ready;
    if (!ready) return this.dispatch(attempt);
    return ready.then(() => {
      // Given up meanwhile: an adapter need not look, and axios' own would send what nobody gives a body any more.
      signalOf(attempt)?.throwIfAborted();
      return this.dispatch(attempt);
    });
  }

  present(response: AxiosResponse<unknown>): AxiosResponse<unknown> {
    if (!this.isOwnAdapter && RetriedResponse.isEnoughFor(response)) return new RetriedResponse(response);
    showStatistics(response);
    return response;
  }

  describe(response: AxiosResponse<unknown>): AxiosOutcome {
    // The adapter may be anybody's.
    if (!isObject(response)) throw new TypeError('The adapter gave no response');
    return new AxiosOutcome(response, this.config);
  }

  describeError(error: unknown): ErrorOutcome {
    const response = responseIn(error);
    if (!response) return { kind: 'error', error, bodyError: this.data?.error };
    if (isObject(response)) (this.refused ??= new WeakSet()).add(response);
    const outcome = new AxiosOutcome(response, this.config);
    if (this.policy && asksAboutErrors(this.policy)) showTransformed(response, () => outcome.shown());
    return { kind: 'error', error, response: outcome };
  }

  /** axios ends an aborted request with its own error, whatever the reason. */
  abortError(reason: unknown): unknown {
    if (axios.isCancel(reason)) return reason;
    const { CanceledError } = axiosOf(this.given);
    return new CanceledError(undefined, this.config);
  }

  discard(response: AxiosResponse<unknown>): Discarding | undefined {
    return discardResponse(withOwnBody(response));
  }

  discardError(error: unknown): Discarding | undefined {
    const response = responseIn(error);
    hideTransformed(response);
    return discardResponse(response);
  }

  retrying(): void {
    this.progress?.end();
    this.data?.retrying?.();
  }

  release(failure?: { readonly reason: unknown }): void {
    this.token?.release();
    this.progress?.release();
    const answer = failure && responseIn(failure.reason);
    const answerWithin = failure && responseIn(causeOf(failure.reason));
    // Who was answered before the body was sent may still read it.
    this.data?.release?.(answer || answerWithin ? undefined : failure);
    hideTransformed(answer ?? answerWithin);
    // axios transforms what the error itself has.
    if (answerWithin && !answer && this.refused?.has(answerWithin))
      new AxiosOutcome(answerWithin, this.config).transform();
    if (failure) showStatistics(failure.reason);
  }

  private dispatch(attempt: AttemptContext): AxiosResponse<unknown> | Promise<AxiosResponse<unknown>> {
    const signal = signalOf(attempt);
    // That of the config itself, unless a token has its part in it.
    const isGiven = !this.token && signal === this.call.signal;
    const config = this.attemptConfig(attempt, isGiven ? undefined : signal);
    const sent = this.adapter(config);
    return config === this.config && !this.resuming ? sent : this.settle(attempt, config, sent);
  }

  private async settle(
    attempt: AttemptContext,
    config: InternalAxiosRequestConfig,
    sent: Promise<AxiosResponse<unknown>>,
  ): Promise<AxiosResponse<unknown>> {
    try {
      const response = await sent;
      const data = (response as Partial<AxiosResponse<unknown>> | undefined)?.data;
      if (isStream(data)) {
        keepAbortable(attempt, data);
        this.token?.keepFor(data);
      }
      this.giveBack(attempt, config, response);
      if (this.resuming && isStream(data)) this.resume(response, attempt, this.resuming);
      return response;
    } catch (error) {
      this.giveBack(attempt, config, error);
      throw error;
    }
  }

  /**
   * The caller finds a config in the result, and may send it again: it must not hold what was one attempt's. It is that
   * of the interceptors, who may know a request by it; one that an adapter of the user's has changed stays a copy.
   */
  private giveBack(attempt: AttemptContext, config: InternalAxiosRequestConfig, result: unknown): void {
    if (config === this.config) return;
    if (!this.isOwnAdapter) {
      // What was given up may end when the caller has the config. Its error may be the caller's: axios' fetch puts a
      // config into the very error that it is aborted with.
      if (!signalOf(attempt)?.aborted) this.config.headers = config.headers;
      replaceConfig(result, config, this.config);
      replaceConfig(responseIn(result), config, this.config);
      return;
    }
    const given = this.given;
    for (const name of this.data ? (['signal', 'data'] as const) : (['signal'] as const)) {
      if (Object.hasOwn(given, name)) Object.assign(config, { [name]: given[name] as unknown });
      else delete config[name];
    }
  }

  /** A body of the request's that is read once is gone by then. */
  private mayResume(): boolean {
    const { AxiosHeaders } = axiosOf(this.config);
    const isGet = this.call.method?.toUpperCase() === 'GET';
    return isGet && this.data === undefined && !new AxiosHeaders(this.headers).has('range');
  }

  private resume(response: AxiosResponse<unknown>, attempt: AttemptContext, policy: RetryPolicy): void {
    const { AxiosHeaders } = axiosOf(this.given);
    const headers = new AxiosHeaders(this.headers);
    setHeaders(headers, attempt.headers);
    makeResumable(response, {
      engine: this.engine,
      policy,
      call: this.call,
      given: this.token,
      url: this.url,
      adapter: this.adapter,
      isOwnAdapter: this.isOwnAdapter,
      config: copyOf(this.given),
      headers,
      shownConfig: this.config,
      progress: this.progress,
      attempts: attempt.number,
    });
  }

  /**
   * The first attempt has the config that it would have had without retries; it was made for this request alone. Each
   * later one has a copy, as if none had been sent before.
   */
  private attemptConfig(
    attempt: AttemptContext,
    signal: AbortSignal | undefined,
  ): InternalAxiosRequestConfig {
    const config = this.config;
    const isAsGiven = !signal && !attempt.headers && !this.data && !this.progress;
    if (attempt.number === 1 && isAsGiven) {
      // What `new AxiosHeaders` takes; its own copy would parse every name again.
      this.headers = Object.assign({}, this.headers);
      if (this.isOwnAdapter) this.unchanged = copyOf(config);
      return config;
    }
    const { AxiosHeaders } = axiosOf(config);
    const headers = new AxiosHeaders(this.headers);
    const copy = copyOf(this.given);
    copy.headers = headers;
    if (signal) copy.signal = signal;
    this.data?.apply(copy);
    this.progress?.begin(copy);
    setHeaders(headers, attempt.headers);
    return copy;
  }
}

/** Whether functions of the user's look at errors. */
function asksAboutErrors({ nonRetryableErrors, retryableErrors, shouldRetry }: RetryPolicy): boolean {
  return shouldRetry !== undefined || retryableErrors.length > 0 || nonRetryableErrors.length > 0;
}

function causeOf(error: unknown): unknown {
  try {
    return error instanceof RetryError ? error.cause : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** axios takes a `URL` too. */
function textOf(given: unknown): string {
  const url: unknown = given ?? '';
  return typeof url === 'string' ? url : String(url);
}

function isAbsolute(url: string): boolean {
  return /^([a-z][a-z\d+\-.]*:)?\/\//i.test(url);
}
