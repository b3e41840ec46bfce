/** The body of an axios request that is a Node stream. */

import { builtinModule, ReplayableStream, sourceOfIterable } from '@tenax/core';
import type { InternalAxiosRequestConfig } from 'axios';

import type { RequestData } from './request-data.ts';

/** A Node stream; `form-data` gives an older kind without an iterator. */
interface NodeStream {
  readonly destroyed?: boolean;
  readonly readableFlowing?: boolean | null;
  pipe(destination: unknown): unknown;
  on(event: 'close' | 'end' | 'error' | 'readable', listener: (error: Error) => void): unknown;
  on(event: 'newListener' | 'resume', listener: (event?: unknown) => void): unknown;
  off?(event: 'newListener' | 'readable' | 'resume', listener: (event?: unknown) => void): unknown;
  destroy?(error?: Error): unknown;
  [Symbol.asyncIterator]?(): AsyncIterator<unknown>;
  getHeaders?(): Record<string, string>;
  getLength?(callback: (error: unknown, length: unknown) => void): void;
}

/** The parts of `node:stream` that are used; its types would oblige browser projects to have those of Node. */
interface StreamModule {
  readonly PassThrough: new () => NodeStream;
  readonly Readable: { fromWeb(stream: ReadableStream): NodeStream };
}

/** A Node stream that is kept, so that it can be sent again. */
export class NodeStreamData implements RequestData {
  readonly ready: Promise<unknown> | undefined;
  readonly #original: NodeStream;
  /** The original, or what it is piped into. */
  readonly #readable: NodeStream;
  readonly #module: StreamModule;
  readonly #stream: ReplayableStream;
  #length: number | undefined;
  /** That of the last attempt. */
  #body: NodeStream | undefined;
  /** Whether somebody destroyed the original before its end, without an error. */
  #isCutOff = false;
  #isReleased = false;

  constructor(original: NodeStream, module: StreamModule, maxBytes: number) {
    this.#original = original;
    this.#module = module;
    if (original.getHeaders && original.getLength) this.ready = this.#measure();
    // One that flows already, for somebody else, would lose what comes before an iterator asks for it.
    const isIterated = original[Symbol.asyncIterator] && original.readableFlowing !== true;
    const readable = isIterated ? original : new module.PassThrough();
    this.#readable = readable;
    if (isIterated) {
      original.on('newListener', this.#holdBack);
      original.on('resume', this.#holdBack);
    }
    // It may fail before it is read, in a queue or a wait. Whoever reads it then is told.
    readable.on('error', nothing);
    this.#watch(readable);
    if (readable !== original) {
      original.on('error', (error) => readable.destroy?.(error));
      original.pipe(readable);
    }
    this.#stream = new ReplayableStream(sourceOfIterable(readable as AsyncIterable<unknown>), maxBytes);
  }

  get replayable(): boolean {
    return this.#stream.replayable && !this.#isCutOff;
  }

  get error(): unknown {
    return this.#stream.sourceError;
  }

  apply(config: InternalAxiosRequestConfig): void {
    // The boundary of form-data is part of the body, so it stays the same for every attempt.
    const headers = this.#original.getHeaders?.();
    if (headers) config.headers.set(allowedHeaders(headers, config));
    if (this.#length !== undefined) config.headers.set('Content-Length', String(this.#length), false);
    const body = this.#module.Readable.fromWeb(this.#stream.open());
    // It may be ended before an adapter listens, or by one that never does.
    body.on('error', nothing);
    // Destroyed in a wait: axios ends the attempt as it ends one whose stream is destroyed under way.
    if (this.#isCutOff) body.destroy?.();
    this.#body = body;
    config.data = body;
  }

  retrying(): void {
    this.#stream.giveUp();
  }

  release(failure?: { readonly reason: unknown }): void {
    this.#isReleased = true;
    this.#stream.release(failure);
    // The original is the caller's again, who may read what was not read.
    this.#stopHolding();
    this.#original.off?.('readable', nothing);
    if (failure && this.#readable !== this.#original) this.#readable.destroy?.();
  }

  /**
   * Nor may it begin to flow for those who listen to it from now on. Not sooner, for to listen is to read: Node's server
   * reads on what nobody has begun to read, such as an upload whose forwarding a guard refuses.
   */
  readonly #holdBack = (event: unknown = 'data'): void => {
    if (event !== 'data') return;
    this.#stopHolding();
    this.#original.on('readable', nothing);
  };

  #stopHolding(): void {
    this.#original.off?.('newListener', this.#holdBack);
    this.#original.off?.('resume', this.#holdBack);
  }

  /** The body is destroyed with the original, as axios looks for it: to read on would give it an error of its own. */
  #watch(readable: NodeStream): void {
    let hasEnded = false;
    const ended = (): void => {
      hasEnded = true;
    };
    this.#original.on('end', ended);
    this.#original.on('error', ended);
    this.#original.on('close', () => {
      if (hasEnded || this.#isReleased) return;
      this.#isCutOff = true;
      // First, or what is asked of it now would be answered as if that were the end of the body.
      this.#stream.giveUp();
      this.#body?.destroy?.();
      readable.destroy?.();
    });
  }

  /** As axios does with form-data; some servers take no body without its length. */
  async #measure(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#original.getLength?.((_, length) => {
        if (Number.isFinite(length)) this.#length = length as number;
        resolve();
      });
    });
  }
}

/** Those of a form that axios may take over. */
function allowedHeaders(
  headers: Record<string, string>,
  { formDataHeaderPolicy }: InternalAxiosRequestConfig & { readonly formDataHeaderPolicy?: unknown },
): Record<string, string> {
  if (formDataHeaderPolicy !== 'content-only') return headers;
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => /^content-(?:type|length)$/i.test(name)),
  );
}

function nothing(): void {
  // For streams that want a listener.
}

export function isNodeStream(data: object): data is NodeStream {
  return 'pipe' in data && typeof data.pipe === 'function';
}

/** `node:stream`, where the runtime has it. Not imported: browsers have none. */
export function nodeStreamModule(): StreamModule | undefined {
  return builtinModule<StreamModule>('node:stream') as StreamModule | undefined;
}
