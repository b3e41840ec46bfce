import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { beforeAll, describe, expect, it } from 'vitest';

import type { RunLoad } from '../demo/load.ts';
import type { RunDocument } from '../demo/run-document.ts';
import { runDemo } from './run-demo.ts';

const REQUESTS = 16;
const CLIENTS = ['fetch', 'axios', 'undici', 'global-fetch'];

const documents = new Map<string, RunDocument>();

async function runJson(args: readonly string[]): Promise<RunDocument> {
  return JSON.parse((await runDemo(['--json', ...args])).stdout) as RunDocument;
}

function documentOf(client: string): RunDocument {
  const document = documents.get(client);
  if (!document) throw new Error(`no run of ${client}`);
  return document;
}

function total(load: RunLoad, of: 'requests' | 'answered' | 'succeeded'): number {
  return load.slices.reduce((sum, slice) => sum + slice[of], 0);
}

beforeAll(async () => {
  for (const client of CLIENTS)
    documents.set(client, await runJson(['--client', client, '--requests', String(REQUESTS)]));
}, 120_000);

describe('the document of a run', () => {
  it('says when each operation began and ended, within the run', () => {
    const { endTime, operations, startTime } = documentOf('fetch');
    for (const operation of operations) {
      expect(operation.startTime).toBeGreaterThanOrEqual(startTime);
      expect(operation.endTime).toBeGreaterThanOrEqual(operation.startTime);
      expect(operation.endTime).toBeLessThanOrEqual(endTime);
    }
  });

  it.each(CLIENTS)('compares %s with the same operations without retries', (client) => {
    const { load, summary } = documentOf(client);
    const { withoutRetries, withRetries } = load;
    expect(load.measuredAt).toBe('server');
    // Every operation is sent once, and succeeds when its first attempt did.
    expect(withoutRetries).toMatchObject({ operations: REQUESTS, requests: REQUESTS });
    expect(withoutRetries?.succeeded).toBe(Math.round(summary.successRateWithoutRetries * REQUESTS));
    expect(withRetries.requests).toBeGreaterThan(REQUESTS);
    expect(withRetries.succeeded).toBe(summary.succeeded);
  });

  it.each(CLIENTS)('counts every request of %s in one slice of time', (client) => {
    const { load } = documentOf(client);
    for (const run of [load.withRetries, load.withoutRetries]) {
      expect(run && total(run, 'requests')).toBe(run?.requests);
      expect(run && total(run, 'succeeded')).toBe(run?.succeeded);
      expect(run?.slices.map(({ start }) => start / load.sliceLength)).toEqual([
        ...(run?.slices.keys() ?? []),
      ]);
    }
  });

  it('counts attempts by their number', () => {
    const { attemptNumbers, operations, summary } = documentOf('fetch');
    const attempts = attemptNumbers.reduce((sum, number) => sum + number.attempts, 0);
    expect(attemptNumbers[0]).toMatchObject({ attemptNumber: 1, attempts: REQUESTS });
    expect(attempts).toBe(
      operations.reduce((sum, { statistics }) => sum + (statistics?.attempts.length ?? 0), 0),
    );
    expect(attemptNumbers.at(-1)?.succeededSoFar).toBe(summary.succeeded);
  });

  it('draws the waits of each strategy for several seeds', () => {
    const { strategies } = documentOf('fetch');
    expect(strategies).toHaveLength(5);
    for (const { draws, plain } of strategies) {
      expect(new Set(draws.map(({ seed }) => seed)).size).toBe(20);
      expect(new Set(draws.map(({ waits }) => String(waits))).size).toBeGreaterThan(1);
      for (const { waits } of draws) expect(waits).toHaveLength(plain.length);
    }
    // Jitter only ever shortens a wait, but decorrelated waits have nothing to be shorter than.
    const bounded = strategies.filter(({ strategy }) => strategy !== 'decorrelated');
    const excess = bounded.flatMap(({ draws, plain }) =>
      draws.flatMap(({ waits }) => waits.map((wait, index) => wait - (plain[index] ?? 0))),
    );
    expect(Math.max(...excess)).toBeLessThanOrEqual(0);
  });

  it('requests a URL no more often than without --json, and keeps its secrets', async () => {
    let requests = 0;
    const server = createServer((_, response) => {
      requests += 1;
      response.writeHead(503).end();
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/path?token=secret`;
    const args = [url, '--json', '--attempts', '2', '--base-delay', '1', '--header', 'authorization: secret'];
    const { stdout } = await runDemo(args);
    server.closeAllConnections();
    server.close();
    const { load, settings } = JSON.parse(stdout) as RunDocument;
    expect(requests).toBe(2);
    expect(load).toMatchObject({ measuredAt: 'client', withRetries: { requests: 2, succeeded: 0 } });
    expect(load.withoutRetries).toBeUndefined();
    expect(settings.url).toMatch(/\/path$/u);
    expect(stdout).not.toContain('secret');
  });
});
