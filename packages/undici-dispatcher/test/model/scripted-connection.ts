/** Plays the timeline of one attempt to a handler, by the rules of undici. */

import { errors } from 'undici';
import type { Dispatcher } from 'undici';

import type { Clock } from '@tenax/core';

import type { Delivery } from './script.ts';
import { SILENCE } from './timeline.ts';
import type { Event } from './timeline.ts';

export type Handler = Required<Omit<Dispatcher.DispatchHandler, 'onRequestUpgrade'>>;

/** An error as the network gives it. */
function networkError(code: string): Error {
  return Object.assign(new Error(`${code} on the network`), { code });
}

/** One dispatch under way. */
export class ScriptedConnection {
  /** It has been started and has not ended: a socket of the client's is busy with it. */
  open = false;
  over = false;
  /** The request has gone out: the server may have processed it. */
  written = false;
  /** Whether its flow was stopped while its response waited for a verdict. */
  pausedWithHeaders: boolean | undefined;
  /** Told when the writing of the request begins. */
  onStart: (() => void) | undefined;
  readonly #events: Event[];
  readonly #delivery: Delivery;
  readonly #clock: Clock;
  readonly #handler: Handler;
  readonly #startedAt: number;
  #controller: ConnectionController | undefined;
  /** The event that is due waits for the end of a pause. */
  #blocked = false;

  constructor(events: Event[], delivery: Delivery, clock: Clock, handler: Handler) {
    this.#events = events;
    this.#delivery = delivery;
    this.#clock = clock;
    this.#handler = handler;
    this.#startedAt = clock.now();
  }

  play(): void {
    this.#await();
  }

  abort(controller: ConnectionController, reason: Error | undefined): void {
    if (controller !== this.#controller || this.over) return;
    this.#fail(reason ?? new errors.RequestAbortedError());
  }

  /** Its dispatcher is destroyed. */
  destroy(error: Error): void {
    this.#events.length = 0;
    this.#fail(error);
  }

  resumed(controller: ConnectionController): void {
    if (controller !== this.#controller || !this.#blocked || this.over) return;
    this.#blocked = false;
    // The parser is flushed first, which brings a chunk without bytes.
    this.#call(() => {
      this.#handler.onResponseData(controller, Buffer.alloc(0));
    });
    const [next] = this.#events;
    if (controller.paused) this.#blocked = true;
    else if (next?.kind === 'failure' && next.how === 'stalled') this.#later(SILENCE);
    else this.#deliver();
  }

  /** A mock goes on with a response that was aborted. */
  get #mocked(): boolean {
    return this.#delivery === 'mock';
  }

  /** Waits until the next event is due. */
  #await(): void {
    const [next] = this.#events;
    if (next === undefined || (this.over && !this.#mocked)) return;
    const wait = this.#startedAt + next.at - this.#clock.now();
    if (wait > 0 || this.#delivery === 'timers') this.#later(Math.max(0, wait));
    else if (this.#delivery === 'microtasks') {
      queueMicrotask(() => {
        this.#deliver();
      });
    } else this.#deliver();
  }

  #later(wait: number): void {
    this.#clock.schedule(wait, () => {
      this.#deliver();
    });
  }

  #deliver(): void {
    const [event] = this.#events;
    if (event === undefined || (this.over && !this.#mocked)) return;
    const ofBody = event.kind === 'chunk' || event.kind === 'end' || event.kind === 'failure';
    if (ofBody && this.#controller?.paused && !this.#mocked) {
      this.#blocked = true;
      return;
    }
    this.#events.shift();
    this.#tell(event);
    this.#await();
  }

  /** The peer will close: what it had sent by then is delivered over any pause. A reset loses it. */
  #expectBreak(): void {
    const failure = this.#events.at(-1);
    if (failure?.kind !== 'failure' || failure.how === 'stalled' || this.#delivery !== 'timers') return;
    this.#clock.schedule(this.#startedAt + failure.at - this.#clock.now(), () => {
      this.#blocked = false;
      const rest = this.#events.splice(0);
      for (const event of failure.how === 'truncated' ? rest : [failure]) if (!this.over) this.#tell(event);
    });
  }

  #tell(event: Event): void {
    const handler = this.#handler;
    switch (event.kind) {
      case 'start': {
        this.#controller = new ConnectionController(this);
        this.open = true;
        const controller = this.#controller;
        this.#call(() => {
          handler.onRequestStart(controller, null);
        });
        if (this.over) this.#events.length = 0;
        else {
          this.written = true;
          this.onStart?.();
        }
        break;
      }
      case 'sent':
        this.#call(() => {
          handler.onRequestSent();
        });
        if (this.over) this.#events.length = 0;
        break;
      case 'headers':
        this.#expectBreak();
        this.#call(() => {
          this.#tellOfResponse(event, this.#controller as ConnectionController);
        });
        this.pausedWithHeaders = this.over ? undefined : this.#controller?.paused;
        break;
      case 'failure':
        this.#fail(networkError(event.code));
        break;
      case 'end':
        this.over = true;
        this.open = false;
        try {
          handler.onResponseEnd(this.#controller as ConnectionController, {});
        } catch (error) {
          handler.onResponseError(this.#controller as ConnectionController, error as Error);
        }
        break;
      default:
        this.#call(() => {
          this.#tellOfResponse(event, this.#controller as ConnectionController);
        });
    }
  }

  #tellOfResponse(event: Event, controller: ConnectionController): void {
    const handler = this.#handler;
    if (event.kind === 'first byte') handler.onResponseStarted();
    else if (event.kind === 'interim')
      handler.onResponseStart(controller, 103, { link: '</style>' }, 'Early Hints');
    else if (event.kind === 'headers')
      handler.onResponseStart(controller, event.status, event.headers, 'Status');
    else if (event.kind === 'chunk') handler.onResponseData(controller, event.chunk);
  }

  /** What a handler throws comes back to it as an error, and ends the attempt. */
  #call(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      if (this.#mocked) this.#events.length = 0;
      this.#fail(error as Error);
    }
  }

  #fail(error: Error): void {
    if (this.over) return;
    this.over = true;
    this.open = false;
    this.#handler.onResponseError(this.#controller as unknown as ConnectionController, error);
  }
}

/** The controller that a handler gets with each start. One of an earlier start acts on nothing any more. */
class ConnectionController implements Dispatcher.DispatchController {
  paused = false;
  aborted = false;
  reason: Error | null = null;
  readonly rawHeaders = null;
  readonly rawTrailers = null;
  readonly #connection: ScriptedConnection;

  constructor(connection: ScriptedConnection) {
    this.#connection = connection;
  }

  abort(reason?: Error): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason ?? null;
    this.#connection.abort(this, reason);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.#connection.resumed(this);
  }
}
