// What `tsc` has to accept and refuse.
import { getRetryStatistics, type RequestStatistics, type RetryEngine } from '@tenax/core';
import {
  Agent,
  Client,
  fetch,
  MockAgent,
  Pool,
  request,
  setGlobalDispatcher,
  stream,
  type Dispatcher,
} from 'undici';

import {
  captureRetryStatistics,
  installGlobalRetry,
  RetryDispatcher,
  retryInterceptor,
  type Captured,
  type GlobalRetry,
} from '../src/index.ts';

const interceptor = retryInterceptor({ maxAttempts: 5, timeout: 10_000 });
interceptor.engine satisfies RetryEngine;
interceptor satisfies Dispatcher.DispatcherComposeInterceptor;
const agent = new Agent();
agent.compose(interceptor) satisfies Dispatcher;
agent.compose([interceptor, retryInterceptor()]) satisfies Dispatcher;
new Pool('http://localhost').compose(interceptor) satisfies Dispatcher;
new Client('http://localhost').compose(interceptor) satisfies Dispatcher;
new MockAgent().compose(interceptor) satisfies Dispatcher;
// @ts-expect-error an unknown option
retryInterceptor({ retries: 5 });
// @ts-expect-error no string
retryInterceptor({ maxAttempts: '5' });
// @ts-expect-error a fixed wait does not grow
retryInterceptor({ strategy: 'fixed', multiplier: 2 });

const dispatcher = new RetryDispatcher(agent, { maxAttempts: 5 });
dispatcher satisfies Dispatcher;
dispatcher.engine satisfies RetryEngine;
new RetryDispatcher() satisfies Dispatcher;
new RetryDispatcher(undefined, { maxAttempts: 5 }) satisfies Dispatcher;
new RetryDispatcher(dispatcher) satisfies Dispatcher;
setGlobalDispatcher(dispatcher);
new Agent({ factory: () => dispatcher }) satisfies Dispatcher;
dispatcher.compose(interceptor) satisfies Dispatcher;
// @ts-expect-error the agent comes first
void new RetryDispatcher({ maxAttempts: 5 });
// @ts-expect-error the engine is not for callers to set
dispatcher.engine = interceptor.engine;

const retries = installGlobalRetry({ maxAttempts: 5 });
retries satisfies GlobalRetry;
retries satisfies Disposable;
retries.dispatcher satisfies RetryDispatcher;
retries.restore() satisfies void;
// @ts-expect-error an unknown option
installGlobalRetry({ dispatcher });

export async function requests(url: string): Promise<void> {
  const { context } = await request(url, { retry: { maxAttempts: 5 } });
  getRetryStatistics(context) satisfies RequestStatistics | undefined;
  await request(url, { dispatcher, method: 'POST', retry: false });
  await request(url, { retry: undefined });
  await stream(url, { method: 'GET', retry: { idempotencyKey: true } }, () => process.stdout);
  dispatcher.dispatch({ path: '/', method: 'GET', retry: false }, {});
  await dispatcher.request({ path: '/', method: 'GET', retry: { attemptTimeout: 1000 } });
  await fetch(url, { dispatcher });
  // @ts-expect-error true says nothing
  await request(url, { retry: true });
  // @ts-expect-error an unknown option
  await request(url, { retry: { attempts: 5 } });
  // @ts-expect-error no string
  await request(url, { retry: { maxAttempts: '5' } });
  // @ts-expect-error a fixed wait does not grow
  await request(url, { retry: { strategy: 'fixed', multiplier: 2 } });
  // @ts-expect-error fetch takes no options of ours
  await fetch(url, { retry: { maxAttempts: 5 } });
}

export async function ends(): Promise<void> {
  dispatcher.close(() => undefined) satisfies void;
  dispatcher.destroy(null, () => undefined) satisfies void;
  await (dispatcher.close() satisfies Promise<void>);
  await (dispatcher.destroy(new Error('enough')) satisfies Promise<void>);
}

export async function captures(url: string): Promise<void> {
  const promised = await captureRetryStatistics(() => request(url));
  promised satisfies Captured<Dispatcher.ResponseData>;
  promised.value.statusCode satisfies number;
  const { value, statistics } = await captureRetryStatistics(() => 'text');
  value satisfies string;
  statistics satisfies readonly RequestStatistics[];
  // @ts-expect-error the list is not for callers to change
  statistics.push();
  const nothing = await captureRetryStatistics(async (list) => {
    list satisfies readonly RequestStatistics[];
    await Promise.resolve();
  });
  nothing.value satisfies void;
}
