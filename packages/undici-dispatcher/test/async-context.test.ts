// The events of undici come in the asynchronous context of a connection, which some other request has opened.
import { AsyncLocalStorage } from 'node:async_hooks';

import { Agent, interceptors, request } from 'undici';
import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';

import { flakyServer, ok, unavailable } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { retryInterceptor } from '../src/index.ts';
import { AT_ONCE } from './servers/retrying-agents.ts';

const store = new AsyncLocalStorage<string>();

/** Requests that wait for one connection, half of which fail first; and the store of every attempt, by its path. */
async function contextsOf(
  retrying: Dispatcher.DispatcherComposeInterceptor,
): Promise<[path: string, context: string | undefined][]> {
  await using server = await flakyServer(unavailable, ok, unavailable, ok, unavailable, ok, ok, ok, ok);
  const seen: [string, string | undefined][] = [];
  const watch =
    (dispatch: Dispatcher['dispatch']): Dispatcher['dispatch'] =>
    (dispatched, handler) => {
      seen.push([dispatched.path, store.getStore()]);
      return dispatch(dispatched, handler);
    };
  const agent = new Agent({ connections: 1 });
  const dispatcher = agent.compose(watch, retrying);
  const paths = Array.from({ length: 6 }, (_, index) => `/${index}`);
  await Promise.all(
    paths.map(async (path) =>
      store.run(path, async () => {
        const { body } = await request(new URL(path, server.url), { dispatcher });
        await body.dump();
        expect(store.getStore()).toBe(path);
      }),
    ),
  );
  await agent.close();
  return seen;
}

describe('a retry', () => {
  it.each([{}, { hooks: { onAttempt: () => undefined } }])(
    'is sent in the asynchronous context of its own request, with %o',
    async (options) => {
      const seen = await contextsOf(retryInterceptor({ ...AT_ONCE, budget: false, ...options }));
      expect(seen.length).toBeGreaterThan(6);
      expect(seen.filter(([path, context]) => path !== context)).toEqual([]);
    },
  );

  it("is sent in that of whichever request has opened the connection, with undici's own", async () => {
    const seen = await contextsOf(interceptors.retry({ minTimeout: 1 }));
    expect(seen.filter(([path, context]) => path !== context).length).toBeGreaterThan(0);
  });
});
