// Requests that a guard holds back before their first attempt: they can be aborted, and closed and destroyed with their dispatcher.
import type { RetryOptions } from '@tenax/core';
import { Agent, request } from 'undici';
import { describe, expect, it } from 'vitest';

import { flakyServer, ok } from '../../fetch-adapter/test/servers/flaky-server.ts';
import type { Answer } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { RetryDispatcher } from '../src/index.ts';
import { failureOf } from './servers/retrying-agents.ts';

/** A request that is under way, and one that waits behind it until `give` is called. */
async function heldBack(options: RetryOptions, signal?: AbortSignal) {
  let give = (): void => undefined;
  const held: Answer = (response) => {
    give = () => void response.end('first');
  };
  const server = await flakyServer(held, ok);
  const dispatcher = new RetryDispatcher(new Agent(), options);
  const first = request(server.url, { dispatcher });
  await server.received(1);
  const second = request(server.url, { dispatcher, signal: signal ?? null });
  const end = async (): Promise<void> => {
    await dispatcher.destroy();
    await server[Symbol.asyncDispose]();
  };
  return { dispatcher, first, second, server, give: () => give(), [Symbol.asyncDispose]: end };
}
const bulkhead = { maxConcurrent: 1, maxQueue: 10 };

describe('a request that waits for a place in the bulkhead', () => {
  it('EDGE 1: ends at once when its caller aborts, and is not sent', async () => {
    const controller = new AbortController();
    await using held = await heldBack({ bulkhead }, controller.signal);
    controller.abort(new Error('enough'));
    // The first is under way still.
    expect(await failureOf(held.second)).toMatchObject({ message: 'enough' });
    held.give();
    await (await held.first).body.dump();
    expect(held.server.requests).toHaveLength(1);
  });

  it('EDGE 46: close() waits for it', async () => {
    await using held = await heldBack({ bulkhead });
    const closed = held.dispatcher.close();
    held.give();
    expect(await (await held.first).body.text()).toBe('first');
    expect(await (await held.second).body.text()).toBe('ok');
    await closed;
  });

  it('EDGE 46: destroy(error) ends it with that error', async () => {
    await using held = await heldBack({ bulkhead });
    const given = new Error('the program ends');
    const errors = Promise.all([failureOf(held.first), failureOf(held.second)]);
    await held.dispatcher.destroy(given);
    expect(await errors).toEqual([given, given]);
    expect(held.server.requests).toHaveLength(1);
  });
});
