// undici's other ways to send a request: stream, pipeline and fetch.
import { PassThrough, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';

import { fetch, pipeline, stream } from 'undici';
import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';

import {
  flakyServer,
  ok,
  reset,
  status,
  unavailable,
} from '../../fetch-adapter/test/servers/flaky-server.ts';
import { captureRetryStatistics } from '../src/index.ts';
import {
  classesOf,
  failureOf,
  retryDispatcher,
  retryingAgent,
  statisticsOf,
} from './servers/retrying-agents.ts';

const FORMS = [
  ['the interceptor', retryingAgent],
  ['RetryDispatcher', retryDispatcher],
] as const;

describe.each(FORMS)('stream with %s', (_, open) => {
  const collect = () => {
    const calls: Dispatcher.StreamFactoryData<unknown>[] = [];
    const chunks: Buffer[] = [];
    const factory: Dispatcher.StreamFactory<unknown> = (data) => {
      calls.push(data);
      return new Writable({
        write(chunk: Buffer, _encoding, done) {
          chunks.push(chunk);
          done();
        },
      });
    };
    return { calls, factory, written: () => Buffer.concat(chunks).toString() };
  };

  it('calls its factory once, for the response that is given, with the statistics in its context', async () => {
    await using server = await flakyServer(unavailable, reset, status(200, { 'x-own': 'own' }, 'the answer'));
    await using own = open();
    const { calls, factory, written } = collect();
    await stream<unknown>(server.url, { ...own, method: 'GET', opaque: 'own' }, factory);
    expect(written()).toBe('the answer');
    expect(calls).toMatchObject([{ statusCode: 200, headers: { 'x-own': 'own' }, opaque: 'own' }]);
    expect(classesOf(calls[0]?.context)).toEqual(['transient', 'transport', undefined]);
  });

  it('gives the last response, whole, when attempts run out', async () => {
    await using server = await flakyServer(unavailable);
    await using own = open();
    const { calls, factory, written } = collect();
    await stream(server.url, { ...own, method: 'GET' }, factory);
    expect([calls.map(({ statusCode }) => statusCode), written()]).toEqual([[503], 'later']);
    expect([server.requests.length, statisticsOf(calls[0]?.context).result]).toEqual([3, 'retry_exhausted']);
  });

  it('rejects with the last error when attempts run out', async () => {
    await using server = await flakyServer(reset);
    await using own = open();
    const { calls, factory } = collect();
    const error = await failureOf(stream(server.url, { ...own, method: 'GET' }, factory));
    expect([error.code, calls.length, classesOf(error).length]).toEqual(['ECONNRESET', 0, 3]);
  });

  it('ends with what its factory throws, and sends nothing more', async () => {
    await using server = await flakyServer(unavailable, ok);
    await using own = open();
    const thrown = new Error('no place to write to');
    const ended = stream(server.url, { ...own, method: 'GET' }, () => {
      throw thrown;
    });
    await expect(ended).rejects.toBe(thrown);
    expect(server.requests).toHaveLength(2);
  });

  it('does not retry when the Writable fails', async () => {
    await using server = await flakyServer(unavailable, ok);
    await using own = open();
    const failing = new Writable({
      write(_chunk, _encoding, done) {
        done(new Error('the disk is full'));
      },
    });
    await expect(stream(server.url, { ...own, method: 'GET' }, () => failing)).rejects.toThrow(
      'the disk is full',
    );
    expect(server.requests).toHaveLength(2);
  });
});

describe.each(FORMS)('pipeline with %s', (_, open) => {
  it('sends what was written to it again, and hands on one answer with its statistics', async () => {
    await using server = await flakyServer(unavailable, unavailable, ok);
    await using own = open();
    const seen: Dispatcher.PipelineHandlerData[] = [];
    const duplex = pipeline(server.url, { ...own, method: 'PUT' }, (data) => {
      seen.push(data);
      return data.body;
    });
    duplex.write('first ');
    duplex.end('second');
    expect(await text(duplex)).toBe('first second');
    expect(server.requests.map(({ body }) => body.toString())).toEqual(Array(3).fill('first second'));
    expect(classesOf(seen[0]?.context)).toEqual(['transient', 'transient', undefined]);
    expect(seen).toHaveLength(1);
  });

  it('lets its handler transform the answer', async () => {
    await using server = await flakyServer(unavailable, ok);
    await using own = open();
    const duplex = pipeline(server.url, { ...own, method: 'PUT' }, ({ body }) => {
      const through = new PassThrough();
      body.on('data', (chunk: Buffer) => through.write(chunk.toString().toUpperCase()));
      body.on('end', () => through.end());
      return through;
    });
    duplex.end('quiet');
    expect(await text(duplex)).toBe('QUIET');
  });

  it('fails with the last error when attempts run out', async () => {
    await using server = await flakyServer(reset);
    await using own = open();
    const duplex = pipeline(server.url, { ...own, method: 'PUT' }, ({ body }) => body);
    duplex.end('x');
    expect(await failureOf(text(duplex))).toMatchObject({ code: 'ECONNRESET' });
    expect(server.requests).toHaveLength(3);
  });
});

describe.each(FORMS)('undici.fetch with %s', (_, open) => {
  it('gives one answer, and its statistics to captureRetryStatistics', async () => {
    await using server = await flakyServer(unavailable, reset, ok);
    await using own = open();
    const { statistics, value } = await captureRetryStatistics(async () =>
      (await fetch(server.url, own)).text(),
    );
    expect([value, server.requests.length]).toEqual(['ok', 3]);
    expect(statistics.map(({ attempts, result }) => [attempts.length, result])).toEqual([[3, 'success']]);
  });

  it('sends a body again', async () => {
    await using server = await flakyServer(unavailable, ok);
    await using own = open();
    const response = await fetch(server.url, { ...own, method: 'PUT', body: 'the same' });
    expect([await response.text(), server.requests.length]).toEqual(['the same', 2]);
    expect(server.requests.map(({ headers }) => headers['content-length'])).toEqual(['8', '8']);
  });

  it('gives the last response, whole, when attempts run out', async () => {
    await using server = await flakyServer(unavailable);
    await using own = open();
    const response = await fetch(server.url, own);
    expect([response.status, await response.text(), server.requests.length]).toEqual([503, 'later', 3]);
  });

  it('retries each hop of a redirect for itself', async () => {
    const moved = status(302, { location: '/there' });
    await using server = await flakyServer(unavailable, unavailable, moved, unavailable, unavailable, ok);
    await using own = open();
    const response = await fetch(server.url, own);
    expect([await response.text(), response.redirected]).toEqual(['ok', true]);
    expect(server.requests.map(({ url }) => url)).toEqual(['/', '/', '/', '/there', '/there', '/there']);
  });

  it('rejects as bare undici does when attempts run out', async () => {
    await using server = await flakyServer(reset);
    await using own = open();
    const error = await failureOf(fetch(server.url, own));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.cause).toMatchObject({ code: 'ECONNRESET' });
    expect(server.requests).toHaveLength(3);
  });
});
