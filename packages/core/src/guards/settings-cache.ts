/** Settings that say the same are the same object, so that requests which change a guard in the same way share it. */

import { GUARDS } from './guard-options.ts';
import type { GuardSettings } from './guard-options.ts';

/** More different settings than this are somebody's mistake: the older ones are forgotten. */
const LIMIT = 256;

/** Knows the settings that requests have asked for. */
export class SettingsCache {
  readonly #own: GuardSettings;
  readonly #known = new Map<string, object>();

  /** @param own the engine's own settings, which are never forgotten */
  constructor(own: GuardSettings) {
    this.#own = own;
  }

  /** A policy with settings that were seen before wherever they say the same. */
  share<Policy extends GuardSettings>(policy: Policy): Policy {
    const shared: Record<string, unknown> = {};
    for (const guard of GUARDS) {
      const settings = policy[guard];
      if (settings && settings !== this.#own[guard]) shared[guard] = this.#intern(guard, settings);
    }
    return Object.freeze({ ...policy, ...shared });
  }

  #intern(guard: (typeof GUARDS)[number], settings: object): object {
    const text = guard + JSON.stringify(settings);
    const own = this.#own[guard];
    if (own && text === guard + JSON.stringify(own)) return own;
    const known = this.#known.get(text);
    if (known) return known;
    if (this.#known.size >= LIMIT) this.#known.delete([...this.#known.keys()][0] as string);
    this.#known.set(text, settings);
    return settings;
  }
}
