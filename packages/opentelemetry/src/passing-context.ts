/** A context that passes with what it belongs to. */

import { createContextKey } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';

/** Something that ends, such as an attempt. */
export interface Life {
  readonly hasEnded: boolean;
}

/**
 * Sockets, listeners and streams keep the context in which they were made, and go on after the attempt that made them.
 * Once that has ended, they find `after` in place of `during`: a suppression, above all, never outlives its attempt.
 */
export class PassingContext implements Context {
  readonly #life: Life;
  readonly #during: Context;
  readonly #after: Context;

  constructor(life: Life, during: Context, after: Context) {
    this.#life = life;
    this.#during = during;
    this.#after = after;
  }

  getValue(key: symbol): unknown {
    return this.#current.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return this.#derive((context) => context.setValue(key, value));
  }

  deleteValue(key: symbol): Context {
    return this.#derive((context) => context.deleteValue(key));
  }

  get #current(): Context {
    return this.#life.hasEnded ? this.#after : this.#during;
  }

  #derive(change: (context: Context) => Context): Context {
    if (this.#life.hasEnded) return change(this.#after);
    return new PassingContext(this.#life, change(this.#during), change(this.#after));
  }
}

/** The key of `suppressTracing` in `@opentelemetry/core`: keys with one description are one key. */
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** A context in which other instrumentations make no spans and send no headers. */
export function withoutTracing(context: Context): Context {
  return context.setValue(SUPPRESS_TRACING, true);
}
