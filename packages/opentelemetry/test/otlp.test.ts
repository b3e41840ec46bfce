// Over OTLP/HTTP, in protobuf. No registry that can be reached here has a collector to run, so a server decodes it.
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { createRetryingFetch } from '@tenax/fetch-adapter';
import { expect, it } from 'vitest';

import { flakyServer, ok, unavailable } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { observeGuards, TenaxInstrumentation } from '../src/index.ts';
import { attributesOf, startCollector } from './otlp/collector.ts';

it('spans and metrics arrive at a collector', async () => {
  await using collector = await startCollector();
  await using server = await flakyServer(unavailable, ok);
  const tracerProvider = new TracerProvider({
    spanProcessors: [
      new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: `${collector.url}/v1/traces` }) }),
    ],
  });
  const meterProvider = new MeterProvider({
    readers: [
      new PeriodicExportingMetricReader({
        exporter: new OTLPMetricExporter({ url: `${collector.url}/v1/metrics` }),
      }),
    ],
  });
  const instrumentation = new TenaxInstrumentation();
  instrumentation.setTracerProvider(tracerProvider);
  instrumentation.setMeterProvider(meterProvider);
  instrumentation.enable();
  const fetch = createRetryingFetch({ baseDelay: 0, circuitBreaker: {} });
  observeGuards(fetch.engine, { meterProvider });
  await fetch(server.url);
  instrumentation.disable();
  await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()]);

  const { contentTypes, metrics, spans } = collector;
  expect([...contentTypes]).toEqual(['application/x-protobuf']);
  const root = spans.find(({ name }) => name === 'tenax GET')!;
  const attempts = spans.filter(({ parentSpanId }) => parentSpanId === root.spanId);
  // INTERNAL is 1 and CLIENT is 3, as in the protocol's SpanKind.
  expect([root.kind, ...attempts.map(({ kind }) => kind)]).toEqual([1, 3, 3]);
  expect(attempts.map((span) => attributesOf(span))).toMatchObject([
    { 'http.response.status_code': 503, 'tenax.attempt.number': 1, 'tenax.attempt.hedged': false },
    { 'http.response.status_code': 200, 'http.request.resend_count': 1 },
  ]);
  for (const { endTimeUnixNano, startTimeUnixNano } of spans) {
    expect(endTimeUnixNano).toBeGreaterThanOrEqual(startTimeUnixNano);
  }
  const pointsOf = (name: string) => {
    const metric = metrics.find((one) => one.name === name);
    return (metric?.sum ?? metric?.histogram ?? metric?.gauge)?.dataPoints.map((point) =>
      attributesOf(point),
    );
  };
  const { origin: key } = new URL(server.url);
  expect(pointsOf('tenax.operations')).toEqual([
    { 'tenax.key': key, 'tenax.result': 'success', 'tenax.reason': 'success' },
  ]);
  expect(pointsOf('tenax.retry.delay')).toEqual([
    { 'tenax.key': key, 'tenax.retry.reason': 'transient_status' },
  ]);
  expect(pointsOf('tenax.circuit.state')).toHaveLength(3);
  expect(pointsOf('tenax.budget.available')).toHaveLength(1);
});
