import { AsyncLocalStorage } from 'node:async_hooks';
import { channel, subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel';

import { afterEach, describe, expect, it } from 'vitest';

import { getRetryStatistics } from '../../src/attached-statistics.ts';
import type { OperationTrace } from '../../src/diagnostics.ts';
import { FakeEventExchange } from '../fake-event-exchange.ts';
import { FakeExchange } from '../fake-exchange.ts';
import { response } from '../operation-driver.ts';
import { rejectionOf, virtualEngine } from '../virtual-engine.ts';

const EVENTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const;
const undo: (() => void)[] = [];

/** Hears a channel until the test is over. */
const hear = (name: string): unknown[] => {
  const messages: unknown[] = [];
  const listener = (message: unknown): void => void messages.push(message);
  subscribe(name, listener);
  undo.push(() => void unsubscribe(name, listener));
  return messages;
};

/** The names of the events of `tenax:operation`, and the traces that they told of. */
const trace = (): { events: string[]; traces: Set<OperationTrace> } => {
  const events: string[] = [];
  const traces = new Set<OperationTrace>();
  const listeners = Object.fromEntries(
    EVENTS.map((event) => [
      event,
      (message: unknown): void => {
        events.push(event);
        traces.add(message as OperationTrace);
      },
    ]),
  ) as Record<(typeof EVENTS)[number], (message: unknown) => void>;
  tracingChannel('tenax:operation').subscribe(listeners);
  undo.push(() => {
    tracingChannel('tenax:operation').unsubscribe(listeners);
  });
  return { events, traces };
};

afterEach(() => {
  for (const stop of undo.splice(0)) stop();
});

describe('tenax:operation', () => {
  it('tells of an operation from its start to its end, by one object', async () => {
    const { clock, engine } = virtualEngine();
    const { events, traces } = trace();
    const result = await clock.run(engine.run(new FakeExchange([503, 200])));
    expect(events).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
    expect([...traces]).toEqual([
      {
        id: expect.any(String),
        key: 'https://a.example',
        method: 'GET',
        statistics: getRetryStatistics(result),
        result,
      },
    ]);
  });

  it('tells of the error that the caller gets', async () => {
    const { clock, engine } = virtualEngine({ maxAttempts: 1 });
    const { events, traces } = trace();
    const error = await rejectionOf(clock.run(engine.run(new FakeExchange([503]))));
    expect(events).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd']);
    expect([...traces][0]).toMatchObject({ error, statistics: { result: 'retry_exhausted' } });
  });

  it('tells of an operation that was aborted before it began', async () => {
    const { engine } = virtualEngine();
    const { events, traces } = trace();
    const signal = AbortSignal.abort('no');
    expect(await rejectionOf(engine.execute(() => 1, { signal }))).toBe('no');
    expect(events).toEqual(['start', 'error', 'asyncStart', 'asyncEnd', 'end']);
    expect([...traces][0]).toMatchObject({ error: 'no', statistics: { result: 'aborted' } });
  });

  it('tells of clients that answer by events', async () => {
    const { clock, engine } = virtualEngine();
    const { events, traces } = trace();
    const exchange = new FakeEventExchange();
    const operation = exchange.start(engine);
    operation.responded(response(503));
    await clock.advance(100);
    operation.responded(response(200));
    expect(events).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
    expect([...traces][0]).toMatchObject({
      method: 'GET',
      statistics: { attempts: [{ status: 503 }, { status: 200 }] },
    });
  });

  it('carries a store to every attempt', async () => {
    const { clock, engine } = virtualEngine();
    const store = new AsyncLocalStorage<string>();
    const { start } = tracingChannel<OperationTrace, OperationTrace>('tenax:operation');
    start.bindStore(
      store as AsyncLocalStorage<unknown> as never,
      ((message: OperationTrace) => `span of ${message.key}`) as never,
    );
    undo.push(() => void start.unbindStore(store as never));
    const seen: (string | undefined)[] = [];
    const operation = (): number => {
      seen.push(store.getStore());
      if (seen.length < 3) throw new Error('again');
      return 1;
    };
    await clock.run(engine.execute(operation, { key: 'db' }));
    expect(seen).toEqual(['span of db', 'span of db', 'span of db']);
    expect(store.getStore()).toBeUndefined();
  });

  it('is silent again when nobody listens any more', async () => {
    const { engine } = virtualEngine();
    const { events } = trace();
    for (const stop of undo.splice(0)) stop();
    await engine.execute(() => 1);
    expect(events).toEqual([]);
  });
});

describe('tenax:attempt, tenax:retry and tenax:circuit', () => {
  it('tell what the hooks are told', async () => {
    const hooked: Record<string, unknown[]> = { attempt: [], retry: [], circuit: [] };
    const { clock, engine } = virtualEngine({
      circuitBreaker: { window: { calls: 2 }, minimumThroughput: 2, failureRate: 1 },
      maxAttempts: 2,
      hooks: {
        onAttempt: (event) => void hooked['attempt']?.push(event),
        onRetry: (event) => void hooked['retry']?.push(event),
        onCircuitChange: (event) => void hooked['circuit']?.push(event),
      },
    });
    const heard = {
      attempt: hear('tenax:attempt'),
      retry: hear('tenax:retry'),
      circuit: hear('tenax:circuit'),
    };
    await rejectionOf(clock.run(engine.run(new FakeExchange([503, 503]))));
    expect(heard).toEqual(hooked);
    expect([heard.attempt.length, heard.retry.length, heard.circuit.length]).toEqual([2, 1, 1]);
  });

  it('are heard without any hook', async () => {
    const { clock, engine } = virtualEngine();
    const attempts = hear('tenax:attempt');
    await clock.run(engine.run(new FakeExchange([200])));
    expect(attempts).toEqual([
      { id: expect.any(String), key: 'https://a.example', attempt: expect.objectContaining({ status: 200 }) },
    ]);
  });

  it('hold nothing that is secret', async () => {
    const { clock, engine } = virtualEngine({ maxAttempts: 2 });
    const messages = [hear('tenax:attempt'), hear('tenax:retry')];
    const { traces } = trace();
    const error = new Error('GET https://me:pw@a.example/path?token=1 failed');
    await rejectionOf(clock.run(engine.run(new FakeExchange([error, error]))));
    const [{ error: _, ...told }] = [...traces] as [OperationTrace];
    expect(JSON.stringify([messages, told])).not.toMatch(/pw|token|secret/);
  });

  it('build nothing while nobody listens', async () => {
    expect(
      ['tenax:attempt', 'tenax:retry', 'tenax:circuit'].map((name) => channel(name).hasSubscribers),
    ).toEqual([false, false, false]);
    const { clock, engine } = virtualEngine();
    const result = await clock.run(engine.run(new FakeExchange([200])));
    // An id is given out when somebody asks for it: nobody has.
    const next = await clock.run(engine.run(new FakeExchange([200])));
    const [first, second] = [next, result].map((of) => Number(getRetryStatistics(of)?.id.replace('op-', '')));
    expect(second).toBe((first as number) + 1);
  });
});
