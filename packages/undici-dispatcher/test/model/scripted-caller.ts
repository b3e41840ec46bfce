/** A caller that does what its script says, and remembers what it was told. */

import type { Clock } from '@tenax/core';
import type { Dispatcher } from 'undici';

import type { Callback, Caller, Moment } from './script.ts';
import type { Handler } from './scripted-connection.ts';

/** One call of a callback. */
export interface Told {
  readonly callback: Callback | 'onResponseError';
  readonly at: number;
  readonly status?: number;
  readonly bytes?: Buffer;
  readonly error?: unknown;
  /** It had asked for a pause by then. */
  readonly paused: boolean;
  /** Another callback had not returned yet. */
  readonly nested: boolean;
}

type Controller = Dispatcher.DispatchController;

export class ScriptedCaller implements Handler {
  readonly told: Told[] = [];
  /** How much it had been told when it gave up, and when it threw. */
  gaveUpAfter: number | undefined;
  threwAfter: number | undefined;
  gaveUpAt: number | undefined;
  context: unknown;
  readonly abortion: Error = Object.assign(new Error('the caller gives up'), {
    code: 'CALLER_ABORTED',
  });
  readonly fault: Error = Object.assign(new Error('the caller throws'), { code: 'CALLER_THREW' });
  readonly ended: Promise<void>;
  readonly #script: Caller;
  readonly #clock: Clock;
  readonly #calls = new Map<Callback, number>();
  #end: (() => void) | undefined;
  #controller: Controller | undefined;
  #wantsToAbort = false;
  #pauses = 0;
  #inside = false;

  constructor(script: Caller, clock: Clock) {
    this.#script = script;
    this.#clock = clock;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    if (typeof script.abort === 'number') {
      clock.schedule(script.abort, () => {
        this.abort();
      });
    }
  }

  /** How many bytes of the body it has. */
  get received(): number {
    return this.told.reduce((size, { bytes }) => size + (bytes?.length ?? 0), 0);
  }

  get terminal(): readonly Told[] {
    return this.told.filter(({ callback }) => callback === 'onResponseEnd' || callback === 'onResponseError');
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.#controller = controller;
    this.context = context;
    this.#hear('onRequestStart');
    // As undici's own handlers do: without a controller they could not.
    if (this.#wantsToAbort) this.abort();
  }

  onBodySent(): void {}

  onRequestSent(): void {
    this.#hear('onRequestSent');
  }

  onResponseStarted(): void {
    this.#hear('onResponseStarted');
  }

  onResponseStart(controller: Controller, status: number): void {
    this.#controller = controller;
    this.#hear(status < 200 ? 'interim' : 'onResponseStart', { status });
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    this.#controller = controller;
    // A zero-length chunk is noise of the parser.
    if (chunk.length > 0) this.#hear('onResponseData', { bytes: Buffer.from(chunk) });
  }

  onResponseEnd(): void {
    this.#hear('onResponseEnd');
  }

  onResponseError(_: Controller, error: Error): void {
    this.told.push({
      callback: 'onResponseError',
      at: this.#clock.now(),
      error,
      paused: false,
      nested: false,
    });
    this.#end?.();
  }

  abort(): void {
    this.#wantsToAbort = true;
    if (this.#controller && this.terminal.length === 0) {
      this.gaveUpAfter ??= this.told.length;
      this.gaveUpAt ??= this.#clock.now();
    }
    this.#controller?.abort(this.abortion);
  }

  #hear(callback: Callback, more: Partial<Told> = {}): void {
    this.told.push({
      callback,
      at: this.#clock.now(),
      paused: this.#pauses > 0,
      nested: this.#inside,
      ...more,
    });
    this.#inside = true;
    try {
      this.#react(callback);
    } finally {
      this.#inside = false;
    }
  }

  #react(callback: Callback): void {
    if (callback === 'onResponseEnd') this.#end?.();
    const call = this.#calls.get(callback) ?? 0;
    this.#calls.set(callback, call + 1);
    const isNow = (moment: Moment): boolean => moment.callback === callback && moment.call === call;
    const { abort, pauses, throws } = this.#script;
    const pause = pauses.find(isNow);
    if (pause) this.#pause(pause.duration);
    if (typeof abort === 'object' && 'callback' in abort && isNow(abort)) this.abort();
    if (throws && isNow(throws)) {
      this.threwAfter ??= this.told.length;
      throw this.fault;
    }
  }

  #pause(duration: number): void {
    this.#controller?.pause();
    if (duration === 0) {
      if (this.#pauses === 0) this.#controller?.resume();
      return;
    }
    this.#pauses += 1;
    this.#clock.schedule(duration, () => {
      this.#pauses -= 1;
      if (this.#pauses === 0) this.#controller?.resume();
    });
  }
}
