// Streams that are still being sent when their request is answered, and streams that fail before they are read.
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';

import FormDataPackage from 'form-data';
import { describe, expect, it, onTestFinished } from 'vitest';

import { flakyServer, ok } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { attached, failureOf } from './servers/attached.ts';

const CHUNKS = 20;
const CHUNK = Buffer.alloc(1000, 'x');
const TURNS = 50;

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** Refuses the first request before its body has come, and says how many bytes the others had. */
async function hastyServer(): Promise<{ url: string; sizes: number[] }> {
  let requests = 0;
  const sizes: number[] = [];
  const url = await serve((request, response) => {
    requests += 1;
    if (requests === 1) {
      request.once('data', () => response.writeHead(503).end('busy'));
      return;
    }
    let size = 0;
    request.on('data', (chunk: Buffer) => (size += chunk.length));
    request.on('end', () => {
      sizes.push(size);
      response.end('ok');
    });
  });
  return { url, sizes };
}

/** The rest comes once the promise is fulfilled; `failsAt` is the chunk that does not come. */
async function* source(goOn: Promise<unknown>, failsAt = Infinity): AsyncGenerator<Buffer> {
  for (let index = 0; index < CHUNKS; index += 1) {
    if (index === 2) await goOn;
    if (index === failsAt) throw new Error('the disk failed');
    yield CHUNK;
  }
}

const readable = (chunks: AsyncIterable<Buffer>): Readable => Readable.from(chunks, { objectMode: false });

/** Retries, with the promise of the first retry; before that is sent, whatever is under way goes on. */
function retrying() {
  const { promise: goOn, resolve } = Promise.withResolvers<void>();
  const beforeRetry = async (): Promise<void> => {
    resolve();
    for (let count = 0; count < TURNS; count += 1) await turn();
  };
  const instance = attached({ baseDelay: 0, replay: { maxBytes: 5000 }, hooks: { beforeRetry } });
  return { instance, goOn };
}

describe('a stream that is still being sent when its attempt is refused', () => {
  it('is sent again whole, however much more of it has come meanwhile', async () => {
    const { sizes, url } = await hastyServer();
    const { goOn, instance } = retrying();
    await instance.put(url, readable(source(goOn)));
    expect(sizes).toEqual([CHUNKS * CHUNK.length]);
  });

  it('and fails in the wait ends the request with its own error', async () => {
    const { sizes, url } = await hastyServer();
    const { goOn, instance } = retrying();
    const error = await failureOf(instance.put(url, readable(source(goOn, 3))));
    expect([error.message, sizes]).toEqual(['the disk failed', []]);
  });
});

describe('a stream that is still being sent when the request has failed', () => {
  it('is sent to its end, as by bare axios, and never cut off as if that were its end', async () => {
    const { promise: whole, resolve } = Promise.withResolvers<number>();
    const url = await serve((request, response) => {
      let size = 0;
      request.on('data', (chunk: Buffer) => (size += chunk.length));
      request.on('end', () => {
        resolve(size);
      });
      // Node would throw the rest away after an answer.
      Object.assign(request, { _dump: () => undefined });
      request.once('data', () => response.writeHead(422).end('no'));
    });
    const { promise: failed, resolve: goOn } = Promise.withResolvers<void>();
    await failureOf(attached().post(url, readable(source(failed))));
    goOn();
    expect(await whole).toBe(CHUNKS * CHUNK.length);
  });
});

describe('a stream that fails before it is read', () => {
  it('in a form ends the request with its error', async () => {
    await using server = await flakyServer(ok);
    const form = new FormDataPackage();
    form.append('file', createReadStream('/no/such/file'));
    expect((await failureOf(attached().post(server.url, form))).code).toBe('ENOENT');
  });

  it('in the queue of a bulkhead ends the request with its error', async () => {
    await using server = await flakyServer(ok);
    const { promise: failed, resolve } = Promise.withResolvers<void>();
    const body = createReadStream('/no/such/file');
    body.once('error', () => {
      resolve();
    });
    const instance = attached({ bulkhead: { maxConcurrent: 1, maxQueue: 1 } });
    const adapter = async (config: object) => {
      await failed;
      return { data: '', status: 200, statusText: '', headers: {}, config: config as never };
    };
    const first = instance.get(server.url, { adapter });
    expect((await failureOf(instance.put(server.url, body))).code).toBe('ENOENT');
    await first;
  });
});
