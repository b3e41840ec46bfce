/** The destinations of an engine: the most recently used ones, so that memory is bounded whatever the keys. */

import { Destination } from './destination.ts';
import type { GuardsSnapshot, GuardSurroundings } from './destination.ts';
import type { GuardSettings } from './guard-options.ts';

/** How many destinations are looked at to find one that can go. */
const TRIES = 4;

/** Keeps the destinations by key. One that is in use stays, even beyond the limit. */
export class Destinations {
  readonly #limit: number;
  readonly #settings: GuardSettings;
  readonly #surroundings: GuardSurroundings;
  readonly #forgotten: (destination: Destination) => void;
  /** Least recently used first. */
  readonly #byKey = new Map<string, Destination>();
  /** The last of them: most requests go where the one before went. */
  #last: Destination | undefined;
  /** There are more than the limit, since all were in use. */
  #isOverfull = false;

  /** @param forgotten called with each destination that is not kept any more */
  constructor(
    limit: number,
    settings: GuardSettings,
    surroundings: GuardSurroundings,
    forgotten: (destination: Destination) => void,
  ) {
    this.#limit = limit;
    this.#settings = settings;
    this.#surroundings = surroundings;
    this.#forgotten = forgotten;
  }

  /** The destination, for one more operation. Give it back with `release`. */
  use(key: string): Destination {
    let destination = this.#last;
    if (destination === undefined || destination.key !== key) destination = this.#find(key);
    destination.users += 1;
    return destination;
  }

  release(destination: Destination): void {
    destination.users -= 1;
    if (!this.#isOverfull) return;
    this.#makeRoom(this.#limit + 1);
    if (this.#byKey.size > this.#limit && !destination.isInUse) this.#delete(destination);
    this.#isOverfull = this.#byKey.size > this.#limit;
  }

  /** The destination, if its state is still there. It does not count as a use. */
  peek(key: string): Destination | undefined {
    return this.#byKey.get(key);
  }

  /** The destination, made where it was not there. */
  of(key: string): Destination {
    return this.#byKey.get(key) ?? this.#find(key);
  }

  /** All that are kept, the most recently used one last. */
  [Symbol.iterator](): IterableIterator<Destination> {
    return this.#byKey.values();
  }

  /** Those of which a request has needed a guard yet. */
  snapshot(): readonly GuardsSnapshot[] {
    return [...this]
      .map((destination) => destination.snapshot())
      .filter((snapshot) => Object.keys(snapshot).some((name) => name !== 'key'));
  }

  #find(key: string): Destination {
    const known = this.#byKey.get(key);
    if (known) this.#byKey.delete(key);
    else this.#makeRoom(this.#limit);
    const destination = known ?? new Destination(key, this.#settings, this.#surroundings);
    this.#byKey.set(key, destination);
    this.#last = destination;
    this.#isOverfull = this.#byKey.size > this.#limit;
    return destination;
  }

  #makeRoom(limit: number): void {
    for (let tries = 0; this.#byKey.size >= limit && tries < TRIES; tries += 1) {
      const [oldest] = this.#byKey.values();
      if (oldest === undefined) return;
      if (oldest.isInUse) {
        // What is in use was used last.
        this.#byKey.delete(oldest.key);
        this.#byKey.set(oldest.key, oldest);
      } else {
        this.#delete(oldest);
      }
    }
  }

  #delete(destination: Destination): void {
    // What counts is counted once.
    if (!this.#byKey.delete(destination.key)) return;
    if (this.#last === destination) this.#last = undefined;
    this.#forgotten(destination);
  }
}
