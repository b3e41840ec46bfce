// Requests that a guard holds back before their first attempt: they can be aborted, and closed and destroyed with their dispatcher.
import { once } from 'node:events';

import type { RetryOptions } from '@tenax/core';
import { Agent, request } from 'undici';
import { describe, expect, it } from 'vitest';

import { flakyServer, ok, silence, unavailable } from '../../fetch-adapter/test/servers/flaky-server.ts';
import type { Answer } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { RetryDispatcher } from '../src/index.ts';
import { content, part } from './servers/download-server.ts';
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

/** A download under way with `resume`, and what breaks it off. */
async function download(options: RetryOptions, ...others: Answer[]) {
  let breakOff = (): void => undefined;
  const broken: Answer = (response, incoming, seen) => {
    part({ bytes: content.subarray(0, 2000), contentLength: 5000 })(response, incoming, seen);
    breakOff = () => void incoming.socket.resetAndDestroy();
  };
  const server = await flakyServer(broken, ...others);
  const dispatcher = new RetryDispatcher(new Agent(), { ...options, resume: true });
  const { body } = await request(server.url, { dispatcher });
  const end = async (): Promise<void> => {
    await dispatcher.destroy();
    await server[Symbol.asyncDispose]();
  };
  return {
    dispatcher,
    server,
    failure: failureOf(body.text()),
    breakOff: () => breakOff(),
    [Symbol.asyncDispose]: end,
  };
}

describe('the rest of a broken download that a guard holds back', () => {
  it('is refused by a full bulkhead with the error of its body as the cause', async () => {
    await using held = await download({ bulkhead: { maxConcurrent: 1, maxQueue: 0 } }, silence);
    const other = failureOf(request(held.server.url, held));
    await held.server.received(2);
    held.breakOff();
    const error = await held.failure;
    expect(error).toMatchObject({ code: 'TENAX_BULKHEAD_FULL', cause: { code: 'ECONNRESET' } });
    await held.dispatcher.destroy();
    await other;
  });

  it('is refused by an open circuit with the error of its body as the cause', async () => {
    await using held = await download({ circuitBreaker: { minimumThroughput: 1 } }, unavailable);
    await (await request(held.server.url, { ...held, retry: false })).body.dump();
    expect(held.dispatcher.engine.circuit(new URL(held.server.url).origin)).toBe('open');
    held.breakOff();
    expect(await held.failure).toMatchObject({ code: 'TENAX_CIRCUIT_OPEN', cause: { code: 'ECONNRESET' } });
  });

  it('EDGE 46: ends with the error that the dispatcher is destroyed with', async () => {
    await using held = await download({ bulkhead }, silence);
    const other = failureOf(request(held.server.url, held));
    await held.server.received(2);
    const broken = once(held.dispatcher, 'disconnect');
    held.breakOff();
    await broken;
    const given = new Error('the program ends');
    await held.dispatcher.destroy(given);
    expect([await held.failure, await other]).toEqual([given, given]);
  });
});
