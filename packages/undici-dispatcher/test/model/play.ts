/** Plays a script to its end through the package, in memory. */

import { virtualClock } from '@tenax/core/testing';

import { RetryDispatcher, retryInterceptor } from '../../src/index.ts';
import { PolicyClock } from './policy-clock.ts';
import { ScriptedDispatcher } from './scripted-dispatch.ts';
import { ScriptedCaller } from './scripted-caller.ts';
import { requestBody, StreamedBody } from './request-body.ts';
import { retryOptions } from './policy.ts';
import type { Script } from './script.ts';

/** What went out. */
export interface SentRequest {
  readonly at: number;
  /** The first byte that was asked for, where there was a Range. */
  readonly offset: number | undefined;
  /** The body, once all of it was written. */
  readonly body: string | undefined;
  /** Whether it has reached the server, and whether its flow was stopped while a verdict was awaited. */
  readonly connection: {
    readonly written: boolean;
    readonly pausedWithHeaders: boolean | undefined;
  };
}

/** What was seen. */
export interface Performance {
  readonly caller: ScriptedCaller;
  readonly dispatched: readonly SentRequest[];
  /** Whether the dispatcher was closed before the end, and what it was asked to send then. */
  readonly closedBefore: boolean;
  readonly refused: number;
  /** Right after the end: timers of the package, attempts with a connection, streamed bodies that were begun. */
  readonly leftBehind: {
    readonly timers: number;
    readonly connections: number;
    readonly bodies: number;
  };
  /** What was told, dispatched, and still waited for once every timer of the network had fired. */
  readonly afterwards: { readonly told: number; readonly dispatched: number; readonly closings: number };
}

/** What a dispatcher is destroyed with. */
const DESTROYED = Object.assign(new Error('the dispatcher is destroyed'), { code: 'DESTROYED' });
/** Longer than anything in a script takes. */
const LONG_AFTERWARDS = 200_000;

export async function play(script: Script): Promise<Performance> {
  const clock = virtualClock();
  const caller = new ScriptedCaller(script.caller, clock);
  const race = raceOf(script, caller);
  const policyClock = new PolicyClock(clock, race);
  const server = new ScriptedDispatcher(script, clock);
  const options = retryOptions(script, policyClock, new PolicyClock(clock, race));
  const retries = script.closing
    ? new RetryDispatcher(server, options)
    : server.compose(retryInterceptor(options));
  const { method } = script.options;
  const body = requestBody(script.options);
  let closedBefore = false;
  let closings = 0;
  if (script.closing) {
    const { at, kind } = script.closing;
    clock.schedule(at, () => {
      closedBefore = caller.terminal.length === 0;
      closings = 1;
      void (kind === 'close' ? retries.close() : retries.destroy(DESTROYED)).then(() => {
        closings = 0;
      });
    });
  }
  retries.dispatch({ origin: 'http://service.test', path: '/', method, body: body as string | null }, caller);
  // One that never ends has no terminal event.
  await clock.run(caller.ended).catch(() => undefined);
  await clock.advance(0);
  const leftBehind = {
    timers: policyClock.pending,
    connections: server.open,
    bodies: body instanceof StreamedBody && body.isOpen ? 1 : 0,
  };
  const [told, dispatched] = [caller.told.length, server.dispatched.length];
  await clock.advance(LONG_AFTERWARDS);
  const afterwards = {
    told: caller.told.length - told,
    dispatched: server.dispatched.length - dispatched,
    closings,
  };
  return {
    caller,
    dispatched: server.dispatched,
    closedBefore,
    refused: server.refused,
    leftBehind,
    afterwards,
  };
}

/** What happens after the n-th timer of the package, and of the callbacks that it waits for. */
function raceOf({ caller: { abort } }: Script, caller: ScriptedCaller): () => void {
  let fired = 0;
  return () => {
    fired += 1;
    if (typeof abort !== 'object' || !('timer' in abort) || abort.timer !== fired) return;
    let left = abort.microtasks;
    const turn = (): void => {
      left -= 1;
      if (left < 0) caller.abort();
      else queueMicrotask(turn);
    };
    queueMicrotask(turn);
  };
}
