/** A download that goes on where it broke off, as a web stream. */

import { operationOf, statisticsOf } from './attached-statistics.ts';
import type { RetryEngine } from './engine.ts';
import { RetryError } from './errors.ts';
import type { RetryErrorDetails } from './errors.ts';
import type { AttemptContext } from './exchange.ts';
import {
  isComplete,
  rangeHeaders,
  readContentRange,
  refuseContinuation,
  resumeRefused,
} from './http/resume.ts';
import type { DownloadResponse, ResumableDownload } from './http/resume.ts';
import type { RetryPolicy } from './policy.ts';
import { rangeExchange } from './range-exchange.ts';
import type { WholeExchange } from './range-exchange.ts';
import { linkWhileAlive } from './signals.ts';

/** The part of a ReadableStream that a download reads from. */
export interface DownloadBody {
  getReader(): DownloadReader;
}

/** What it gives. The types of Node have no name for that. */
export type DownloadChunk =
  | { readonly done: false; readonly value: Uint8Array<ArrayBuffer> }
  | { readonly done: true; readonly value?: Uint8Array<ArrayBuffer> | undefined };

/** The part of its reader. */
export interface DownloadReader {
  read(): Promise<DownloadChunk>;
  cancel(reason?: unknown): Promise<unknown>;
}

/** A response of any client's with what can be read of it. */
export interface DownloadSource extends DownloadResponse {
  readonly body: DownloadBody | null;
}

/** How the rest of a download is asked for. */
export interface ResumeRequest<T extends DownloadSource> {
  readonly engine: RetryEngine;
  /** Attempts made until the response came; they count. */
  readonly attempts: number;
  readonly policy: RetryPolicy;
  readonly exchange: WholeExchange<T>;
  send(headers: Record<string, string>, attempt: AttemptContext, offset: number): Promise<T>;
  /** The download has ended, well or not. */
  ended?(): void;
}

/** One entity on its way, over as many connections as it takes. */
export class Download<T extends DownloadSource> {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #request: ResumeRequest<T>;
  /** With the length of the whole, once the server has said it. */
  #entity: ResumableDownload;
  readonly #controller = new AbortController();
  /** What is read now. The platform gives the connection of one up that is garbage before it was read. */
  #response: T;
  #reader: DownloadReader | undefined;
  /** Whether the chunks of what is read now are ours. */
  #givesBytes: boolean;
  #offset = 0;
  /** Where what is read now ends, once the server has said it. */
  #end: number | undefined;
  #attempts: number;
  /** The last break, for the error of a download that can't go on. */
  #lastBreak: RetryErrorDetails | undefined;
  /** Held here, for as long as the stream lives. */
  #fail: ((reason: unknown) => void) | undefined;
  #failure: { readonly reason: unknown } | undefined;

