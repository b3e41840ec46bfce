// Servers that do not keep to HTTP: what they send is written down to the byte. connections.test.ts has those that
// break off.
import { Agent } from 'node:http';
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';

import type { FailureClass } from '@tenax/core';
import { create } from 'axios';
import type { AxiosResponse } from 'axios';
import { describe, expect, it } from 'vitest';

import { ADAPTERS, attached, failureOf, onOldest } from './servers/attached.ts';
import { message, rawServer, whole } from './servers/raw-server.ts';
import type { RawAnswer } from './servers/raw-server.ts';

const ok = message('200 OK', 'ok', 'Connection: close');
const later = message('503 Service Unavailable', 'later', 'Connection: close');
const classesOf = ({ retry }: Pick<AxiosResponse, 'retry'>): (FailureClass | undefined)[] | undefined =>
  retry?.attempts.map(({ failureClass }) => failureClass);

/** Sends the bytes one by one, each in a packet of its own. */
const trickle =
  (words: string): RawAnswer =>
  (socket: Socket) => {
    socket.setNoDelay(true);
    const left = words.split('');
    const next = (): void => {
      const byte = left.shift();
      if (byte === undefined) socket.end();
      else socket.write(byte, () => setImmediate(next));
    };
    next();
  };
/** Sends the beginning and then nothing more, with the connection open. */
const stall =
  (words: string): RawAnswer =>
  (socket: Socket) => {
    socket.write(words);
  };

