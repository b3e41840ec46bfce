/** A response of `responseType: 'stream'` whose body goes on where it broke off. */

import { Download, resumableDownload, signalOf } from '@tenax/core';
import type {
  AttemptContext,
  CallOptions,
  DownloadBody,
  DownloadSource,
  Outcome,
  RetryEngine,
  RetryPolicy,
} from '@tenax/core';
import * as axios from 'axios';
import type { AxiosAdapter, AxiosResponse, InternalAxiosRequestConfig } from 'axios';

import type { AttemptProgress } from './attempt-progress.ts';
import { copyOf, replaceConfig, responseIn, setHeaders } from './attempt-config.ts';
import { axiosOf } from './axios-copy.ts';
import { AxiosOutcome, discardResponse, isStream, isWebStream, messageOf } from './axios-outcome.ts';
import type { NodeStream } from './axios-outcome.ts';
import { CallerSignal } from './caller-signal.ts';
import { NodeBody } from './node-body.ts';
import { nodeStreamModule } from './node-stream-data.ts';

/** The request whose response is streamed. */
export interface StreamedRequest {
  readonly engine: RetryEngine;
  readonly policy: RetryPolicy;
  readonly call: CallOptions;
  /** What axios itself was given instead of the caller's signal and token, if anything. */
  readonly given: CallerSignal | undefined;
  readonly url: string;
  readonly adapter: AxiosAdapter;
  /** The adapter is the user's own, which may make another body of what the server has sent. */
  readonly isOwnAdapter: boolean;
  /** As it was before the first attempt. The caller may change it when there is a response. */
  readonly config: InternalAxiosRequestConfig;
  /** The same, with the headers of the attempt that was answered. */
  readonly headers: InternalAxiosRequestConfig['headers'];
  /** What is to be found as the config of an error. */
  readonly shownConfig: InternalAxiosRequestConfig;
  readonly progress: AttemptProgress | undefined;
  /** Attempts made until the response came. */
  readonly attempts: number;
}

/** What a response was before, and what its download holds. */
interface Origin {
  readonly data: unknown;
  readonly caller: CallerSignal | undefined;
}

const origins = new WeakMap<object, Origin>();

/**
 * Gives the response a stream of the same kind that survives broken connections. One that can't be continued (no
 * validator, a content encoding, not a 200) keeps its own.
 */
export function makeResumable(response: AxiosResponse<unknown>, request: StreamedRequest): void {
  const { config } = request;
  const { data } = response;
  // An adapter of the user's may freeze what it gives.
  if (!isStream(data) || !Object.getOwnPropertyDescriptor(response, 'data')?.writable) return;
  const node = isWebStream(data) ? undefined : nodeStreamModule();
  if (!isWebStream(data) && !(node && isUnread(data) && isAsSent(response, request.isOwnAdapter))) return;
  const entity = resumableDownload(new AxiosOutcome(response, config));
  if (entity === undefined) return;
  const abort = (reason: unknown): unknown => {
    const error = canceled(reason, request);
    later(() => request.given?.abort(error));
    return error;
  };
  const caller = config.signal || config.cancelToken ? new CallerSignal(config, abort) : undefined;
  const download = new Download(new Part(response, config), entity, {
    engine: request.engine,
    policy: request.policy,
    attempts: request.attempts,
    exchange: {
      call: callOf(request, caller?.signal),
      url: request.url,
      describe: (part: Part) => part.outcome,
      discard: (part: Part) => discardResponse(part.response),
    },
    send: (range, attempt, offset) => sendForRest(request, range, attempt, offset),
    ended: () => {
      later(() => caller?.release());
    },
  });
  const stream = node ? node.Readable.fromWeb(download.stream) : download.stream;
  // As that of the platform, it may fail while nobody listens.
  if ('on' in stream) stream.on('error', () => undefined);
  caller?.releaseAfter(stream);
  origins.set(stream, { data, caller });
  response.data = stream;
}

/** The same response, with the body that came: a download that nobody wants is not to go on. */
export function withOwnBody(response: AxiosResponse<unknown>): AxiosResponse<unknown> {
  const data = (response as AxiosResponse<unknown> | undefined)?.data;
  const origin = isStream(data) ? origins.get(data) : undefined;
  if (origin === undefined) return response;
  origin.caller?.release();
  return { ...response, data: origin.data };
}

