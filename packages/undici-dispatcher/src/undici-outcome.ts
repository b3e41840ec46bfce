/** A response of undici in the engine's words. */

import type { HeaderReader, ResponseOutcome } from '@tenax/core';

import type { AttemptHandler } from './attempt-handler.ts';

/** Describes the response of an attempt. Its body is read only when a predicate asks for it. */
export class UndiciOutcome implements ResponseOutcome {
  readonly kind = 'response';
  readonly status: number;
  readonly #attempt: AttemptHandler;

  constructor(attempt: AttemptHandler) {
    this.status = attempt.statusCode;
    this.#attempt = attempt;
  }

  get headers(): HeaderReader {
    const { headers } = this.#attempt;
    return {
      get: (name) => {
        const value = headers[name];
        return Array.isArray(value) ? value.join(', ') : value;
      },
    };
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(await this.#attempt.readBody());
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }
}
