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
  #reader: { resolve(body: Buffer): void; reject(error: Error): void } | undefined;

  /** Whether nothing of it is left to be told. */
  get isEmpty(): boolean {
    return this.#steps.length === 0;
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
      this.#reader = { resolve, reject };
      this.#tellReader();
    });
  }

  /** Takes out what may be told, until somebody pauses. */
  *take(isPaused: () => boolean): Generator<BodyStep> {
    for (let step = this.#steps[0]; step && !isPaused(); step = this.#steps[0]) {
      this.#steps.shift();
      yield step;
    }
  }

  #finish(step: BodyStep): void {
    this.#steps.push(step);
    this.#last = step;
    this.#tellReader();
  }

  #tellReader(): void {
    if (!this.#reader || !this.#last) return;
    if (this.#last.kind === 'error') this.#reader.reject(this.#last.error);
    else {
      const chunks = this.#steps.flatMap((step) => (step.kind === 'chunk' ? [step.chunk] : []));
      this.#reader.resolve(Buffer.concat(chunks));
    }
  }
}
