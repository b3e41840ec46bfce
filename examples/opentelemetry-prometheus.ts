// Metrics for Prometheus: requests to a server that fails, then a scrape of what was counted. Run it with
// `node examples/opentelemetry-prometheus.ts`; `--buckets` prints the buckets of histograms too.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { metrics } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { createRetryingFetch } from '@tenax/fetch-adapter';
import { observeGuards, TenaxInstrumentation } from '@tenax/opentelemetry';

import { startUnreliableServer } from './unreliable-server/server.ts';

// Without preventServerStart the exporter serves http://localhost:9464/metrics by itself.
const exporter = new PrometheusExporter({ preventServerStart: true });
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [exporter] }));
new TenaxInstrumentation().enable();

const fetch = createRetryingFetch({
  maxAttempts: 4,
  attemptTimeout: 300,
  baseDelay: 20,
  retryAfter: { max: 100 },
  circuitBreaker: { failureRate: 0.9 },
  bulkhead: { maxConcurrent: 20, maxQueue: 100 },
  hedge: { delay: 100 },
});
observeGuards(fetch.engine);

await using upstream = await startUnreliableServer({ seed: 7, failureRate: 0.5 });
await Promise.all(
  Array.from({ length: 100 }, async (_, request) => {
    try {
      const response = await fetch(`${upstream.url}/${request}`);
      await response.text();
    } catch {
      // A request that failed for good is counted too.
    }
  }),
);

const scraped = createServer((request, response) => {
  exporter.getMetricsRequestHandler(request, response);
});
await new Promise<void>((resolve) => {
  scraped.listen(0, '127.0.0.1', resolve);
});
const { port } = scraped.address() as AddressInfo;
const scrape = await (await globalThis.fetch(`http://127.0.0.1:${port}/metrics`)).text();
const withBuckets = process.argv.includes('--buckets');
for (const line of scrape.split('\n')) {
  if (!/^(?:# (?:HELP|TYPE) )?tenax_/u.test(line)) continue;
  if (withBuckets || !/^\w+_bucket\{/u.test(line)) console.log(line);
}

scraped.closeAllConnections();
scraped.close();
