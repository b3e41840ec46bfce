/** Retries for everything that uses the global dispatcher: undici's functions, and the built-in fetch. */

import process from 'node:process';

import { RetryConfigError } from '@tenax/core';
import type { RetryOptions } from '@tenax/core';
import { Agent, Dispatcher, EnvHttpProxyAgent, getGlobalDispatcher, setGlobalDispatcher } from 'undici';

import { RetryDispatcher } from './retry-dispatcher.ts';

/** Where undici 7 and 8, and the undici inside Node, keep the global dispatcher. */
const SLOTS = [Symbol.for('undici.globalDispatcher.1'), Symbol.for('undici.globalDispatcher.2')] as const;
/** Marks that retries are installed, by another copy of this package too. */
const INSTALLED = Symbol.for('@tenax/undici-dispatcher installed');

type GlobalScope = Record<symbol, unknown>;

/** Retries that are installed globally. */
export interface GlobalRetry extends Disposable {
  /** The global dispatcher, with the engine behind it. */
  readonly dispatcher: RetryDispatcher;
  /** Puts back the dispatcher that was there before; a second call does nothing. */
  restore(): void;
}

/**
 * Puts retries around the present global dispatcher. undici's `request`, `stream` and `fetch` use it, and so does the
 * built-in `fetch` of Node 22, 24 and 26.
 *
 * @throws RetryConfigError for wrong options, and when retries are installed already
 *
 * @example
 * using retries = installGlobalRetry({ maxAttempts: 5 });
 * const response = await fetch('https://api.example.com/');
 * retries.dispatcher.engine.statistics.snapshot().totalOperations; // 1
 */
export function installGlobalRetry(options?: RetryOptions): GlobalRetry {
  const scope = globalThis as unknown as GlobalScope;
  if (scope[INSTALLED]) {
    throw new RetryConfigError(
      'installGlobalRetry',
      'a second installation',
      'one at a time: call restore() of the first',
    );
  }
  const dispatcher = new RetryDispatcher(presentDispatcher(), options);
  const before = SLOTS.map((slot) => scope[slot]);
  setGlobalDispatcher(dispatcher);
  // An undici before 7.17 leaves alone what the fetch of Node 26 reads.
  SLOTS.forEach((slot, index) => {
    if (scope[slot] !== undefined && scope[slot] === before[index]) scope[slot] = dispatcher;
  });
  const installed = SLOTS.map((slot) => scope[slot]);
  scope[INSTALLED] = true;
  let restored = false;
  const restore = (): void => {
    if (restored) return;
    restored = true;
    scope[INSTALLED] = false;
    // By hand: undici would wrap what it is given anew. A dispatcher that somebody has set since stays.
    SLOTS.forEach((slot, index) => {
      if (scope[slot] === installed[index]) scope[slot] = before[index];
    });
  };
  return Object.freeze({ dispatcher, restore, [Symbol.dispose]: restore });
}

/** The undici 6 inside Node 22 takes only handlers of the older form: this undici's own stands in for its agent. */
function presentDispatcher(): Dispatcher {
  const present: object = getGlobalDispatcher();
  if (present instanceof Dispatcher || !process.versions['undici']?.startsWith('6.'))
    return present as Dispatcher;
  // As it is with NODE_USE_ENV_PROXY.
  return present.constructor.name === 'EnvHttpProxyAgent' ? new EnvHttpProxyAgent() : new Agent();
}
