// Beside the real instrumentations of undici, which the built-in fetch is made of, and of `node:http`.
import { createRequire } from 'node:module';

import { context, SpanKind, trace } from '@opentelemetry/api';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { retryInterceptor } from '@tenax/undici-dispatcher';
import { Agent as Agent7, request as request7 } from 'undici-7';
import type { Dispatcher as Dispatcher7 } from 'undici-7';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { flakyServer, ok, reset, unavailable } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { CLIENTS } from './clients.ts';
import { rootOf, sentSpanId, startTelemetry, treeOf } from './telemetry.ts';
import type { Telemetry, TelemetrySetup } from './telemetry.ts';

const isServer = { ignoreIncomingRequestHook: () => true };
const instrumentations = [new UndiciInstrumentation(), new HttpInstrumentation(isServer)] as const;

beforeAll(() => {
  for (const instrumentation of instrumentations) instrumentation.enable();
  // It patches what is loaded from now on; the module is the same for everybody.
  createRequire(import.meta.url)('node:http');
});
afterAll(() => {
  for (const instrumentation of instrumentations) instrumentation.disable();
});

/** With the instrumentations on the same SDK. */
function startAll(setup?: TelemetrySetup): Telemetry {
  const telemetry = startTelemetry(setup);
  for (const instrumentation of instrumentations) {
    instrumentation.setTracerProvider(telemetry.tracerProvider);
    instrumentation.setMeterProvider(telemetry.meterProvider);
  }
  return telemetry;
}

/** The ids of the CLIENT spans, as they were made. */
const clientSpanIds = ({ spans }: Telemetry): string[] =>
  spans.filter(({ kind }) => kind === SpanKind.CLIENT).map((span) => span.spanContext().spanId);

