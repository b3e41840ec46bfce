/** The requests of a dispatcher that wait for their next attempt, so that closing it need not wait for them. */

/** A request that waits. */
export interface WaitingRequest {
  /** The wait ends, and the retry is sent. */
  hurry(): void;
  /** The wait ends, and so does the request. */
  abort(reason: Error): void;
}

/** Waits that end when their dispatcher does. */
export class WaitingRequests {
  closing = false;
  readonly #requests = new Set<WaitingRequest>();
  #emptied: (() => void) | undefined;
  #empty: Promise<void> | undefined;

  add(request: WaitingRequest): void {
    this.#requests.add(request);
  }

  delete(request: WaitingRequest): void {
    if (!this.#requests.delete(request)) return;
    if (this.#requests.size === 0) this.#emptied?.();
  }

  /** No retry is begun any more. Those that wait are sent now, for the last time; fulfilled when they are. */
  close(): Promise<void> {
    this.closing = true;
    this.#empty ??= new Promise<void>((resolve) => {
      if (this.#requests.size === 0) resolve();
      else this.#emptied = resolve;
    });
    for (const request of this.#requests) request.hurry();
    return this.#empty;
  }

  /** No retry is begun any more, and those that wait end with this error. */
  destroy(error: Error): void {
    this.closing = true;
    for (const request of this.#requests) request.abort(error);
  }
}
