/** An axios response in the engine's words, and its end when nobody wants it. */

import { discardStream, LARGEST_DRAIN } from '@tenax/core';
import type { Discarding, ResponseOutcome } from '@tenax/core';
import type { AxiosHeaders, AxiosResponse, InternalAxiosRequestConfig } from 'axios';

import { axiosOf } from './axios-copy.ts';
import { dataOf } from './shown-data.ts';

/** A transform of axios, as it is called. */
type Transform = (
  this: InternalAxiosRequestConfig,
  data: unknown,
  headers: unknown,
  status: number,
) => unknown;

/** Describes a response. Its body is transformed only when a predicate asks for it, and then on a copy. */
export class AxiosOutcome implements ResponseOutcome {
  readonly kind = 'response';
  readonly accepted: boolean;
  readonly #response: AxiosResponse<unknown>;
  readonly #config: InternalAxiosRequestConfig;

  /** @param accepted whether it is a success that `validateStatus` has said yes to, unless `shouldRetry` says otherwise */
  constructor(
    response: AxiosResponse<unknown>,
    config: InternalAxiosRequestConfig,
    accepted: boolean = true,
  ) {
    this.#response = response;
    this.#config = config;
    this.accepted = accepted;
  }

  get status(): number {
    return this.#response.status;
  }

  /** An adapter of the user's may give them as a plain object. */
  get headers(): ResponseOutcome['headers'] {
    const { AxiosHeaders: Headers } = axiosOf(this.#config);
    return Headers.from(this.#response.headers as AxiosHeaders) as ResponseOutcome['headers'];
  }

  async text(): Promise<string> {
    const data = dataOf(this.#response);
    if (typeof data === 'string') return data;
    if (data instanceof Blob) return data.text();
    if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) return new TextDecoder().decode(data);
    if (isStream(data)) throw new TypeError('A body that is given as a stream has no copy to read');
    return JSON.stringify(data);
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  /** What the caller would find in `response.data`. */
  data(): unknown {
    const { transformResponse } = this.#config;
    const transforms = (Array.isArray(transformResponse) ? transformResponse : [transformResponse]) as (
      | Transform
      | undefined
      | null
    )[];
    const { headers, status } = this;
    return transforms.reduce(
      (data: unknown, transform) => (transform ? transform.call(this.#config, data, headers, status) : data),
      dataOf(this.#response),
    );
  }

  /** The same, or the body as it came where the transforms refuse it. */
  shown(): unknown {
    try {
      return this.data();
    } catch {
      return dataOf(this.#response);
    }
  }

  /** Does for the caller what axios does with a response that it sees. */
  transform(): void {
    try {
      // A stream was discarded.
      if (!isStream(this.#response.data)) this.#response.data = this.shown();
    } catch {
      // A frozen one, of an adapter of the user's.
    }
  }
}

/** The parts of a Node stream that read it or end it. */
export interface NodeStream {
  readonly readableDidRead?: boolean;
  readonly readableEncoding?: string | null;
  readonly readableEnded?: boolean;
  readonly readableObjectMode?: boolean;
  readonly destroyed?: boolean;
  resume(): unknown;
  destroy(): unknown;
  on(event: 'data', listener: (chunk: { length: number }) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  once(event: 'close' | 'end' | 'error', listener: () => void): unknown;
}

/** The parts of Node's requests and responses that tell what the server has sent. */
interface Sent {
  readonly res?: Sent;
  readonly rawHeaders?: readonly string[];
}

/** Ends a response of `responseType: 'stream'`: other bodies have been read when axios gives them. */
export function discardResponse(response: AxiosResponse<unknown> | undefined): Discarding | undefined {
  if (!response) return undefined;
  const data = dataOf(response);
  if (!isStream(data)) return undefined;
  const { headers } = response as Partial<AxiosResponse<unknown>>;
  return isWebStream(data)
    ? discardStream(data, headers?.['content-length'])
    : discardNodeStream(data, messageOf(response));
}

/** What the http adapter, or one around it, has made the body of. */
export function messageOf({ request }: AxiosResponse<unknown>): Sent | null | undefined {
  const sent = request as Sent | null | undefined;
  return sent?.res ?? sent;
}

export function isStream(data: unknown): data is NodeStream | ReadableStream<Uint8Array> {
  if (typeof data !== 'object' || data === null) return false;
  return isWebStream(data) || ('resume' in data && 'destroy' in data && 'once' in data);
}

/** React Native and jsdom know no such streams. */
export function isWebStream(data: object): data is ReadableStream<Uint8Array> {
  return typeof ReadableStream !== 'undefined' && data instanceof ReadableStream;
}

function discardNodeStream(stream: NodeStream, message: unknown): Discarding {
  const cancel = (): void => {
    stream.destroy();
    // The stream that axios makes with `maxContentLength` ends the message with its next part, or not at all.
    if (isStream(message) && 'destroy' in message) message.destroy();
  };
  const finished = new Promise<void>((resolve) => {
    let size = 0;
    const done = (): void => {
      resolve();
    };
    stream.once('close', done);
    stream.once('end', done);
    // A broken rest is an end too.
    stream.once('error', done);
    stream.on('data', (chunk) => {
      size += chunk.length;
      if (size > LARGEST_DRAIN) cancel();
    });
    if (stream.destroyed || stream.readableEnded) resolve();
    else stream.resume();
  });
  return { finished, cancel };
}
