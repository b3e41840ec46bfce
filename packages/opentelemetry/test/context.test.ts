// Which context a user's code finds: in hooks, in the body of a response, and after all.
import type { Readable } from 'node:stream';

import { attachRetry } from '@tenax/axios-adapter';
import { createRetryEngine } from '@tenax/core';
import type { RetryOptions } from '@tenax/core';
import { retryInterceptor } from '@tenax/undici-dispatcher';
import { context, trace } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { create } from 'axios';
import { Client, request } from 'undici';
import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';

import { flakyServer, ok, unavailable } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { CLIENTS } from './clients.ts';
import { startTelemetry } from './telemetry.ts';

/** The name of the active span, and whether spans can be made in it. */
function here(): string {
  const active = trace.getActiveSpan() as { name?: string } | undefined;
  return `${active?.name ?? 'no span'}${isTracingSuppressed(context.active()) ? ', suppressed' : ''}`;
}

/** Calls something within a span of the caller's. */
const asCaller = <T>(call: () => Promise<T>): Promise<T> =>
  trace.getTracer('test').startActiveSpan('caller', async (span) => {
    try {
      return await call();
    } finally {
      span.end();
    }
  });

/** Options that note in which context each function of the user runs. */
function notingOptions(): { options: RetryOptions; seen: Record<string, string[]> } {
  const seen: Record<string, string[]> = {};
  const note = (name: string) => (): undefined => {
    (seen[name] ??= []).push(here());
  };
  const hooks = {
    onAttempt: note('onAttempt'),
    onRetry: note('onRetry'),
    beforeRetry: note('beforeRetry'),
    onSuccess: note('onSuccess'),
  };
  return { options: { hooks, shouldRetry: note('shouldRetry') }, seen };
}

/** Sends a request within a span of the caller's; where each hook ran, by its name. */
async function placesOfHooks(open: (typeof CLIENTS)[number][1]): Promise<Record<string, string[]>> {
  await using _ = startTelemetry();
  await using server = await flakyServer(unavailable, ok);
  const { options, seen } = notingOptions();
  await using client = open(options);
  await asCaller(() => client.send({ url: server.url }));
  return seen;
}

describe('the hooks', () => {
  it.each(CLIENTS)('of %s run in the context of the operation', async (_, open) => {
    expect(await placesOfHooks(open)).toEqual({
      onAttempt: ['tenax GET', 'tenax GET'],
      shouldRetry: ['tenax GET', 'tenax GET'],
      onRetry: ['tenax GET'],
      beforeRetry: ['tenax GET'],
      onSuccess: ['tenax GET'],
    });
  });
});

describe('what comes after a response', () => {
  it.each(CLIENTS)('of %s is in the context of the caller', async (_name, open) => {
    await using _ = startTelemetry();
    await using server = await flakyServer(unavailable, ok);
    await using client = open();
    await asCaller(async () => {
      await client.send({ url: server.url });
      expect(here()).toBe('caller');
      await client.send({ url: server.url }).then(() => {
        expect(here()).toBe('caller');
      });
    });
    expect(here()).toBe('no span');
  });

  it('in a context that was kept from within is in that of the caller', async () => {
    await using _ = startTelemetry();
    const kept: Context[] = [];
    const keep = (): void => void kept.push(context.active());
    const engine = createRetryEngine({ hooks: { onSuccess: keep } });
    await asCaller(() => engine.execute(keep));
    expect(kept.map((place) => context.with(place, here))).toEqual(['caller', 'caller']);
  });

  it('that axios streams is not suppressed, and knows the caller', async () => {
    await using _ = startTelemetry();
    await using server = await flakyServer(unavailable, ok);
    const instance = create();
    attachRetry(instance, { baseDelay: 0 });
    await asCaller(async () => {
      const { data } = await instance.get<Readable>(server.url, { responseType: 'stream' });
      expect(await placesOf(data)).toEqual(['caller', 'caller']);
    });
  });

  it('that undici streams is not suppressed', async () => {
    await using _ = startTelemetry();
    await using server = await flakyServer(unavailable, ok);
    const client = new Client(server.url);
    const dispatcher = client.compose(retryInterceptor({ baseDelay: 0 }));
    await asCaller(async () => {
      const { body } = await request(server.url, { dispatcher });
      expect(await placesOf(body)).toEqual(['caller', 'caller']);
    });
    await client.destroy();
  });

  it('on a connection that an attempt has opened is not suppressed, whoever asks', async () => {
    await using _ = startTelemetry();
    await using server = await flakyServer(unavailable, ok);
    const client = new Client(server.url);
    const dispatcher = client.compose(retryInterceptor({ baseDelay: 0 }));
    await asCaller(async () => {
      await (await request(server.url, { dispatcher })).body.text();
    });
    const places = await new Promise<string[]>((resolve, reject) => {
      const seen: string[] = [];
      const handler: Dispatcher.DispatchHandler = {
        onRequestStart: () => undefined,
        onResponseStart: () => void seen.push(here()),
        onResponseData: () => void seen.push(here()),
        onResponseEnd: () => {
          resolve(seen);
        },
        onResponseError: (_controller, error) => {
          reject(error);
        },
      };
      client.dispatch({ path: '/', method: 'GET' }, handler);
    });
    expect(server.connections).toBe(1);
    for (const place of places) expect(place).not.toContain('suppressed');
    await client.destroy();
  });
});

/** The contexts of a stream's events. */
function placesOf(stream: Readable): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const places: string[] = [];
    stream.on('error', reject);
    stream.once('data', () => places.push(here()));
    stream.on('end', () => {
      places.push(here());
      resolve(places);
    });
  });
}
