/**
 * Retries within retries: a service that answers a request which its sender retries need not retry what it asks of
 * others. Three layers of three attempts would send 27 requests to a leaf that fails; so they send three.
 */

import { builtinModule } from './builtin-module.ts';
import type { HeaderReader } from './outcome.ts';

/** Headers of a request that came in: those of the fetch API, or those of `node:http`. */
export type IncomingHeaders = HeaderReader | Readonly<Record<string, string | readonly string[] | undefined>>;

/** What is asked of Node's AsyncLocalStorage. */
interface Store {
  run<T>(value: boolean, run: () => T): T;
  getStore(): boolean | undefined;
}

interface AsyncHooksModule {
  readonly AsyncLocalStorage: new () => Store;
}

const ATTEMPT = /^[1-9][0-9]{0,8}$/;

let store: Store | undefined;

function openStore(): Store | undefined {
  const { AsyncLocalStorage: Storage } = builtinModule<AsyncHooksModule>('node:async_hooks') ?? {};
  return Storage && new Storage();
}

/**
 * Answers a request that may be somebody's retry. If its headers say so (`X-Retry-Attempt`, which `attemptHeaders`
 * sends), the operations that begin inside `handle`, in whatever it calls and awaits, make a single attempt: the sender
 * tries again anyway. Engines with `nested: 'full'` take no notice. In a runtime without AsyncLocalStorage it only calls
 * `handle`.
 *
 * @returns what `handle` returns
 *
 * @example
 * createServer((request, response) => {
 *   void withinRequest(request.headers, () => answer(request, response));
 * });
 */
export function withinRequest<T>(headers: IncomingHeaders, handle: () => T): T {
  if (!isRetried(headers)) return handle();
  store ??= openStore();
  return store ? store.run(true, handle) : handle();
}

/** Whether the code that runs now answers a request which its sender retries. */
export function isWithinRetries(): boolean {
  return store !== undefined && store.getStore() === true;
}

function isRetried(headers: IncomingHeaders): boolean {
  const { get } = headers as Partial<HeaderReader>;
  const value: unknown =
    typeof get === 'function'
      ? get.call(headers, 'x-retry-attempt')
      : (headers as Readonly<Record<string, unknown>>)['x-retry-attempt'];
  return typeof value === 'string' && ATTEMPT.test(value.trim());
}
