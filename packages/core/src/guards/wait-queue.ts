/** A queue that can be left from the middle: first in, first out, every step in constant time. */

/** Somebody's place in a queue. */
export class Place<T> {
  readonly value: T;
  before: this | undefined;
  after: this | undefined;
  queued = false;

  constructor(value: T) {
    this.value = value;
  }
}

/** Who waits, in order. */
export class WaitQueue<T, P extends Place<T> = Place<T>> {
  #first: P | undefined;
  #last: P | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get first(): P | undefined {
    return this.#first;
  }

  /** Puts a place at the end. */
  append(place: P): void {
    place.before = this.#last;
    place.queued = true;
    if (this.#last) this.#last.after = place;
    else this.#first = place;
    this.#last = place;
    this.#length += 1;
  }

  shift(): T | undefined {
    const first = this.#first;
    if (first) this.delete(first);
    return first?.value;
  }

  /** Gives a place up. Returns whether it was still taken. */
  delete(place: P): boolean {
    if (!place.queued) return false;
    place.queued = false;
    this.#length -= 1;
    if (place.before) place.before.after = place.after;
    else this.#first = place.after;
    if (place.after) place.after.before = place.before;
    else this.#last = place.before;
    place.before = undefined;
    place.after = undefined;
    return true;
  }
}
