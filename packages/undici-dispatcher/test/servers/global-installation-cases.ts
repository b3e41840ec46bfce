// What is installed, and what is left when it is restored.
import { equal, notEqual, throws } from 'node:assert/strict';

import { RetryConfigError } from '@tenax/core';
import { installGlobalRetry, type GlobalRetry } from '@tenax/undici-dispatcher';
import { Agent, getGlobalDispatcher, request, setGlobalDispatcher, type Dispatcher } from 'undici';

import { unavailable } from '../../../fetch-adapter/test/servers/flaky-server.ts';
import { type Cases, quick, withServer } from './global-retries.ts';

const SLOTS = [1, 2].map((version) => Symbol.for(`undici.globalDispatcher.${version}`));
const scope = globalThis as unknown as Record<symbol, unknown>;
const slots = (): unknown[] => SLOTS.map((slot) => scope[slot]);

/** By identity, and without a message that prints a whole dispatcher. */
function sameSlots(actual: readonly unknown[], expected: readonly unknown[]): void {
  actual.forEach((dispatcher, index) => {
    equal(dispatcher === expected[index], true, `slot ${index + 1}`);
  });
}

/** Installs retries for as long as a case runs, and leaves everything as it was, whatever the case did. */
async function withInstalled(
  use: (retries: GlobalRetry, before: readonly unknown[]) => Promise<void> | void,
): Promise<void> {
  const before = slots();
  const retries = installGlobalRetry(quick);
  try {
    await use(retries, before);
  } finally {
    retries.restore();
    SLOTS.forEach((slot, index) => {
      scope[slot] = before[index];
    });
  }
}

/** How often a fetch is sent to a server that is never available. */
const attemptsOfFetch = (): Promise<number> =>
  withServer([unavailable], async ({ requests, url }) => {
    await (await fetch(url)).text();
    return requests.length;
  });

class CountingAgent extends Agent {
  dispatched = 0;

  override dispatch(options: Agent.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    this.dispatched += 1;
    return super.dispatch(options, handler);
  }
}

/** Makes an agent the global dispatcher for as long as a case runs. */
async function withGlobalAgent(use: (agent: CountingAgent) => Promise<void>): Promise<void> {
  const before = slots();
  const agent = new CountingAgent();
  try {
    await use(agent);
  } finally {
    SLOTS.forEach((slot, index) => {
      scope[slot] = before[index];
    });
    await agent.close();
  }
}

export const installationCases: Cases = {
  'restore puts back exactly the dispatchers that were there': () =>
    withInstalled(async (retries, before) => {
      equal(getGlobalDispatcher() === retries.dispatcher, true);
      equal(await attemptsOfFetch(), 3);
      retries.restore();
      sameSlots(slots(), before);
      equal(await attemptsOfFetch(), 1);
      sameSlots(slots(), before);
    }),

  'the dispatcher that was there sends the attempts': () =>
    withGlobalAgent(async (agent) => {
      setGlobalDispatcher(agent);
      await withInstalled(async (retries, before) => {
        equal(await attemptsOfFetch(), 3);
        equal(agent.dispatched, 3);
        retries.restore();
        sameSlots(slots(), before);
        equal(getGlobalDispatcher() === agent, true);
      });
    }),

  'a dispatcher that somebody has set meanwhile stays': () =>
    withGlobalAgent((agent) =>
      withInstalled((retries, before) => {
        const installed = slots();
        setGlobalDispatcher(agent);
        // An old undici sets only one of the two; the other one goes back.
        const expected = slots().map((dispatcher, index) =>
          dispatcher === installed[index] ? before[index] : dispatcher,
        );
        retries.restore();
        sameSlots(slots(), expected);
        equal(getGlobalDispatcher() === agent, true);
      }),
    ),

  'Symbol.dispose restores': () =>
    withInstalled(async (retries, before) => {
      retries[Symbol.dispose]();
      sameSlots(slots(), before);
      equal(await attemptsOfFetch(), 1);
    }),

  'a second restore does nothing, also after another installation': () =>
    withInstalled(async (first, before) => {
      first.restore();
      await withInstalled(async (second) => {
        notEqual(first.dispatcher, second.dispatcher);
        first.restore();
        equal(await attemptsOfFetch(), 3);
        second.restore();
        second.restore();
        sameSlots(slots(), before);
      });
    }),

  'installing twice is a RetryConfigError that says what to do, and changes nothing': () =>
    withInstalled(async () => {
      const installed = slots();
      throws(
        () => installGlobalRetry(quick),
        (error: unknown) => error instanceof RetryConfigError && error.message.includes('restore()'),
      );
      sameSlots(slots(), installed);
      equal(await attemptsOfFetch(), 3);
    }),

  'wrong options are a RetryConfigError, install nothing, and are in nobody’s way': async () => {
    const before = slots();
    throws(() => installGlobalRetry({ maxAttempts: 0 }), RetryConfigError);
    sameSlots(slots(), before);
    await withInstalled(async () => {
      equal(await attemptsOfFetch(), 3);
    });
  },

  'a request that began before restore is retried still': () =>
    withServer([unavailable], async ({ requests, url }) => {
      const retries = installGlobalRetry({ ...quick, hooks: { onRetry: () => retries.restore() } });
      try {
        const { body, statusCode } = await request(url);
        await body.dump();
        equal(statusCode, 503);
        equal(requests.length, 3);
      } finally {
        retries.restore();
      }
    }),
};
