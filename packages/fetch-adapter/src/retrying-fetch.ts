/** A drop-in `fetch` that retries. */

import { createClientEngine, RetryConfigError } from '@tenax/core';
import type { RetryEngine, RetryOptions } from '@tenax/core';

import { FetchExchange } from './fetch-exchange.ts';
import type { Fetch, RetryingRequestInit } from './fetch-exchange.ts';

/** `fetch`, retrying. */
export interface RetryingFetch {
  (input: string | URL | Request, init?: RetryingRequestInit): Promise<Response>;
  /** The engine behind it, with its policy and its statistics. */
  readonly engine: RetryEngine;
}

/** The options of a retrying fetch. */
export type RetryingFetchOptions = RetryOptions & {
  /** What sends the requests. @default globalThis.fetch, looked up at each call */
  fetch?: typeof fetch | undefined;
};

/**
 * Makes a `fetch` that sends a request again when its failure is one that passes. In the end it gives what the
 * platform's fetch would have given: the last response, or the last error.
 *
 * @throws RetryConfigError for an unknown option, a wrong value, or a pair that can't hold together
 *
 * @example
 * const fetch = createRetryingFetch({ maxAttempts: 5, timeout: 10_000 });
 * const response = await fetch('https://api.example.com/users', { retry: { maxAttempts: 2 } });
 * getRetryStatistics(response)?.attempts.length; // 1, or 2
 */
export function createRetryingFetch(options: RetryingFetchOptions = {}): RetryingFetch {
  if (typeof options !== 'object' || options === null) {
    throw new RetryConfigError('', options, 'an object of retry options');
  }
  const given = options.fetch;
  if (given !== undefined && typeof given !== 'function') {
    throw new RetryConfigError('fetch', given, 'a function with the arguments of fetch');
  }
  // Options may be inherited, as those of a class are; `fetch` alone is hidden from the engine.
  const others = 'fetch' in options ? (Object.create(options, { fetch: {} }) as RetryOptions) : options;
  const engine = createClientEngine(others);
  const { fetch: before } = globalThis;
  const sender: Fetch = (url, attempt) => {
    const fetch = given ?? currentFetch(before);
    // Without a receiver: browsers and workers refuse to call their fetch as a method of anything else.
    return fetch(url, attempt);
  };
  const send = (input: string | URL | Request, init?: RetryingRequestInit): Promise<Response> => {
    try {
      return engine.run(exchangeOf(engine, sender, input, init));
    } catch (error) {
      return Promise.reject(error);
    }
  };
  return Object.freeze(Object.assign(send, { engine }));
}

/** Looked up at each call: a mock or an instrumentation may have replaced it. So may one that retries, and sends here. */
function currentFetch(before: Fetch): Fetch {
  const { fetch } = globalThis as { fetch: Fetch & Partial<RetryingFetch> };
  // Some environments of tests have none.
  return (fetch as typeof fetch | undefined)?.engine ? before : fetch;
}

/**
 * A retrying fetch with the defaults: three attempts, exponential backoff with full jitter.
 *
 * @example
 * const response = await retryingFetch('https://api.example.com/users');
 */
export const retryingFetch: RetryingFetch = /* @__PURE__ */ createRetryingFetch();

function exchangeOf(
  engine: RetryEngine,
  fetch: Fetch,
  input: string | URL | Request,
  init: RetryingRequestInit | null | undefined,
): FetchExchange {
  if (init === undefined || init === null || isPlain(init)) {
    return new FetchExchange(engine, fetch, input, init ?? undefined);
  }
  // An init with a prototype, such as a Request, can't be copied by its own properties: let the platform read it.
  const { dispatcher, retry } = init as RetryingRequestInit & { dispatcher?: unknown };
  const request = new Request(input, init);
  const rest = { ...(dispatcher !== undefined && { dispatcher }), ...(retry !== undefined && { retry }) };
  return new FetchExchange(engine, fetch, request, rest);
}

function isPlain(init: object): boolean {
  const prototype = Object.getPrototypeOf(init) as object | null;
  // The one of another realm too.
  return prototype === null || Object.hasOwn(prototype, 'isPrototypeOf');
}
