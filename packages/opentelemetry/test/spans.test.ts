import { context, propagation, SpanStatusCode, trace } from '@opentelemetry/api';
import { AttemptTimeoutError, CircuitOpenError } from '@tenax/core';
import { describe, expect, it } from 'vitest';

import {
  flakyServer,
  ok,
  reset,
  silence,
  status,
  unavailable,
} from '../../fetch-adapter/test/servers/flaky-server.ts';
import { CLIENTS } from './clients.ts';
import { childrenOf, rootOf, sentSpanId, startTelemetry, treeOf } from './telemetry.ts';

describe.each(CLIENTS)('a request of %s', (_, open) => {
  it('that succeeds at once has a span, and one for its attempt', async () => {
    await using telemetry = startTelemetry();
    await using server = await flakyServer(ok);
    await using client = open();
    await client.send({ url: `${server.url}users` });
    expect(treeOf(telemetry.spans)).toEqual(['tenax GET', '  GET CLIENT']);
  });

  it('has a span for each attempt, within that of the operation', async () => {
    await using telemetry = startTelemetry();
    await using server = await flakyServer(unavailable, reset, ok);
    await using client = open();
    expect(await client.send({ url: `${server.url}users` })).toBe(200);
    expect(treeOf(telemetry.spans)).toEqual([
      'tenax GET',
      '  GET CLIENT !',
      '  GET CLIENT !',
      '  GET CLIENT',
    ]);
  });

  it('says of each attempt what the conventions ask for, and what Tenax knows', async () => {
    await using telemetry = startTelemetry();
    await using server = await flakyServer(unavailable, ok);
    await using client = open();
    await client.send({ url: `${server.url}users?page=2#top` });
    const { spans } = telemetry;
    const root = rootOf(spans);
    const { origin, port } = new URL(server.url);
    const shared = {
      'http.request.method': 'GET',
      'server.address': '127.0.0.1',
      'server.port': Number(port),
      'url.full': `${origin}/users`,
    };
    expect(root.attributes).toEqual({
      ...shared,
      'tenax.operation.id': expect.stringMatching(/^op-\d+$/u) as string,
      'tenax.key': origin,
      'tenax.result': 'success',
      'tenax.reason': 'success',
      'tenax.attempts': 2,
      'tenax.delay': expect.any(Number) as number,
    });
    expect(childrenOf(spans, root).map(({ attributes }) => attributes)).toEqual([
      {
        ...shared,
        'http.response.status_code': 503,
        'error.type': '503',
        'tenax.attempt.number': 1,
        'tenax.attempt.hedged': false,
        'tenax.attempt.delay': 0,
        'tenax.attempt.reason': 'transient_status',
        'tenax.failure_class': 'transient',
      },
      {
        ...shared,
        'http.request.resend_count': 1,
        'http.response.status_code': 200,
        'tenax.attempt.number': 2,
        'tenax.attempt.hedged': false,
        'tenax.attempt.delay': expect.any(Number) as number,
        'tenax.attempt.reason': 'success',
        'tenax.retry.reason': 'transient_status',
      },
    ]);
  });

  it('sends the context of each attempt with it, the first one too', async () => {
    await using telemetry = startTelemetry();
    await using server = await flakyServer(unavailable, unavailable, ok);
    await using client = open();
    await client.send({
      url: server.url,
      headers: { traceparent: '00-of-the-caller', accept: 'text/plain' },
    });
    const { spans } = telemetry;
    const attempts = childrenOf(spans, rootOf(spans));
    expect(server.requests.map(({ headers }) => headers['traceparent'])).toEqual(
      attempts.map((span) => `00-${span.spanContext().traceId}-${span.spanContext().spanId}-01`),
    );
    expect(server.requests.map(({ headers }) => headers.accept)).toEqual(Array(3).fill('text/plain'));
  });

  it('is part of the trace that it was made in, with its baggage', async () => {
    await using telemetry = startTelemetry();
    await using server = await flakyServer(unavailable, ok);
    await using client = open();
    const tracer = trace.getTracer('test');
    await tracer.startActiveSpan('caller', async (span) => {
      const baggage = propagation.createBaggage({ tenant: { value: 'blue' } });
      await context.with(propagation.setBaggage(context.active(), baggage), () =>
        client.send({ url: server.url }),
      );
      span.end();
    });
    expect(treeOf(telemetry.spans)).toEqual(['caller', '  tenax GET', '    GET CLIENT !', '    GET CLIENT']);
    expect(server.requests.map(({ headers }) => headers['baggage'])).toEqual(['tenant=blue', 'tenant=blue']);
  });

  it('that fails for good is an error, with the status of what the caller got', async () => {
    await using telemetry = startTelemetry();
    await using server = await flakyServer(unavailable);
    await using client = open({ maxAttempts: 2 });
    expect(await client.send({ url: server.url })).toBe(503);
    const root = rootOf(telemetry.spans);
    expect(treeOf(telemetry.spans)).toEqual(['tenax GET !', '  GET CLIENT !', '  GET CLIENT !']);
    expect(root.status).toEqual({ code: SpanStatusCode.ERROR, message: 'attempts_exhausted' });
    expect(root.attributes).toMatchObject({ 'error.type': '503', 'tenax.result': 'retry_exhausted' });
  });

  it('that a status ends at once has one attempt', async () => {
    await using telemetry = startTelemetry();
    await using server = await flakyServer(status(404));
    await using client = open();
    expect(await client.send({ url: server.url })).toBe(404);
    const [attempt, root] = telemetry.spans;
    expect(treeOf(telemetry.spans)).toEqual(['tenax GET !', '  GET CLIENT !']);
    expect(attempt?.attributes).toMatchObject({ 'error.type': '404', 'tenax.failure_class': 'permanent' });
    // The status says it all.
    expect(attempt?.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(root?.attributes).toMatchObject({ 'error.type': '404', 'tenax.reason': 'permanent_failure' });
  });

  it('that a lost connection ends says which error it was', async () => {
    await using telemetry = startTelemetry();
    await using server = await flakyServer(reset);
    await using client = open({ maxAttempts: 1 });
    await expect(client.send({ url: server.url })).rejects.toThrow(Error);
    const [attempt, root] = telemetry.spans;
    const type = attempt?.attributes['error.type'];
    expect(type).toMatch(/^(ECONNRESET|UND_ERR_SOCKET|ERR_NETWORK)$/u);
    expect(attempt?.attributes).not.toHaveProperty(['http.response.status_code']);
    expect(attempt?.events).toEqual([
      expect.objectContaining({
        name: 'exception',
        attributes: { 'exception.type': type, 'exception.message': expect.any(String) as string },
      }),
    ]);
    expect(treeOf([root!])).toEqual(['tenax GET !']);
  });

  it('that loses its patience twice has two attempts that did', async () => {
    await using telemetry = startTelemetry();
    await using server = await flakyServer(silence);
    await using client = open({ maxAttempts: 2, attemptTimeout: 20 });
    await expect(client.send({ url: server.url })).rejects.toThrow(AttemptTimeoutError);
    const attempts = childrenOf(telemetry.spans, rootOf(telemetry.spans));
    expect(attempts.map(({ attributes }) => attributes['error.type'])).toEqual(
      Array(2).fill('TENAX_ATTEMPT_TIMEOUT'),
    );
    expect(telemetry.unended).toEqual([]);
  });

  it('has a span for every hedge, and the one that lost is no error', async () => {
    await using telemetry = startTelemetry();
    await using server = await flakyServer(silence, ok);
    await using client = open({ hedge: { delay: 10, maxExtraLoad: 1 }, budget: false });
    expect(await client.send({ url: server.url })).toBe(200);
    const [first, hedge] = childrenOf(telemetry.spans, rootOf(telemetry.spans));
    expect(treeOf(telemetry.spans)).toEqual(['tenax GET', '  GET CLIENT', '  GET CLIENT']);
    expect(first?.attributes).toMatchObject({
      'tenax.attempt.hedged': false,
      'tenax.attempt.reason': 'hedge_lost',
    });
    expect(first?.attributes).not.toHaveProperty(['error.type']);
    expect(hedge?.attributes).toMatchObject({
      'http.request.resend_count': 1,
      'tenax.attempt.hedged': true,
      'tenax.retry.reason': 'hedged',
    });
    expect(server.requests.map(({ headers }) => sentSpanId(headers))).toEqual(
      [first, hedge].map((span) => span?.spanContext().spanId),
    );
  });

  it('that a circuit breaker refuses has no attempt', async () => {
    await using telemetry = startTelemetry();
    await using server = await flakyServer(ok);
    await using client = open({ circuitBreaker: {} });
    client.engine.guards.circuitBreaker(new URL(server.url).origin)?.open();
    await expect(client.send({ url: server.url })).rejects.toThrow(CircuitOpenError);
    expect(treeOf(telemetry.spans)).toEqual(['tenax GET !']);
    expect(telemetry.spans[0]?.attributes).toMatchObject({
      'error.type': 'TENAX_CIRCUIT_OPEN',
      'tenax.attempts': 0,
      'tenax.result': 'circuit_breaker_open',
    });
  });

  it.each([
    ['PROPFIND', 'HTTP', { 'http.request.method': '_OTHER', 'http.request.method_original': 'PROPFIND' }],
    ['PATCH', 'PATCH', { 'http.request.method': 'PATCH' }],
  ])('of the method %s is called %s', async (method, name, attributes) => {
    await using telemetry = startTelemetry();
    await using server = await flakyServer(ok);
    await using client = open();
    await client.send({ url: server.url, method });
    expect(treeOf(telemetry.spans)).toEqual([`tenax ${name}`, `  ${name} CLIENT`]);
    for (const span of telemetry.spans) expect(span.attributes).toMatchObject(attributes);
  });

  it('has its tree without a context manager too', async () => {
    await using telemetry = startTelemetry({ withContext: false });
    await using server = await flakyServer(unavailable, ok);
    await using client = open();
    await client.send({ url: server.url });
    expect(treeOf(telemetry.spans)).toEqual(['tenax GET', '  GET CLIENT !', '  GET CLIENT']);
    const attempts = childrenOf(telemetry.spans, rootOf(telemetry.spans));
    expect(server.requests.map(({ headers }) => sentSpanId(headers))).toEqual(
      attempts.map((span) => span.spanContext().spanId),
    );
  });

  it('has no spans of attempts and sends no context with attemptSpans: inner, where nobody else makes them', async () => {
    await using telemetry = startTelemetry({ attemptSpans: 'inner' });
    await using server = await flakyServer(unavailable, ok);
    await using client = open();
    await client.send({ url: server.url });
    expect(treeOf(telemetry.spans)).toEqual(['tenax GET']);
    expect(server.requests.map(({ headers }) => headers['traceparent'])).toEqual([undefined, undefined]);
  });
});