/** A response, or that in an error, as a part of a download. */
class Part implements DownloadSource {
  readonly response: AxiosResponse<unknown>;
  readonly outcome: PartOutcome;
  readonly body: DownloadBody | null;

  constructor(response: AxiosResponse<unknown>, config: InternalAxiosRequestConfig, error?: unknown) {
    this.response = response;
    this.outcome = new PartOutcome(response, config, error);
    this.body = bodyOf(response.data);
  }

  get status(): number {
    return this.outcome.status;
  }

  get headers(): AxiosOutcome['headers'] {
    return this.outcome.headers;
  }
}

function bodyOf(data: unknown): DownloadBody | null {
  if (!isStream(data)) return null;
  return isWebStream(data) ? (data as ReadableStream<Uint8Array<ArrayBuffer>>) : new NodeBody(data);
}

/** A success for `validateStatus` is none for a download, and what it refuses may be one. */
class PartOutcome extends AxiosOutcome {
  /** What axios has made of it, where `validateStatus` refuses it. */
  readonly #error: unknown;

  constructor(response: AxiosResponse<unknown>, config: InternalAxiosRequestConfig, error: unknown) {
    super(response, config, false);
    this.#error = error;
  }

  /** As that of any other attempt. */
  get shownToCaller(): Outcome {
    return this.#error && this.status >= 400 ? { kind: 'error', error: this.#error, response: this } : this;
  }
}

/** Whoever is asked about a refused status finds it in an error. */
function callOf(
  { call, policy: { shouldRetry } }: StreamedRequest,
  signal: AbortSignal | undefined,
): CallOptions {
  if (!shouldRetry) return { ...call, signal };
  const asked: typeof shouldRetry = (outcome, context) =>
    shouldRetry(outcome instanceof PartOutcome ? outcome.shownToCaller : outcome, context);
  return { ...call, signal, retry: { ...call.retry, shouldRetry: asked } };
}

async function sendForRest(
  request: StreamedRequest,
  range: Record<string, string>,
  attempt: AttemptContext,
  offset: number,
): Promise<Part> {
  const config = configForRest(request, range, attempt, offset);
  try {
    return new Part(await request.adapter(config), config);
  } catch (error) {
    replaceConfig(error, config, request.shownConfig);
    const response = responseIn(error);
    if (!response) throw error;
    return new Part(response, config, error);
  }
}

function configForRest(
  { config, headers, progress }: StreamedRequest,
  range: Record<string, string>,
  attempt: AttemptContext,
  offset: number,
): InternalAxiosRequestConfig {
  const copy = copyOf(config);
  const { AxiosHeaders } = axiosOf(config);
  copy.headers = new AxiosHeaders(headers);
  setHeaders(copy.headers, attempt.headers);
  for (const [name, value] of Object.entries(range)) copy.headers.set(name, value, true);
  const signal = signalOf(attempt);
  if (signal) copy.signal = signal;
  // Within the signal.
  delete copy.cancelToken;
  // An encoding would be taken away with its header.
  copy.decompress = false;
  // Of the whole.
  const { maxContentLength = -1 } = config;
  if (maxContentLength > -1) copy.maxContentLength = Math.max(0, maxContentLength - offset);
  progress?.begin(copy, offset);
  return copy;
}

/** A token tells its listeners by their number, and none of them may leave meanwhile. */
function later(then: () => void): void {
  queueMicrotask(then);
}

/** axios ends a body with its own error too, whatever the reason. */
function canceled(reason: unknown, { config, shownConfig }: StreamedRequest): unknown {
  if (axios.isCancel(reason)) return reason;
  const { CanceledError } = axiosOf(config);
  return new CanceledError(undefined, shownConfig);
}

/** An adapter of the user's may have begun to read it, or have it give something else than bytes. */
function isUnread({ readableDidRead, readableEncoding, readableObjectMode }: NodeStream): boolean {
  return !readableDidRead && !readableEncoding && !readableObjectMode;
}

/** axios' http adapter inflates a body, and takes its `content-encoding` away. */
function isAsSent(response: AxiosResponse<unknown>, isOwnAdapter: boolean): boolean {
  const { data } = response;
  const incoming = messageOf(response);
  if (data === incoming || isOwnAdapter) return data === incoming;
  // Behind what counts or limits it, it is another stream.
  const names = incoming?.rawHeaders?.filter((_, index) => index % 2 === 0);
  return names !== undefined && !names.some((name) => name.toLowerCase() === 'content-encoding');
}
