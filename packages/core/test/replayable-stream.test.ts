import { setImmediate as turn } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';

import { describe, expect, it } from 'vitest';

import { ReplayableStream } from '../src/replayable-stream.ts';
import { deferred } from './virtual-engine.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('a replayable stream', () => {
  it('is sent whole after an early answer, whatever the one before it had asked for', async () => {
    const last = deferred<Uint8Array>();
    const chunks = [encode('a'), encode('b'), last.promise];
    const next = async () => (chunks.length > 0 ? { value: await chunks.shift() } : { done: true });
    const stream = new ReplayableStream({ next, cancel: () => undefined }, 1000);
    const first = stream.open().getReader();
    for (let count = 0; count < 2; count += 1) await first.read();
    await turn();
    void first.read().catch(() => undefined);
    await turn();
    stream.giveUp();
    const second = stream.open();
    stream.release();
    last.resolve(encode('c'));
    await turn();
    expect(await new Response(second).text()).toBe('abc');
  });

  it('keeps bytes of another realm, such as those of a DOM in a test', async () => {
    const chunks: unknown[] = [runInNewContext('new Uint8Array([97, 98])'), 'no bytes'];
    const next = async () => (chunks.length > 0 ? { value: chunks.shift() } : { done: true });
    const stream = new ReplayableStream({ next, cancel: () => undefined }, 1000);
    await stream.open().getReader().read();
    expect(stream.replayable).toBe(true);
    const again = stream.open().getReader();
    expect((await again.read()).value).toEqual(encode('ab'));
    await again.read();
    expect(stream.replayable).toBe(false);
  });
});
