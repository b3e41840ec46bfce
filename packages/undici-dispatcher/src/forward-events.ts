/** The events of a dispatcher, heard on the one around it. */

import type { EventEmitter } from 'node:events';

const EVENTS: readonly (string | symbol)[] = ['connect', 'disconnect', 'connectionError', 'drain'];

/**
 * Lets whoever listens on `outer` hear the events of `inner`: a `dispatch` that gave false is followed by 'drain'.
 * `inner` carries a listener of ours only while somebody listens, however many dispatchers stand around it.
 */
export function forwardEvents(inner: EventEmitter, outer: EventEmitter): void {
  const forwarded = new Map<string | symbol, (...args: unknown[]) => void>();
  // Told before a listener is added.
  outer.on('newListener', (event: string | symbol) => {
    if (!EVENTS.includes(event) || forwarded.has(event)) return;
    const forward = (...args: unknown[]): void => {
      outer.emit(event, ...args);
    };
    forwarded.set(event, forward);
    inner.on(event, forward);
  });
  // Told after one was removed.
  outer.on('removeListener', (event: string | symbol) => {
    const forward = forwarded.get(event);
    if (!forward || outer.listenerCount(event) > 0) return;
    forwarded.delete(event);
    inner.off(event, forward);
  });
}
