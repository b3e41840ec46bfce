// The dashboard beside a real scrape: a panel without data looks like a service without failures.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { parser } from '@prometheus-io/lezer-promql';
import { beforeAll, describe, expect, it } from 'vitest';

const here = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const dashboard = JSON.parse(readFileSync(here('grafana-dashboard.json'), 'utf8')) as {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly query: unknown }[] };
};
const QUERIES = dashboard.panels.flatMap(({ targets, title }) =>
  targets.map(({ expr, legendFormat }) => [title, expr, legendFormat] as const),
);

/** The values of each label, of each metric. */
type Scrape = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;

let scrape: Scrape;
beforeAll(async () => {
  const program = here('opentelemetry-prometheus.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [program, '--buckets']);
  scrape = readScrape(stdout);
});

function readScrape(text: string): Scrape {
  const metrics = new Map<string, Map<string, Set<string>>>();
  for (const line of text.split('\n')) {
    const [, metric, labels = ''] = /^(\w+)\{(.*)\} \S+$/u.exec(line) ?? [];
    if (metric === undefined) continue;
    const known = metrics.get(metric) ?? new Map<string, Set<string>>();
    metrics.set(metric, known);
    for (const [, label = '', value = ''] of labels.matchAll(/(\w+)="([^"]*)"/gu)) {
      known.set(label, (known.get(label) ?? new Set()).add(value));
    }
  }
  return metrics;
}

/** What a query asks for. */
interface Asked {
  readonly metrics: readonly string[];
  readonly matchers: readonly (readonly [metric: string, label: string, operator: string, value: string])[];
  readonly grouping: readonly string[];
  readonly faults: number;
}

/** Reads a query with Prometheus' own grammar, with Grafana's variables filled in. */
function read(query: string): Asked {
  const text = query.replaceAll('$__rate_interval', '5m').replaceAll('$key', '.*');
  const asked = {
    metrics: [] as string[],
    matchers: [] as [string, string, string, string][],
    grouping: [] as string[],
    faults: 0,
  };
  parser.parse(text).iterate({
    enter({ from, node, to }) {
      const words = text.slice(from, to);
      if (node.type.isError) asked.faults += 1;
      else if (node.name === 'VectorSelector') asked.metrics.push(/^\w+/u.exec(words)?.[0] ?? '');
      else if (node.name === 'GroupingLabels') asked.grouping.push(...(words.match(/\w+/gu) ?? []));
      else if (node.name.endsWith('Matcher')) {
        const [, label = '', operator = '', value = ''] = /^(\w+)([=!~]+)"(.*)"$/u.exec(words) ?? [];
        if (label) asked.matchers.push([asked.metrics.at(-1) ?? '', label, operator, value]);
      }
    },
  });
  return asked;
}

describe('the dashboard', () => {
  it.each(QUERIES)('asks in "%s" for what a scrape has: %s', (_, expr, legendFormat) => {
    const { faults, grouping, matchers, metrics } = read(expr);
    expect(faults).toBe(0);
    expect(metrics).not.toEqual([]);
    for (const metric of metrics) expect([...scrape.keys()]).toContain(metric);
    for (const [metric, label, operator, value] of matchers) {
      const values = [...(scrape.get(metric)?.get(label) ?? [])];
      expect(values, `${metric}{${label}}`).not.toEqual([]);
      // An empty value asks for series without the label; a pattern may ask for what has not happened.
      expect([...values, '']).toContain(operator === '=' ? value : '');
    }
    const labels = new Set(metrics.flatMap((metric) => [...(scrape.get(metric)?.keys() ?? [])]));
    for (const label of grouping) expect([...labels]).toContain(label);
    for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/gu)) expect(grouping).toContain(label);
  });

  it('filters every query by the destination that is chosen', () => {
    for (const [title, expr] of QUERIES) {
      const { matchers, metrics } = read(expr);
      const filtered = matchers.filter(([, label]) => label === 'tenax_key');
      expect([title, filtered.length]).toEqual([title, metrics.length]);
    }
  });

  it('has panels with ids of their own', () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('lists the destinations of a metric that there is', () => {
    expect(JSON.stringify(dashboard.templating)).toContain('label_values(tenax_operations_total, tenax_key)');
    expect(scrape.get('tenax_operations_total')?.has('tenax_key')).toBe(true);
  });
});
