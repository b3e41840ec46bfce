// A server that takes OTLP over HTTP as a collector does, and decodes what comes.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { decode } from './messages.ts';

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, string | number | boolean>>;
}

interface Scope {
  readonly scope: { readonly name: string };
}

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: readonly KeyValue[];
  readonly startTimeUnixNano: number;
  readonly endTimeUnixNano: number;
}

interface Points {
  readonly dataPoints: readonly { readonly attributes: readonly KeyValue[] }[];
}

export interface CollectedMetric {
  readonly name: string;
  readonly unit: string;
  readonly gauge?: Points;
  readonly sum?: Points & { readonly isMonotonic: boolean };
  readonly histogram?: Points;
}

export interface Collector extends AsyncDisposable {
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
  readonly metrics: readonly CollectedMetric[];
  /** The headers of what came. */
  readonly contentTypes: ReadonlySet<string | undefined>;
}

export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const metrics: CollectedMetric[] = [];
  const contentTypes = new Set<string | undefined>();
  const take = (path: string | undefined, body: Buffer): void => {
    if (path === '/v1/traces') {
      const { resourceSpans } = decode('ExportTraceServiceRequest', body) as {
        resourceSpans: { scopeSpans: (Scope & { spans: CollectedSpan[] })[] }[];
      };
      spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
    } else {
      const { resourceMetrics } = decode('ExportMetricsServiceRequest', body) as {
        resourceMetrics: { scopeMetrics: (Scope & { metrics: CollectedMetric[] })[] }[];
      };
      metrics.push(
        ...resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics)),
      );
    }
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    contentTypes.add(request.headers['content-type']);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      take(request.url, Buffer.concat(chunks));
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    metrics,
    contentTypes,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      });
    },
  };
}

/** Attributes as an object. */
export const attributesOf = ({
  attributes,
}: {
  readonly attributes: readonly KeyValue[];
}): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