  constructor(response: T, entity: ResumableDownload, request: ResumeRequest<T>) {
    this.#request = request;
    this.#entity = entity;
    this.#end = entity.length;
    this.#attempts = request.attempts;
    this.#response = response;
    this.#givesBytes = isByteStream(response.body);
    const { signal } = request.exchange.call;
    this.stream = new ReadableStream(
      {
        ...(this.#givesBytes && { type: 'bytes' }),
        start: (controller: Controller) => {
          this.#fail = (reason) => {
            controller.error(reason);
            void this.#close(reason);
          };
          if (signal) failWithSignal(this.#fail, this.#controller.signal);
        },
        pull: async (controller) => {
          try {
            await this.#pull(controller);
          } catch (reason) {
            this.#failure = { reason };
            this.#fail?.(reason);
          }
        },
        cancel: (reason) => {
          this.#controller.abort(reason);
          return this.#close(reason);
        },
      },
      // Nothing is read before somebody asks for it.
      { highWaterMark: 0 },
    );
    if (signal) linkWhileAlive(signal, this.#controller, this.stream);
  }

  /** What the stream has failed with, if it has. */
  get failure(): { readonly reason: unknown } | undefined {
    const { signal } = this.#controller;
    return signal.aborted ? signal : this.#failure;
  }

  #open(): DownloadReader {
    return (this.#reader ??= (this.#response.body as DownloadBody).getReader());
  }

  async #close(reason?: unknown): Promise<void> {
    this.#request.ended?.();
    try {
      await this.#open().cancel(reason);
    } catch {
      // Where the rest is being asked for, this one is broken, and says so once more. One that was discarded is another's.
    }
  }

  async #pull(controller: Controller): Promise<void> {
    for (;;) {
      const chunk = await this.#read();
      if (chunk === 'broken') continue;
      if (chunk === 'end') {
        controller.close();
        void this.#close();
        // A reader's own buffer, which nothing came into.
        (controller as Partial<ReadableByteStreamController>).byobRequest?.respond(0);
        return;
      }
      // A byte stream refuses an empty chunk, and takes the buffer away from whoever has it.
      if (chunk.byteLength === 0) continue;
      controller.enqueue(this.#givesBytes ? chunk : new Uint8Array(chunk));
      return;
    }
  }

  async #read(): Promise<Uint8Array<ArrayBuffer> | 'end' | 'broken'> {
    const end = this.#end;
    const whole = this.#entity.length ?? end;
    try {
      const { done, value } = await this.#open().read();
      if (!done) {
        // Text that it was decoded to has no offsets.
        if (!ArrayBuffer.isView(value)) {
          throw new RetryError('TENAX_RESUME_REFUSED', 'The body of a download must be bytes');
        }
        this.#offset += value.byteLength;
        if (end !== undefined && this.#offset > end)
          throw resumeRefused(end, 'more bytes than there are', this.#lastBreak);
        return value;
      }
      if (whole === undefined || this.#offset >= whole) return 'end';
      throw new TypeError('terminated', {
        cause: Object.assign(new Error('The body ended early'), { code: 'ERR_STREAM_PREMATURE_CLOSE' }),
      });
    } catch (error) {
      if (error instanceof RetryError) throw error;
      // No break, and no end of another operation.
      if (this.#controller.signal.aborted) throw this.#controller.signal.reason;
      if (whole !== undefined && this.#offset >= whole) return 'end';
      await this.#continue(error);
      return 'broken';
    }
  }

  /** The broken attempt is the first of a new operation; its retries ask for the rest. */
  async #continue(failure: unknown): Promise<void> {
    const { engine, exchange, policy } = this.#request;
    const { signal } = this.#controller;
    const rest = rangeExchange(
      exchange,
      {
        method: 'GET',
        signal,
        retry: {
          ...exchange.call.retry,
          maxAttempts: Math.max(1, policy.maxAttempts - this.#attempts + 1),
        },
      },
      failure,
      (attempt) => this.#request.send(rangeHeaders(this.#entity, this.#offset), attempt, this.#offset),
    );
    const response = await engine.run(rest);
    const operation = operationOf(response);
    const statistics = operation && statisticsOf(operation);
    this.#attempts += (statistics?.attempts.length ?? 1) - 1;
    this.#lastBreak = { cause: failure, statistics };
    const entity = this.#entity;
    const isWhole = isComplete(entity, this.#offset, response);
    const refusal = isWhole ? undefined : refuseContinuation(entity, this.#offset, response, this.#lastBreak);
    if (isWhole || refusal) exchange.discard(response)?.cancel();
    if (refusal) throw refusal;
    if (isWhole) {
      // Nothing was missing but the end.
      this.#end = this.#offset;
      return;
    }
    // A server may give a part of the rest: what is missing then is asked for too.
    const range = readContentRange(response.headers);
    this.#entity = { ...entity, length: entity.length ?? range?.total };
    this.#end = range?.end;
    if (response.body === null) {
      throw new RetryError('TENAX_RESUME_REFUSED', 'The rest of the download has no body', this.#lastBreak);
    }
    this.#response = response;
    this.#givesBytes = isByteStream(response.body);
    this.#reader = undefined;
  }
}

/** Only such a stream has readers that bring a buffer of their own, and its chunks belong to whoever reads them. */
function isByteStream(stream: DownloadBody | null): boolean {
  try {
    (stream as ReadableStream).getReader({ mode: 'byob' }).releaseLock();
    return true;
  } catch {
    return false;
  }
}

/** Ends a stream that nobody reads at the moment, without keeping it alive. */
function failWithSignal(fail: (reason: unknown) => void, signal: AbortSignal): void {
  // Some runtimes (older Cloudflare Workers) have no weak references: there the next read sees the abort.
  if (typeof WeakRef !== 'function') return;
  const weak = new WeakRef(fail);
  signal.addEventListener('abort', () => {
    weak.deref()?.(signal.reason);
  });
}

type Controller = ReadableStreamController<Uint8Array<ArrayBuffer>>;
