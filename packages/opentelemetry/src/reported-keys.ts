/** Which keys a metric names: every key is a series of its own, and a store of metrics pays for each. */

/** Stands for all keys beyond the limit. */
const OTHER_KEYS = '_other';

/** The first keys that are seen keep their names, so that a series never changes its meaning. */
export class ReportedKeys {
  readonly #limit: number;
  readonly #named = new Set<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The key, or `_other` when there are too many. Operations without a key have none. */
  nameOf(key: string): string | undefined {
    if (key === '') return undefined;
    if (this.#named.has(key)) return key;
    if (this.#named.size >= this.#limit) return OTHER_KEYS;
    this.#named.add(key);
    return key;
  }
}
