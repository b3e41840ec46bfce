// The happy path of undici's `request`, bare and with each of the retry layers.
import { Agent, interceptors, request, RetryAgent } from 'undici';
import type { Dispatcher } from 'undici';

import { compareClients } from './http-clients.ts';
import type { Client } from './http-clients.ts';

/** A client over a dispatcher of its own, which reads the whole body. */
function client(create: () => Dispatcher | Promise<Dispatcher>): () => Promise<Client> {
  return async () => {
    const dispatcher = await create();
    return async (url) => (await request(url, { dispatcher })).body.text();
  };
}

/** What any layer has to do that says how long a request took: it hears the request's events, and passes them on. */
class TimedHandler implements Dispatcher.DispatchHandler {
  static total = 0;
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #start = performance.now();

  constructor(handler: Dispatcher.DispatchHandler) {
    this.#handler = handler;
  }

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    this.#handler.onRequestStart?.(controller, context);
  }

  onResponseStart(
    ...[controller, status, headers, message]: Parameters<
      NonNullable<Dispatcher.DispatchHandler['onResponseStart']>
    >
  ): void {
    TimedHandler.total += performance.now() - this.#start;
    this.#handler.onResponseStart?.(controller, status, headers, message);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#handler.onResponseData?.(controller, chunk);
  }

  onResponseEnd(
    ...[controller, trailers]: Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseEnd']>>
  ): void {
    this.#handler.onResponseEnd?.(controller, trailers);
  }

  onResponseError(controller: Dispatcher.DispatchController, error: Error): void {
    this.#handler.onResponseError?.(controller, error);
  }
}

const tenax = () => import('@tenax/undici-dispatcher');
const RETRIES = { maxRetries: 2 };

await compareClients(
  import.meta.url,
  {
    'bare Agent': client(() => new Agent()),
    'bare Agent again': client(() => new Agent()),
    'Tenax, RetryDispatcher': client(async () => {
      const { RetryDispatcher } = await tenax();
      return new RetryDispatcher(new Agent());
    }),
    'Tenax, compose(retryInterceptor())': client(async () => {
      const { retryInterceptor } = await tenax();
      return new Agent().compose(retryInterceptor());
    }),
    'two readings of the clock': client(() =>
      new Agent().compose((dispatch) => (options, handler) => dispatch(options, new TimedHandler(handler))),
    ),
    'RetryAgent of undici': client(() => new RetryAgent(new Agent(), RETRIES)),
    'compose(interceptors.retry())': client(() => new Agent().compose(interceptors.retry(RETRIES))),
  },
  {
    name: 'undici',
    title: 'undici',
    seconds: 90,
    rounds: 96,
    throughout: [
      'bare Agent',
      'bare Agent again',
      'Tenax, RetryDispatcher',
      'Tenax, compose(retryInterceptor())',
      'two readings of the clock',
      'RetryAgent of undici',
    ],
    goals: { latency: 1.015, throughput: 0.98, processor: 1.015 },
    method: ["The happy path of undici's `request`. Every layer may retry twice."],
  },
);
