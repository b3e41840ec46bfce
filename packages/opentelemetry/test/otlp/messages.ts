// The part of OTLP that the tests read, with the field numbers of opentelemetry-proto 1. What is not named is skipped.
import protobuf from 'protobufjs';
import type { INamespace, Type } from 'protobufjs';

type Fields = Readonly<Record<string, readonly [id: number, type: string, rule?: 'repeated']>>;

/** @param choice the fields of which one is set: even a zero is told then */
const message = (fields: Fields, ...choice: string[]): INamespace & { fields: object } => ({
  fields: Object.fromEntries(
    Object.entries(fields).map(([name, [id, type, rule]]) => [name, { id, type, ...(rule && { rule }) }]),
  ),
  ...(choice.length > 0 && { oneofs: { value: { oneof: choice } } }),
});

const root = protobuf.Root.fromJSON({
  nested: {
    ExportTraceServiceRequest: message({ resourceSpans: [1, 'ResourceSpans', 'repeated'] }),
    ResourceSpans: message({ scopeSpans: [2, 'ScopeSpans', 'repeated'] }),
    ScopeSpans: message({ scope: [1, 'InstrumentationScope'], spans: [2, 'Span', 'repeated'] }),
    Span: message({
      traceId: [1, 'bytes'],
      spanId: [2, 'bytes'],
      parentSpanId: [4, 'bytes'],
      name: [5, 'string'],
      kind: [6, 'int32'],
      startTimeUnixNano: [7, 'fixed64'],
      endTimeUnixNano: [8, 'fixed64'],
      attributes: [9, 'KeyValue', 'repeated'],
      status: [15, 'Status'],
    }),
    Status: message({ message: [2, 'string'], code: [3, 'int32'] }),
    InstrumentationScope: message({ name: [1, 'string'], version: [2, 'string'] }),
    KeyValue: message({ key: [1, 'string'], value: [2, 'AnyValue'] }),
    AnyValue: message(
      {
        stringValue: [1, 'string'],
        boolValue: [2, 'bool'],
        intValue: [3, 'int64'],
        doubleValue: [4, 'double'],
      },
      'stringValue',
      'boolValue',
      'intValue',
      'doubleValue',
    ),
    ExportMetricsServiceRequest: message({ resourceMetrics: [1, 'ResourceMetrics', 'repeated'] }),
    ResourceMetrics: message({ scopeMetrics: [2, 'ScopeMetrics', 'repeated'] }),
    ScopeMetrics: message({ scope: [1, 'InstrumentationScope'], metrics: [2, 'Metric', 'repeated'] }),
    Metric: message({
      name: [1, 'string'],
      unit: [3, 'string'],
      gauge: [5, 'Gauge'],
      sum: [7, 'Sum'],
      histogram: [9, 'Histogram'],
    }),
    Gauge: message({ dataPoints: [1, 'NumberDataPoint', 'repeated'] }),
    Sum: message({ dataPoints: [1, 'NumberDataPoint', 'repeated'], isMonotonic: [3, 'bool'] }),
    NumberDataPoint: message({
      asDouble: [4, 'double'],
      asInt: [6, 'sfixed64'],
      attributes: [7, 'KeyValue', 'repeated'],
    }),
    Histogram: message({ dataPoints: [1, 'HistogramDataPoint', 'repeated'] }),
    HistogramDataPoint: message({
      count: [4, 'fixed64'],
      sum: [5, 'double'],
      explicitBounds: [7, 'double', 'repeated'],
      attributes: [9, 'KeyValue', 'repeated'],
    }),
  },
});

/** A decoded message: bytes as hex, 64-bit numbers as numbers. */
export function decode(
  name: 'ExportTraceServiceRequest' | 'ExportMetricsServiceRequest',
  bytes: Buffer,
): object {
  const type: Type = root.lookupType(name);
  const plain: unknown = type.toObject(type.decode(bytes), { longs: Number });
  return JSON.parse(JSON.stringify(plain, hexBytes)) as object;
}

function hexBytes(this: Record<string, unknown>, key: string, value: unknown): unknown {
  // A Buffer has become something else by the time that it is given.
  const original = this[key];
  return original instanceof Uint8Array ? Buffer.from(original).toString('hex') : value;
}
