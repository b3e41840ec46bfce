// What a row of the table may touch: the time, the signals, the guards.
import type { RetryEngine } from '../../src/engine.ts';
import type { CircuitBreaker } from '../../src/guards/circuit-breaker.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import type { VirtualClock } from '../../src/testing/virtual-clock.ts';
import type { OpenClient } from './client.ts';

/** Marks what no record may hold. */
export const SECRET = 'S3CRET';

/** The operation that takes a place in the bulkhead: its events are not those of the row. */
export const OCCUPANT = 'occupant';

/** Where one row is played. */
export class Stage {
  readonly clock: VirtualClock = virtualClock();
  /** The caller's. */
  readonly caller: AbortController = new AbortController();
  /** That of somebody between the engine and the socket. */
  readonly another: AbortController = new AbortController();
  /** Aborted when the row is over. */
  readonly over: AbortController = new AbortController();
  /** The destination. */
  key = '';
  client: OpenClient | undefined;

  get engine(): RetryEngine {
    return this.client!.engine;
  }

  get circuit(): CircuitBreaker {
    return this.engine.guards.circuitBreaker(this.key)!;
  }

  /** The caller gives up, and says so with a URL. */
  abort(): void {
    const message = `gave up on http://me:${SECRET}@example.com/?token=${SECRET}`;
    this.caller.abort(new DOMException(message, 'AbortError'));
  }

  /** Takes a place in the bulkhead until the row is over. */
  occupy(): void {
    const forever = new Promise<never>(() => undefined);
    const { signal } = this.over;
    this.engine.execute(() => forever, { id: OCCUPANT, key: this.key, signal }).catch(() => undefined);
  }
}
