/** What a script sends. */

import { REQUEST_BODY } from './script.ts';
import type { Options } from './script.ts';

export function requestBody({ body }: Options): string | StreamedBody | null {
  if (body === 'none') return null;
  return body === 'text' ? REQUEST_BODY.join('') : new StreamedBody();
}

/** A body that can be read once, and knows whether its reader has let it go. */
export class StreamedBody implements AsyncIterableIterator<Buffer> {
  isOpen = false;
  readonly #parts = REQUEST_BODY.map((part) => Buffer.from(part));

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Buffer, undefined>> {
    const value = this.#parts.shift();
    this.isOpen = value !== undefined;
    return Promise.resolve(value ? { done: false, value } : { done: true, value: undefined });
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.isOpen = false;
    return Promise.resolve({ done: true, value: undefined });
  }
}
