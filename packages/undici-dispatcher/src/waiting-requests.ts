/**
 * The requests of a dispatcher that have no connection: they wait for their next attempt, or for somebody to say whether
 * there is one. Closing it sends them, and destroying it ends them.
 */

/** A request that waits. */
export interface WaitingRequest {
  /** A wait for the next attempt ends, and the retry is sent. */
  hurry(): void;
  /** The wait ends, and so does the request. */
  abort(reason: Error): void;
}

/** Waits that end when their dispatcher does. */
export class WaitingRequests {
  closing = false;
  #destroyedWith: Error | undefined;
  readonly #requests = new Set<WaitingRequest>();
  #emptied: (() => void) | undefined;
  #empty: Promise<void> | undefined;

  add(request: WaitingRequest): void {
    this.#requests.add(request);
    if (this.#destroyedWith) request.abort(this.#destroyedWith);
  }

  delete(request: WaitingRequest): void {
    if (!this.#requests.delete(request)) return;
    if (this.#requests.size === 0) this.#emptied?.();
  }

  /** No retry is begun any more. Those that wait are sent now, for the last time; fulfilled when nobody waits. */
  close(): Promise<void> {
    this.closing = true;
    this.#empty ??= this.#sendAll();
    return this.#empty;
  }

  async #sendAll(): Promise<void> {
    // A hook that closes is called before the wait that it is told of.
    await Promise.resolve();
    for (const request of this.#requests) request.hurry();
    if (this.#requests.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
  }

  /** No retry is begun any more, and those that wait end with this error. */
  destroy(error: Error): void {
    this.closing = true;
    this.#destroyedWith ??= error;
    for (const request of this.#requests) request.abort(error);
  }
}
