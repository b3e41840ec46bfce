// Virtual time for the experiments. `virtualClock` of `@tenax/core/testing` is made for tests with a few timers; this
// one keeps its timers in a heap, so that millions of them pass in seconds.
import type { Clock, Timer } from '@tenax/core';

interface Event {
  readonly due: number;
  /** Events of the same moment happen in the order in which they were scheduled. */
  readonly sequence: number;
  callback: (() => void) | undefined;
}

/** A clock whose time moves to the next event as soon as everything that the last one set off has settled. */
export class EventClock implements Clock {
  readonly #heap: Event[] = [];
  #now = 0;
  #sequence = 0;

  now(): number {
    return this.#now;
  }

  epoch(): number {
    return this.#now;
  }

  schedule(delay: number, callback: () => void): Timer {
    const event: Event = { due: this.#now + Math.max(0, delay), sequence: this.#sequence, callback };
    this.#sequence += 1;
    this.#push(event);
    return {
      // It stays in the heap until its time has come, which is cheaper than to look for it.
      cancel: () => {
        event.callback = undefined;
      },
    };
  }

  sleep(delay: number): Promise<void> {
    return new Promise((resolve) => {
      this.schedule(delay, resolve);
    });
  }

  /** Lets time pass until nothing is scheduled any more. */
  async run(): Promise<void> {
    await settle();
    for (let event = this.#pop(); event; event = this.#pop()) {
      const { callback } = event;
      if (callback === undefined) continue;
      event.callback = undefined;
      this.#now = event.due;
      callback();
      await settle();
    }
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Event;
      if (!isBefore(event, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child += 1;
      const below = heap[child] as Event;
      if (!isBefore(below, last)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.due < other.due || (one.due === other.due && one.sequence < other.sequence);
}

/**
 * Waits until every promise that can settle has settled: the next tick comes when no microtask is left. A turn of the
 * event loop would do too, and takes fifteen times as long.
 */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}
