/** Retries as a dispatcher around another one. */

import { createClientEngine, RetryConfigError } from '@tenax/core';
import type { RetryEngine, RetryOptions } from '@tenax/core';
import { Agent, Dispatcher, errors } from 'undici';

import { dispatchWithRetries, isRequest } from './dispatch-with-retries.ts';
import { forwardEvents } from './forward-events.ts';
import { modernHandler } from './legacy-handler.ts';
import type { Dispatch, DispatchOptions } from './protocol.ts';
import { WaitingRequests } from './waiting-requests.ts';

type Callback = (error?: unknown) => void;

/** What undici's own code asks of a dispatcher beside its public methods. */
interface InnerDispatcher {
  readonly closed?: boolean;
  readonly destroyed?: boolean;
  readonly isMockActive?: boolean;
  readonly webSocketOptions?: unknown;
  readonly eventSourceOptions?: unknown;
}

/** What `compose` of undici 8 tells interceptors of a dispatcher's origin by, symbols that undici keeps to itself. */
const ORIGIN_SYMBOLS = new Set<string | undefined>(['url', 'originless']);

/**
 * A dispatcher that retries what it sends through another one: in place of undici's `RetryAgent`, fit to be the global
 * one. It takes handlers of undici 7 and 8 and of every built-in fetch.
 *
 * @example
 * const dispatcher = new RetryDispatcher(new Agent({ connections: 10 }), { maxAttempts: 5 });
 * await request('https://api.example.com/', { dispatcher });
 * await dispatcher.close();
 */
export class RetryDispatcher extends Dispatcher {
  /** The engine behind it, with its policy and its statistics. */
  readonly engine: RetryEngine;
  // Not #private: `compose` calls the methods on a proxy of this.
  private readonly inner: Dispatcher;
  private readonly innerDispatch: Dispatch;
  private readonly waiting: WaitingRequests = new WaitingRequests();
  private whenClosed: Promise<void> | undefined;

  /**
   * @param inner what sends the attempts; closed and destroyed with this one
   * @throws RetryConfigError for wrong options, and for what is no dispatcher
   */
  constructor(inner: Dispatcher = new Agent(), options?: RetryOptions) {
    super();
    if (typeof (inner as Partial<Dispatcher> | null)?.dispatch !== 'function') {
      throw new RetryConfigError('inner', inner, 'a dispatcher of undici, such as new Agent()');
    }
    this.engine = createClientEngine(options);
    this.inner = inner;
    this.innerDispatch = (dispatchOptions, handler) => inner.dispatch(dispatchOptions, handler);
    for (const symbol of Object.getOwnPropertySymbols(inner)) {
      if (ORIGIN_SYMBOLS.has(symbol.description)) Reflect.set(this, symbol, Reflect.get(inner, symbol));
    }
    forwardEvents(inner, this);
  }

  get closed(): boolean {
    return this.waiting.closing || (this.inner as InnerDispatcher).closed === true;
  }

  get destroyed(): boolean {
    return (this.inner as InnerDispatcher).destroyed === true;
  }

  get isMockActive(): boolean {
    return (this.inner as InnerDispatcher).isMockActive === true;
  }

  get webSocketOptions(): unknown {
    return (this.inner as InnerDispatcher).webSocketOptions;
  }

  get eventSourceOptions(): unknown {
    return (this.inner as InnerDispatcher).eventSourceOptions;
  }

  override dispatch(options: DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    // The dispatcher within is closed later, when the requests that wait have been sent.
    if (this.waiting.closing && !this.destroyed && isRequest(options, handler)) {
      modernHandler(handler).onResponseError?.(null as never, new errors.ClientClosedError());
      return true;
    }
    return dispatchWithRetries(this.engine, this.innerDispatch, options, handler, this.waiting);
  }

  /** Without an event it takes the listeners away by which the events of the inner dispatcher are heard, too. */
  override removeAllListeners(event?: string | symbol): this {
    super.removeAllListeners(...(event === undefined ? [] : [event]));
    if (event === undefined) forwardEvents(this.inner, this);
    return this;
  }

  /**
   * Takes no more requests, and waits for those under way. A wait ends at once: its retry is sent now, for the last
   * time.
   */
  override close(): Promise<void>;
  override close(callback: Callback): void;
  override close(callback?: Callback): Promise<void> | void {
    checkCallback(callback);
    this.whenClosed ??= this.destroyed ? this.inner.close() : this.closeInner();
    if (callback === undefined) return this.whenClosed;
    void tell(this.whenClosed, callback);
  }

  /** What is destroyed in the meantime is closed by that: it would refuse to be closed, with an error that nobody may hear. */
  private async closeInner(): Promise<void> {
    await this.waiting.close();
    await (this.destroyed ? this.inner.destroy() : this.inner.close());
  }

  /** Ends every request, those that wait too, with `error`. */
  override destroy(): Promise<void>;
  override destroy(error: Error | null): Promise<void>;
  override destroy(callback: Callback): void;
  override destroy(error: Error | null, callback: Callback): void;
  override destroy(given?: Error | null | Callback, callback?: Callback): Promise<void> | void {
    const [error, done] = typeof given === 'function' ? [null, given] : [given ?? null, callback];
    checkCallback(done);
    this.waiting.destroy(error ?? new errors.ClientDestroyedError());
    const destroyed = this.inner.destroy(error);
    if (done === undefined) return destroyed;
    void tell(destroyed, done);
  }
}

/** Refuses what undici refuses: nobody could hear of it later. */
function checkCallback(callback: unknown): void {
  if (callback !== undefined && typeof callback !== 'function') {
    throw new errors.InvalidArgumentError('invalid callback');
  }
}

async function tell(ending: Promise<void>, callback: Callback): Promise<void> {
  try {
    await ending;
  } catch (error) {
    callback(error);
    return;
  }
  callback(null);
}
