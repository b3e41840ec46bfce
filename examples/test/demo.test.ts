import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import { describe, expect, it } from 'vitest';

import { DEMO, runDemo as run } from './run-demo.ts';
import type { Ending } from './run-demo.ts';

const CLIENTS = ['fetch', 'axios', 'undici', 'global-fetch'];

interface Document {
  readonly client: string;
  readonly summary: { readonly operations: number; readonly successRate: number };
  readonly operations: {
    readonly ending: string;
    readonly bytes: number;
    readonly statistics: { readonly attempts: { reason: string }[] };
  }[];
  readonly strategies: { readonly strategy: string }[];
  readonly statistics: { readonly totalOperations: number };
}

async function withServer<T>(status: number, use: (url: string) => Promise<T>): Promise<T> {
  const server = createServer((_, response) => response.writeHead(status).end('body'));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** The names of all properties, in whatever depth; one element stands for its list. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shape);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shape(inner)]));
}

describe('the demo', () => {
  it('shows timelines, strategies and statistics in 80 columns, and ends by itself', async () => {
    const { code, stdout } = await run(['--requests', '12']);
    expect(code).toBe(0);
    expect(stdout).toContain('op-1 ');
    for (const word of ['fibonacci', 'decorrelated', 'success without retries', 'p99'])
      expect(stdout).toContain(word);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it.each(CLIENTS)('shows the timeline of %s, named in the title', async (client) => {
    const { code, stdout } = await run(['--client', client, '--requests', '2', '--seed', '4']);
    expect(code).toBe(0);
    expect(stdout).toContain(`2 operations with ${client} against`);
    expect(stdout).toMatch(/^op-2 +#1 +\+0 ms +\d+ ms +429 +wait \d+ ms \(asked 80 ms\)$/mu);
    expect(stdout).toMatch(/^op-2 +#2 .* 200 +done$/mu);
  });

  it('prints the same JSON for every client', async () => {
    const endings = await Promise.all(
      CLIENTS.map((client) => run(['--json', '--requests', '2', '--failure-rate', '0', '--client', client])),
    );
    const [first, ...others] = endings.map(({ stdout }) => JSON.parse(stdout) as Document);
    for (const other of others) expect(shape(other)).toEqual(shape(first));
    expect([first, ...others].map((document) => document?.client)).toEqual(CLIENTS);
    for (const { operations } of others)
      expect(operations[0]).toMatchObject({ ending: '200', bytes: first?.operations[0]?.bytes });
  });

  it.each(CLIENTS)('ends with the status that %s got last, and the size of its body', async (client) => {
    const args = ['--json', '--client', client, '--attempts', '2', '--base-delay', '1'];
    const { code, stdout } = await withServer(503, (url) => run([url, ...args]));
    expect(code).toBe(1);
    const { operations } = JSON.parse(stdout) as Document;
    expect(operations).toMatchObject([{ ending: '503', bytes: 4, statistics: { attempts: [{}, {}] } }]);
  });

  it('counts a body that breaks off as a failed attempt of axios', async () => {
    const args = ['--client', 'axios', '--requests', '1', '--seed', '70'];
    expect((await run(args)).stdout).toMatch(/200, broken off +wait/u);
  });

  it('prints no colours where no terminal shows them', async () => {
    const escape = String.fromCodePoint(27);
    const args = ['--requests', '2', '--seed', '4'];
    expect((await run(args)).stdout).not.toContain(escape);
    expect((await run(args, { NO_COLOR: '1' })).stdout).not.toContain(escape);
  });

  it('prints one JSON document for machines, with the same decisions for the same seed', async () => {
    const args = ['--json', '--requests', '12', '--seed', '11'];
    const [first, second] = (await Promise.all([run(args), run(args)])).map(
      ({ stdout }) => JSON.parse(stdout) as Document,
    );
    const decisions = (document: Document | undefined): unknown =>
      document?.operations.map(({ ending, statistics }) => [
        ending,
        statistics.attempts.map(({ reason }) => reason),
      ]);
    expect(first?.summary.operations).toBe(12);
    expect(first?.strategies).toHaveLength(5);
    expect(first?.statistics.totalOperations).toBe(12);
    expect(decisions(second)).toEqual(decisions(first));
  });

  it('continues broken bodies with --resume', async () => {
    const [plain, resumed] = await Promise.all([run(['--json']), run(['--json', '--resume'])]);
    const rate = ({ stdout }: Ending): number => (JSON.parse(stdout) as Document).summary.successRate;
    expect(rate(resumed)).toBeGreaterThan(rate(plain));
  }, 60_000);

  it('requests a URL, and fails when it failed in the end', async () => {
    const args = ['--attempts', '2', '--base-delay', '1', '--max-delay', '1'];
    expect((await withServer(200, (url) => run([url, ...args]))).code).toBe(0);
    const failed = await withServer(503, (url) => run([url, ...args]));
    expect(failed.code).toBe(1);
    expect(failed.stdout).toContain('attempts_exhausted');
  });

  it.each([
    [['--attempts', 'x'], '--attempts'],
    [['--attempts', '0'], 'a whole number of at least 1'],
    [['--requests', '2.5'], 'a whole number of at least 0'],
    [['--concurrency', '0'], 'a whole number of at least 1'],
    [['--concurrency', '1.5'], 'a whole number of at least 1'],
    [['--timeout', '0'], 'timeout: given 0'],
    [['--strategy', 'quadratic'], 'fibonacci'],
    [['--failure-rate', '2'], 'from 0 to 1'],
    [['--header', 'nothing'], 'name:value'],
    [['--client', 'nope'], 'fetch, axios, undici, global-fetch'],
    [
      ['--client', 'axios', '--resume'],
      "'--resume' is invalid with '--client axios'. Accepted: --client fetch",
    ],
    [['ftp://example.com'], 'http or https'],
    [['--unknown'], '--unknown'],
  ])('refuses %j with exit code 2 and a reason', async (args, reason) => {
    const { code, stderr } = await run(args);
    expect(code).toBe(2);
    expect(stderr).toContain(reason);
  });

  it.each([
    ['--client', 'fetch', '--header', 'x: €'],
    ['--client', 'axios', '--header', 'x: €'],
    ['--client', 'fetch', '--method', 'CONNECT'],
    ['--client', 'global-fetch', '--method', 'CONNECT'],
  ])('says why a request with %s %s %s %s could not be sent', async (...args) => {
    const { stdout } = await run(['--requests', '1', ...args]);
    expect(stdout).toMatch(
      /^(?:op-|#)1 +(?:Cannot convert|.*CONNECT.* HTTP method|.*HTTP method.*CONNECT)/mu,
    );
  });

  it.each(['fetch', 'global-fetch'])('says why %s refuses a URL', async (client) => {
    const { stdout } = await run(['--client', client, 'http://127.0.0.1:25/']);
    expect(stdout).toMatch(/^op-1 +fetch failed: bad port$|^#1 +bad port$/mu);
  });

  it('gives an attempt the time of the operation where that is less than its own', async () => {
    const { code, stdout } = await run(['--json', '--requests', '1', '--timeout', '300']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ settings: { attemptTimeout: 300, timeout: 300 } });
  });

  it('ends without a word when nobody reads on', async () => {
    const child = spawn(process.execPath, [DEMO, '--requests', '3'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    const [stderr] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect(stderr).toBe('');
    expect(child.exitCode).toBe(0);
  });

  it('names every option in --help', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    for (const option of [
      'client',
      'attempts',
      'strategy',
      'base-delay',
      'max-delay',
      'jitter',
      'attempt-timeout',
      'timeout',
      'method',
      'header',
      'requests',
      'concurrency',
      'seed',
      'failure-rate',
      'resume',
      'json',
      'report',
    ]) {
      expect(stdout).toContain(`--${option}`);
    }
  });
});
