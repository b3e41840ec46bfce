/** What comes of a body before anybody knows whose it is. */

import type { IncomingHttpHeaders } from 'node:http';

/** What the caller is told, in its order. */
export type BodyStep =
  | { readonly kind: 'chunk'; readonly chunk: Buffer }
  | { readonly kind: 'end'; readonly trailers: IncomingHttpHeaders }
  | { readonly kind: 'error'; readonly error: Error };

/** Keeps the parts of a body, and its end. */
export class HeldBody {
  #steps: BodyStep[] = [];
  #last: BodyStep | undefined;
  readonly #readers: { resolve(body: Buffer): void; reject(error: Error): void }[] = [];

  /** Whether somebody waits for the whole of it. */
  get isRead(): boolean {
    return this.#readers.length > 0;
  }

  /** Whether its end has come. */
  get isOver(): boolean {
    return this.#last !== undefined;
  }

  push(chunk: Buffer): void {
    this.#steps.push({ kind: 'chunk', chunk });
  }

  end(trailers: IncomingHttpHeaders): void {
    this.#finish({ kind: 'end', trailers });
  }

  fail(error: Error): void {
    this.#finish({ kind: 'error', error });
  }

  /** The body, once it is whole. */
  whole(): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      this.#tellReaders();
    });
  }

  /** Takes out what is to be told next. */
  shift(): BodyStep | undefined {
    return this.#steps.shift();
  }

  #finish(step: BodyStep): void {
    this.#steps.push(step);
    this.#last = step;
    this.#tellReaders();
  }

  #tellReaders(): void {
    const last = this.#last;
    if (last === undefined) return;
    const chunks = this.#steps.flatMap((step) => (step.kind === 'chunk' ? [step.chunk] : []));
    for (const reader of this.#readers.splice(0)) {
      if (last.kind === 'error') reader.reject(last.error);
      else reader.resolve(Buffer.concat(chunks));
    }
  }
}