describe.each(ADAPTERS)('with the %s adapter, a server', (adapter) => {
  it.each<[string, RawAnswer]>([
    ['with what is no HTTP', '<html>hello</html>'],
    ['with bytes that are no text', Buffer.from([0, 1, 2, 255, 254])],
    ['in the words of TLS', Buffer.from([21, 3, 1, 0, 2, 2, 70])],
    ['in a version that there is none of', 'HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['with a status that is no number', message('abc OK', 'ok')],
    ['with a header that is none', 'HTTP/1.1 200 OK\r\nno header\r\n\r\n'],
    ['with a NUL in a header', 'HTTP/1.1 200 OK\r\nX-Own: a\0b\r\n\r\n'],
    ['with a Content-Length that is no number', 'HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok'],
    ['with a negative Content-Length', 'HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok'],
    ['with two Content-Lengths', message('200 OK', 'ok', 'Content-Length: 3')],
    ['with a Content-Length and chunks', message('200 OK', '2\r\nok\r\n', 'Transfer-Encoding: chunked')],
    [
      'with a chunk size that is no number',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n',
    ],
    [
      'with a chunk that is larger than it says',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nok',
    ],
  ])('that answers %s: transport, sent again for a GET, not for a POST', async (_, lie) => {
    await using server = await rawServer(lie, lie, ok);
    const response = await attached({}, { adapter }).get(server.url);
    expect([response.data, classesOf(response)]).toEqual(['ok', ['transport', 'transport', undefined]]);
    await using another = await rawServer(lie, ok);
    const error = await failureOf(attached({}, { adapter }).post(another.url, 'once'));
    expect([error.retry?.reason, another.requests.length]).toEqual(['method_not_idempotent', 1]);
  });

  it("that answers with headers above the client's limit: permanent", async () => {
    const long = message('200 OK', 'ok', `X-Own: ${'a'.repeat(1_000_000)}`);
    await using server = await rawServer(long, ok);
    const error = await failureOf(attached({}, { adapter }).get(server.url));
    expect([error.retry?.reason, server.requests.length]).toEqual(['permanent_failure', 1]);
  });

  it('that says more than its Content-Length: what follows never becomes the next answer', async () => {
    const stale = message('200 OK', 'stale');
    const lie = `${message('503 Service Unavailable', 'later')}${stale}`;
    await using server = await rawServer(lie, whole('200 OK', 'fresh'));
    const response = await attached({}, { adapter }).get(server.url);
    expect(response.data).toBe('fresh');
    expect([server.requests.length, server.connections]).toEqual([2, 2]);
  });

  it.each([
    ['is no gzip', Buffer.from('plain')],
    ['is damaged', gzipSync('text').fill(255, 10, 11)],
    ['ends with damage', Buffer.concat([gzipSync('text').subarray(0, -8), Buffer.alloc(8, 1)])],
  ])('whose gzip %s: sent again', async (_, body) => {
    const head = `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n`;
    const lie = Buffer.concat([Buffer.from(`${head}Connection: close\r\n\r\n`), body]);
    await using server = await rawServer(lie, ok);
    const response = await attached({}, { adapter }).get(server.url);
    expect([response.data, server.requests.length]).toEqual(['ok', 2]);
  });

  it.each<[string, string]>([
    ['before the headers', ''],
    ['within the headers', 'HTTP/1.1 200 OK\r\nContent-'],
    ['after the headers', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n'],
    ['within the body', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npart'],
    ['within a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\npart'],
  ])('that stalls %s: the timeout of axios ends it, and it is sent again', async (_, words) => {
    await using server = await rawServer(stall(words), ok);
    const response = await attached({}, { adapter }).get(server.url, { timeout: 300 });
    expect(response.data).toBe('ok');
    // Its class is that of what axios says: that the time is over, or that the stream has been aborted.
    expect(classesOf(response)?.[0]).toMatch(onOldest ? /^t/u : /^(?:timeout|transport)$/u);
    await using another = await rawServer(stall(words), ok);
    const error = await failureOf(attached({}, { adapter }).post(another.url, 'once', { timeout: 300 }));
    expect([error.retry?.reason, another.requests.length]).toEqual(['method_not_idempotent', 1]);
  });

  it('that stalls within the body: attemptTimeout ends it too, with the connection', async () => {
    let closed: Promise<unknown> | undefined;
    const stalling = (socket: Socket): void => {
      closed = new Promise((resolve) => socket.once('close', resolve));
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npart');
    };
    await using server = await rawServer(stalling, ok);
    const response = await attached({ attemptTimeout: 200 }, { adapter }).get(server.url);
    expect([response.data, classesOf(response)?.[0]]).toEqual(['ok', 'timeout']);
    await closed;
  });

  it('that trickles, byte by byte: one attempt, and the whole of it', async () => {
    await using server = await rawServer(trickle(message('200 OK', 'slow but whole', 'X-Own: 1')));
    const response = await attached({ attemptTimeout: 60_000 }, { adapter }).get(server.url);
    expect([response.data, response.headers['x-own']]).toEqual(['slow but whole', '1']);
    expect(classesOf(response)).toEqual([undefined]);
  });

  it('that trickles a failure, then a success: the failure is read to its end', async () => {
    const slowly = trickle(later);
    await using server = await rawServer(slowly, slowly, ok);
    const response = await attached({}, { adapter }).get(server.url);
    expect([response.data, classesOf(response)]).toEqual(['ok', ['transient', 'transient', undefined]]);
  });

  it('that gives no body at all: an empty success', async () => {
    await using server = await rawServer(later, 'HTTP/1.1 200 OK\r\n\r\n');
    const response = await attached({}, { adapter }).get(server.url);
    expect([response.status, response.data, server.requests.length]).toEqual([200, '', 2]);
  });

  it('that sends early hints first: they are no answer, in no attempt', async () => {
    const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n';
    await using server = await rawServer(`${hints}${later}`, `${hints}${hints}${ok}`);
    const response = await attached({}, { adapter }).get(server.url);
    expect([response.status, response.data, server.requests.length]).toEqual([200, 'ok', 2]);
  });

  it('that gives headers twice: each answer has its own, as bare axios gives them', async () => {
    const twice = ['Set-Cookie: a=1', 'Set-Cookie: b=2', 'X-Own: one', 'X-Own: two', 'Connection: close'];
    const first = message(
      '503 Service Unavailable',
      'later',
      'Set-Cookie: z=0',
      'X-Own: zero',
      ...twice.slice(4),
    );
    await using server = await rawServer(first, message('200 OK', 'ok', ...twice));
    const response = await attached({}, { adapter }).get(server.url);
    const bare = await create({ adapter }).get(server.url);
    expect(response.headers['set-cookie']).toEqual(bare.headers['set-cookie']);
    expect(response.headers['x-own']).toBe('one, two');
  });

  it('that gives two Retry-Afters: no wait is made of them that neither asks for', async () => {
    const twice = message('429 Too Many', '', 'Retry-After: 0', 'Retry-After: 9999999', 'Connection: close');
    await using server = await rawServer(twice, ok);
    const response = await attached({}, { adapter }).get(server.url);
    expect([response.data, server.requests.length]).toEqual(['ok', 2]);
  });
});

describe('a connection that is kept', () => {
  it('and that the server ends as the next attempt arrives: that one is sent again on a new one', async () => {
    const cut = (socket: Socket): void => {
      socket.resetAndDestroy();
    };
    await using server = await rawServer(
      whole('503 Service Unavailable', 'later'),
      cut,
      whole('200 OK', 'ok'),
    );
    const httpAgent = new Agent({ keepAlive: true, maxSockets: 1 });
    const response = await attached().get(server.url, { httpAgent });
    httpAgent.destroy();
    expect([response.data, classesOf(response)]).toEqual(['ok', ['transient', 'transport', undefined]]);
    expect(server.connections).toBe(2);
  });

  it('and on which the server says more than was asked: the next attempt has a new one', async () => {
    const garbage = message('503 Service Unavailable', 'later');
    const talkative = (socket: Socket): void => {
      socket.write(`${garbage}and more`);
    };
    await using server = await rawServer(talkative, whole('200 OK', 'ok'));
    const httpAgent = new Agent({ keepAlive: true, maxSockets: 1 });
    const response = await attached().get(server.url, { httpAgent });
    httpAgent.destroy();
    expect([response.data, server.connections]).toEqual(['ok', 2]);
  });
});
