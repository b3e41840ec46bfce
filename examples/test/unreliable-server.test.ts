import { describe, expect, it } from 'vitest';

import { startUnreliableServer } from '../unreliable-server/server.ts';

/** What each request came to: a status, or that the connection broke. A stall is ended by the caller. */
async function endings(seed: number, failureRate: number, order: 'forward' | 'backward'): Promise<string[]> {
  await using server = await startUnreliableServer({ seed, failureRate });
  const names = Array.from({ length: 40 }, (_, index) => `/item/${index}`);
  const results = new Map<string, string>();
  for (const name of order === 'forward' ? names : names.toReversed()) {
    results.set(name, await ending(`${server.url}${name}`));
  }
  return names.map((name) => results.get(name) ?? '');
}

async function ending(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(300) });
    await response.text();
    return String(response.status);
  } catch (error) {
    return error instanceof DOMException ? 'stall' : 'broken';
  }
}

describe('the unreliable server', () => {
  it('fails the same way for the same seed, in whatever order requests come', async () => {
    const forward = await endings(7, 0.6, 'forward');
    expect(await endings(7, 0.6, 'backward')).toEqual(forward);
    expect(await endings(8, 0.6, 'forward')).not.toEqual(forward);
  });

  it('fails in every way that retries have to do with', async () => {
    const seen = new Set(await endings(7, 1, 'forward'));
    expect([...seen].toSorted()).toEqual(['401', '429', '503', 'broken', 'stall']);
  });

  it('does not fail at a rate of 0', async () => {
    expect(new Set(await endings(7, 0, 'forward'))).toEqual(new Set(['200']));
  });

  it('continues a body for a range of the same version', async () => {
    await using server = await startUnreliableServer({ failureRate: 0 });
    const whole = await (await fetch(`${server.url}/a`)).text();
    const rest = await fetch(`${server.url}/a`, { headers: { range: 'bytes=10-', 'if-range': '"v1"' } });
    expect([rest.status, await rest.text()]).toEqual([206, whole.slice(10)]);
  });
});
