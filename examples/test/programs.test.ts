// The programs beside the demo, as a reader runs them.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { describe, expect, it } from 'vitest';

const execute = promisify(execFile);

async function run(program: string): Promise<string> {
  const path = fileURLToPath(new URL(`../${program}`, import.meta.url));
  const { stderr, stdout } = await execute(process.execPath, [path]);
  expect(stderr).toBe('');
  return stdout;
}

describe('the programs', () => {
  it.each(['fetch-basic.ts', 'axios-basic.ts', 'undici-basic.ts'])(
    '%s ends by itself, with a response and what it took',
    async (program) => {
      expect(await run(program)).toMatch(/200 \d+ characters\n.*success after \d+ attempts?/u);
    },
  );

  it('function-retry.ts ends by itself', async () => {
    const printed = await run('function-retry.ts');
    for (const line of ['hello, once', 'hello, wrapped', 'Gave up after 2 attempts'])
      expect(printed).toContain(line);
  });

  it('guards.ts shows what each guard does', async () => {
    const printed = await run('guards.ts');
    expect(printed).toContain('without one: 150 attempts');
    expect(printed).toContain('a fifth may be retried: 60 attempts');
    expect(printed).toContain('10 requests, 5 of them sent');
    expect(printed.match(/\S+ → \S+/gu)).toEqual(['closed → open', 'open → half-open', 'half-open → closed']);
    const hedges = [...printed.matchAll(/(\d+) hedges: the slowest took (\d+) ms/gu)].map(
      ([, sent, slowest]) => [Number(sent), Number(slowest)] as const,
    );
    expect(hedges).toHaveLength(2);
    expect(hedges[0]?.[0]).toBe(0);
    expect(hedges[0]?.[1]).toBeGreaterThanOrEqual(490);
    expect(hedges[1]?.[0]).toBeGreaterThan(0);
  });

  it('opentelemetry-prometheus.ts prints what a scrape has', async () => {
    const printed = await run('opentelemetry-prometheus.ts');
    expect(printed).toMatch(/^tenax_operations_total\{[^}]*tenax_result="success"[^}]*\} \d+$/mu);
    expect(printed).toMatch(/^tenax_circuit_state\{[^}]*tenax_circuit_state="closed"[^}]*\} 1$/mu);
    expect(printed).not.toMatch(/_bucket|^(?!# |tenax_)./mu);
  });
});
