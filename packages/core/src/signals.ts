/**
 * One listener for each AbortSignal, however many operations share it: an EventTarget gets slower with every listener,
 * and Node warns of a leak at the eleventh.
 */

/** Somebody who wants to know when a signal aborts. */
export interface SignalSubscriber {
  signalAborted(reason: unknown): void;
}

class SignalHub {
  readonly #signal: AbortSignal;
  readonly #subscribers = new Set<SignalSubscriber>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(subscriber: SignalSubscriber): void {
    if (this.#subscribers.size === 0) this.#signal.addEventListener('abort', this);
    this.#subscribers.add(subscriber);
  }

  delete(subscriber: SignalSubscriber): void {
    if (!this.#subscribers.delete(subscriber) || this.#subscribers.size > 0) return;
    this.#signal.removeEventListener('abort', this);
    hubs.delete(this.#signal);
  }

  /** The EventListener interface: the hub itself is the listener. */
  handleEvent(): void {
    // Whoever comes from now on finds another hub.
    this.#signal.removeEventListener('abort', this);
    hubs.delete(this.#signal);
    // An iterator would make 40 B of garbage for each, while thousands of operations end.
    this.#subscribers.forEach((subscriber) => {
      subscriber.signalAborted(this.#signal.reason);
    });
  }
}

const hubs = new WeakMap<AbortSignal, SignalHub>();

/** Tells `subscriber` when `signal` aborts. The signal must not be aborted yet. */
export function subscribe(signal: AbortSignal, subscriber: SignalSubscriber): void {
  let hub = hubs.get(signal);
  if (hub === undefined) {
    hub = new SignalHub(signal);
    hubs.set(signal, hub);
  }
  hub.add(subscriber);
}

/** Takes a subscription back; one that is gone already is no fault. */
export function unsubscribe(signal: AbortSignal, subscriber: SignalSubscriber): void {
  hubs.get(signal)?.delete(subscriber);
}

/** Lets `source` abort `controller` for as long as the controller's work lives. */
class HeldLink implements SignalSubscriber {
  readonly #source: AbortSignal;
  readonly #controller: AbortController;

  constructor(source: AbortSignal, controller: AbortController) {
    this.#source = source;
    this.#controller = controller;
    subscribe(source, this);
  }

  signalAborted(reason: unknown): void {
    this.#controller.abort(reason);
  }

  release(): void {
    unsubscribe(this.#source, this);
  }
}

// Some runtimes (older Cloudflare Workers) have no finalization: there a link lives as long as its source.
const finished =
  typeof FinalizationRegistry === 'function'
    ? new FinalizationRegistry<HeldLink>((link) => {
        link.release();
      })
    : undefined;

/**
 * Keeps `source` able to abort `controller` until `owner`, such as a response's body, is garbage: nothing tells when
 * a body has been read, and `AbortSignal.any` was seen to leak on signals that live long (Node issues 54614, 64476).
 */
export function linkWhileAlive(source: AbortSignal, controller: AbortController, owner: object): void {
  const link = new HeldLink(source, controller);
  finished?.register(owner, link);
}
