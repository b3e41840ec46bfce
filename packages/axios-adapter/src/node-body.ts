/** A Node stream as what a download reads from. */

import { RetryError } from '@tenax/core';
import type { DownloadBody, DownloadChunk, DownloadReader } from '@tenax/core';

import type { NodeStream } from './axios-outcome.ts';

type Chunk = Uint8Array<ArrayBuffer>;

/** Nothing of it is read before it is asked for. */
export class NodeBody implements DownloadBody, DownloadReader {
  readonly #stream: NodeStream;
  #chunks: AsyncIterator<Chunk, undefined> | undefined;

  constructor(stream: NodeStream) {
    this.#stream = stream;
    // Whoever reads is told. axios tells of an abort once more, when nobody listens to a body that has ended.
    stream.on('error', () => undefined);
  }

  /** One, however often it is asked for: no reader takes the stream from another. */
  getReader(): DownloadReader {
    return this;
  }

  async read(): Promise<DownloadChunk> {
    // Through `response.request.res`. What would come now is not what is at that offset.
    if (!this.#chunks && this.#stream.readableDidRead) {
      throw new RetryError('TENAX_RESUME_REFUSED', 'Somebody else has begun to read the download');
    }
    this.#chunks ??= (this.#stream as unknown as AsyncIterable<Chunk, undefined>)[Symbol.asyncIterator]();
    return this.#chunks.next();
  }

  async cancel(): Promise<void> {
    this.#stream.destroy();
  }
}
