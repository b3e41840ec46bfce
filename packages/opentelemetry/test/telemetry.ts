// The real SDK with exporters in memory, for one test.
import {
  context,
  diag,
  DiagLogLevel,
  metrics,
  propagation,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { Attributes } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import type { Histogram } from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { ReadableSpan, Span } from '@opentelemetry/sdk-trace';
import { expect } from 'vitest';

import { TenaxInstrumentation } from '../src/index.ts';
import type { TenaxInstrumentationConfig } from '../src/index.ts';

/** A point of a metric: a number, or the count of a histogram. */
export type Point = readonly [attributes: Attributes, value: number];

export interface Telemetry extends AsyncDisposable {
  readonly instrumentation: TenaxInstrumentation;
  readonly tracerProvider: TracerProvider;
  readonly meterProvider: MeterProvider;
  /** The spans that have ended, in that order. */
  readonly spans: readonly ReadableSpan[];
  /** The names of spans that have begun and not ended. */
  readonly unended: readonly string[];
  /** Fulfilled when all spans that have begun have ended: those of other instrumentations may take longer. */
  allEnded(): Promise<void>;
  /** The points of a metric, as they are now. */
  points(name: string): Promise<readonly Point[]>;
  /** Everything that metrics say, as text. */
  metricsText(): Promise<string>;
}

/** Options of the SDK. */
export interface TelemetrySetup extends TenaxInstrumentationConfig {
  /** Whether there is a context manager. @default true */
  readonly withContext?: boolean;
}

/** Registers everything globally; disposing of it takes everything back, and expects that the SDK had no complaints. */
export function startTelemetry({ withContext = true, ...config }: TelemetrySetup = {}): Telemetry {
  const complaints: string[] = [];
  const complain = (message: string): void => void complaints.push(message);
  const quiet = (): void => undefined;
  diag.setLogger(
    { error: complain, warn: complain, info: quiet, debug: quiet, verbose: quiet },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  const spanExporter = new InMemorySpanExporter();
  const begun = new Set<Span>();
  const unended = (): Span[] => [...begun].filter(({ ended }) => !ended);
  let waiting: (() => void)[] = [];
  const tracerProvider = new TracerProvider({
    spanProcessors: [
      new SimpleSpanProcessor({ exporter: spanExporter }),
      {
        onStart: (span) => void begun.add(span),
        onEnd: () => {
          if (unended().length === 0) for (const resolve of waiting.splice(0)) resolve();
        },
        forceFlush: () => Promise.resolve(),
        shutdown: () => Promise.resolve(),
      },
    ],
  });
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({
    exporter: metricExporter,
    exportIntervalMillis: 3_600_000,
  });
  const meterProvider = new MeterProvider({ readers: [reader] });
  trace.setGlobalTracerProvider(tracerProvider);
  metrics.setGlobalMeterProvider(meterProvider);
  propagation.setGlobalPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  );
  if (withContext) context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const instrumentation = new TenaxInstrumentation(config);
  instrumentation.enable();

  const collect = async () => {
    await reader.forceFlush();
    return (
      metricExporter
        .getMetrics()
        .at(-1)
        ?.scopeMetrics.flatMap(({ metrics: all }) => all) ?? []
    );
  };
  return {
    instrumentation,
    tracerProvider,
    meterProvider,
    get spans() {
      return spanExporter.getFinishedSpans();
    },
    get unended() {
      return unended().map(({ name }) => name);
    },
    allEnded: () =>
      new Promise((resolve) => {
        if (unended().length === 0) resolve();
        else waiting = [...waiting, resolve];
      }),
    async points(name) {
      const found = (await collect()).find(({ descriptor }) => descriptor.name === name);
      return (found?.dataPoints ?? []).map(({ attributes, value }) => [
        attributes,
        typeof value === 'number' ? value : (value as Histogram).count,
      ]);
    },
    async metricsText() {
      return JSON.stringify(await collect());
    },
    async [Symbol.asyncDispose]() {
      instrumentation.disable();
      for (const api of [trace, metrics, propagation, context, diag]) api.disable();
      await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()]);
      expect(complaints).toEqual([]);
    },
  };
}

/** The spans as a tree, one a line: its name, its kind where that is not INTERNAL, and `!` where its status is ERROR. */
export function treeOf(spans: readonly ReadableSpan[]): string[] {
  const known = new Set(spans.map((span) => span.spanContext().spanId));
  const linesOf = (span: ReadableSpan, depth: number): string[] => {
    const kind = span.kind === SpanKind.INTERNAL ? '' : ` ${SpanKind[span.kind]}`;
    const failed = span.status.code === SpanStatusCode.ERROR ? ' !' : '';
    return [
      `${'  '.repeat(depth)}${span.name}${kind}${failed}`,
      ...childrenOf(spans, span).flatMap((child) => linesOf(child, depth + 1)),
    ];
  };
  return inOrder(
    spans.filter(({ parentSpanContext }) => !known.has(parentSpanContext?.spanId ?? '')),
  ).flatMap((root) => linesOf(root, 0));
}

/** The spans right within another one, as they began. */
export function childrenOf(spans: readonly ReadableSpan[], parent: ReadableSpan): ReadableSpan[] {
  const { spanId } = parent.spanContext();
  return inOrder(spans.filter(({ parentSpanContext }) => parentSpanContext?.spanId === spanId));
}

/** Those that began in the same ms have a number. */
function inOrder(spans: readonly ReadableSpan[]): ReadableSpan[] {
  const numberOf = ({ attributes }: ReadableSpan): number => Number(attributes['tenax.attempt.number'] ?? 0);
  const startOf = ({ startTime: [seconds, nanoseconds] }: ReadableSpan): number =>
    seconds * 1e3 + nanoseconds / 1e6;
  return spans.toSorted((one, other) => numberOf(one) - numberOf(other) || startOf(one) - startOf(other));
}

/** Everything that spans say, as text. */
export function textOf(spans: readonly ReadableSpan[]): string {
  return JSON.stringify(
    spans.map(({ attributes, events, links, name, status }) => ({ attributes, events, links, name, status })),
  );
}

/** The one span without a parent. */
export function rootOf(spans: readonly ReadableSpan[]): ReadableSpan {
  const [root, ...others] = spans.filter(({ parentSpanContext }) => parentSpanContext === undefined);
  if (root === undefined || others.length > 0) throw new Error(`${others.length + 1} roots`);
  return root;
}

/** The id of the span that a request told its server of. */
export function sentSpanId(headers: Readonly<Record<string, unknown>>): string | undefined {
  const { traceparent } = headers;
  return typeof traceparent === 'string' ? traceparent.split('-')[2] : undefined;
}