describe.each(CLIENTS)('%s, whose client is instrumented', (_, open) => {
  it('has one span for a request without Tenax, so that what follows means something', async () => {
    await using telemetry = startAll();
    telemetry.instrumentation.disable();
    await using server = await flakyServer(ok);
    await using client = open({ maxAttempts: 1 });
    await client.send({ url: server.url });
    await telemetry.allEnded();
    expect(treeOf(telemetry.spans)).toEqual(['GET CLIENT']);
    expect(server.requests.map(({ headers }) => sentSpanId(headers))).toEqual(clientSpanIds(telemetry));
  });

  it("has Tenax' own span for each attempt, and no other, with attemptSpans: own", async () => {
    await using telemetry = startAll({ attemptSpans: 'own' });
    await using server = await flakyServer(unavailable, reset, ok);
    await using client = open();
    expect(await client.send({ url: server.url })).toBe(200);
    expect(treeOf(telemetry.spans)).toEqual([
      'tenax GET',
      '  GET CLIENT !',
      '  GET CLIENT !',
      '  GET CLIENT',
    ]);
    expect(server.requests.map(({ headers }) => sentSpanId(headers))).toEqual(clientSpanIds(telemetry));
    expect(new Set(telemetry.spans.map(({ instrumentationScope }) => instrumentationScope.name))).toEqual(
      new Set(['@tenax/opentelemetry']),
    );
  });

  it("has the client's span for each attempt, within that of the operation, with attemptSpans: inner", async () => {
    await using telemetry = startAll({ attemptSpans: 'inner' });
    await using server = await flakyServer(unavailable, reset, ok);
    await using client = open();
    expect(await client.send({ url: server.url })).toBe(200);
    await telemetry.allEnded();
    const operation = telemetry.spans.find(({ name }) => name === 'tenax GET');
    expect(treeOf(telemetry.spans)).toEqual([
      'tenax GET',
      '  GET CLIENT !',
      '  GET CLIENT !',
      '  GET CLIENT',
    ]);
    expect(rootOf(telemetry.spans)).toBe(operation);
    const sent = server.requests.map(({ headers }) => sentSpanId(headers));
    expect(new Set(sent)).toEqual(new Set(clientSpanIds(telemetry)));
    expect(sent).toHaveLength(3);
  });

  it.each(['own', 'inner'] as const)(
    'has each attempt within its own operation, on a connection that another one has opened, with attemptSpans: %s',
    async (attemptSpans) => {
      await using telemetry = startAll({ attemptSpans });
      await using server = await flakyServer(ok, unavailable, ok);
      await using client = open({ maxConnections: 1 });
      for (const name of ['first', 'second']) {
        await trace.getTracer('test').startActiveSpan(name, async (span) => {
          await client.send({ url: server.url });
          span.end();
        });
      }
      await telemetry.allEnded();
      expect(treeOf(telemetry.spans)).toEqual([
        'first',
        '  tenax GET',
        '    GET CLIENT',
        'second',
        '  tenax GET',
        '    GET CLIENT !',
        '    GET CLIENT',
      ]);
    },
  );

  it.each(['own', 'inner'] as const)(
    'has one span for each hedge, with attemptSpans: %s',
    async (attemptSpans) => {
      await using telemetry = startAll({ attemptSpans });
      const answers: (() => void)[] = [];
      await using server = await flakyServer((response) => {
        answers.push(() => void response.end());
        // The first answer comes when there are two to give.
        if (answers.length === 2) answers[1]?.();
      });
      await using client = open({ hedge: { delay: 1, maxExtraLoad: 1, maxHedges: 1 }, budget: false });
      await client.send({ url: server.url });
      await server.received(2);
      await telemetry.allEnded();
      const ids = clientSpanIds(telemetry);
      expect(new Set(server.requests.map(({ headers }) => sentSpanId(headers)))).toEqual(new Set(ids));
      expect(ids).toHaveLength(2);
      expect(treeOf(telemetry.spans).filter((line) => line.startsWith('  GET CLIENT'))).toHaveLength(2);
    },
  );

  it('has one span for an attempt that waits for a connection', async () => {
    await using telemetry = startAll();
    await using server = await flakyServer(ok);
    await using client = open({ maxConnections: 1 });
    await Promise.all([1, 2, 3].map((request) => client.send({ url: `${server.url}${request}` })));
    const ids = clientSpanIds(telemetry);
    expect(ids).toHaveLength(3);
    expect(new Set(server.requests.map(({ headers }) => sentSpanId(headers)))).toEqual(new Set(ids));
  });

  it('is traced as ever in what is sent without Tenax, in the middle of an operation', async () => {
    await using telemetry = startAll();
    await using server = await flakyServer(unavailable, ok);
    await using other = await flakyServer(ok);
    await using client = open({
      hooks: {
        beforeRetry: async () => {
          await (await fetch(other.url)).text();
        },
      },
    });
    await client.send({ url: server.url });
    await telemetry.allEnded();
    const sent = sentSpanId(other.requests[0]?.headers ?? {});
    expect(telemetry.spans.map((span) => span.spanContext().spanId)).toContain(sent);
  });

  it('is traced as ever after a request of Tenax, on the same connection', async () => {
    await using telemetry = startAll();
    await using server = await flakyServer(ok);
    await using client = open();
    await client.send({ url: server.url });
    const before = telemetry.spans.length;
    telemetry.instrumentation.disable();
    await context.with(context.active(), () => client.send({ url: server.url, method: 'HEAD' }));
    await telemetry.allEnded();
    expect(telemetry.spans.slice(before).map(({ name }) => name)).toEqual(['HEAD']);
  });
});

describe('undici 7, which forgets the context of a request that waits for a connection', () => {
  it('has one span for each attempt where its instrumentation leaves out what has a context', async () => {
    await using telemetry = startAll();
    const [undiciInstrumentation] = instrumentations;
    undiciInstrumentation.setConfig({ ignoreRequestHook: ({ headers }) => headers.includes('traceparent') });
    await using server = await flakyServer(ok);
    const agent = new Agent7({ connections: 2 });
    const dispatcher = agent.compose(
      retryInterceptor() as unknown as Dispatcher7.DispatcherComposeInterceptor,
    );
    await Promise.all(
      Array.from({ length: 12 }, async () => (await request7(server.url, { dispatcher })).body.text()),
    );
    await agent.close();
    undiciInstrumentation.setConfig({});
    const ids = clientSpanIds(telemetry);
    expect(ids).toHaveLength(12);
    expect(new Set(server.requests.map(({ headers }) => sentSpanId(headers)))).toEqual(new Set(ids));
  });
});
