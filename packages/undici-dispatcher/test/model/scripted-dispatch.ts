/** A dispatcher that plays a script, one attempt a dispatch, and remembers what it was given. */

import type { Clock } from '@tenax/core';
import { Dispatcher, errors } from 'undici';

import { attemptOf, entityOf } from './script.ts';
import type { Script } from './script.ts';
import { ScriptedConnection } from './scripted-connection.ts';
import type { Handler } from './scripted-connection.ts';
import { timelineOf } from './timeline.ts';

/** What was asked of the dispatcher. */
export interface Dispatched {
  readonly at: number;
  /** The first byte that was asked for, where there was a Range. */
  readonly offset: number | undefined;
  readonly connection: ScriptedConnection;
  /** The body, once all of it was written. */
  body: string | undefined;
}

export class ScriptedDispatcher extends Dispatcher {
  readonly dispatched: Dispatched[] = [];
  /** Dispatches that came when it was closed or destroyed. */
  refused = 0;
  readonly #script: Script;
  readonly #clock: Clock;
  readonly #entity: Buffer;
  #closed = false;

  constructor(script: Script, clock: Clock) {
    super();
    this.#script = script;
    this.#clock = clock;
    this.#entity = entityOf(script);
  }

  /** Attempts that hold a connection. */
  get open(): number {
    return this.dispatched.filter(({ connection }) => connection.open).length;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (this.#closed) {
      this.refused += 1;
      handler.onResponseError?.(null as never, new errors.ClientClosedError());
      return true;
    }
    const attempt = attemptOf(this.#script, this.dispatched.length);
    const offset = offsetOf(options.headers);
    const events = timelineOf(attempt, this.#entity, offset);
    const connection = new ScriptedConnection(events, attempt.delivery, this.#clock, handler as Handler);
    const entry: Dispatched = { at: this.#clock.now(), offset, connection, body: undefined };
    connection.onStart = () => {
      connection.onStart = undefined;
      // The body of an attempt that was given up: what becomes of its connection is in the script.
      write(options.body, entry).catch(() => undefined);
    };
    this.dispatched.push(entry);
    connection.play();
    return true;
  }

  override close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  override destroy(error?: Error | null | (() => void)): Promise<void> {
    this.#closed = true;
    for (const { connection } of this.dispatched) connection.destroy(error as Error);
    return Promise.resolve();
  }
}

function offsetOf(headers: Dispatcher.DispatchOptions['headers']): number | undefined {
  const list = (headers ?? []) as readonly string[];
  const range = list[list.indexOf('range') + 1];
  return range === undefined || !list.includes('range')
    ? undefined
    : Number(/^bytes=(\d+)-$/.exec(range)?.[1]);
}

/** As undici writes it: a stream is let go when the attempt is over. */
async function write(body: unknown, entry: Dispatched): Promise<void> {
  if (typeof body === 'string') entry.body = body;
  else if (typeof body === 'object' && body !== null) {
    let written = '';
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      if (entry.connection.over) return;
      written += Buffer.from(chunk).toString();
    }
    // What is left of a body that was destroyed looks like its end.
    if (!entry.connection.over) entry.body = written;
  }
}
